"""A server that speaks OpenAI's chat completions and nothing else."""

from typing import Any

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine
from servers.mock_servers.openai_chat import Style, openai_error
from servers.mock_servers.routes import lacks_key, server


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""

    def refuse(request: web.Request) -> web.Response | None:
        if not lacks_key(engine, request):
            return None
        words = "Incorrect API key provided"
        refusal = {"message": words, "type": "invalid_request_error", "param": None}
        return web.json_response({"error": refusal | {"code": "invalid_api_key"}}, status=401)

    return server(engine, STYLE, _listed, {}, refuse=refuse)


def _listed(model: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": 0, "owned_by": "owner"}


STYLE = Style(error=openai_error, broken=lambda words: {"error": {"message": words, "type": "server_error"}})
