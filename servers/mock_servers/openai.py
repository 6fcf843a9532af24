"""A server that speaks OpenAI's chat completions and nothing else."""

from aiohttp import web
from aiohttp.typedefs import Handler

from servers.mock_servers.mock_engine import Desk
from servers.mock_servers.openai_chat import Style, chat, openai_error


def app(desk: Desk) -> web.Application:
    """The server's routes."""

    async def models(http: web.Request) -> web.Response:
        data = [{"id": m, "object": "model", "created": 0, "owned_by": "owner"} for m in desk.setup.models]
        return web.json_response({"object": "list", "data": data})

    async def completions(http: web.Request) -> web.StreamResponse:
        return await chat(http, desk, STYLE)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        key = desk.setup.key
        if key and request.headers.get("Authorization") != f"Bearer {key}":
            words = "Incorrect API key provided"
            refusal = {"message": words, "type": "invalid_request_error", "param": None}
            return web.json_response({"error": refusal | {"code": "invalid_api_key"}}, status=401)
        return await handler(request)

    made = web.Application(middlewares=[guard])
    made.add_routes([web.get("/v1/models", models), web.post("/v1/chat/completions", completions)])
    return made


STYLE = Style(error=openai_error, broken=lambda words: {"error": {"message": words, "type": "server_error"}})
