"""TabbyAPI: the list is what it has on disk; `/v1/model` is what it has in memory."""

from typing import Any

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style
from servers.mock_servers.routes import server


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""

    async def current(http: web.Request) -> web.Response:
        if not engine.loaded:
            return web.json_response({"detail": "No models are currently loaded."}, status=400)
        shown = {"max_seq_len": engine.setup.context, "cache_size": engine.setup.context}
        return web.json_response(_listed(engine, engine.loaded[0]) | {"parameters": shown})

    return server(
        engine,
        STYLE,
        lambda model: _listed(engine, model),
        {"/health": lambda: {"status": "healthy"}},
        routes=[web.get("/v1/model", current)],
        unknown=lambda http: web.json_response({"detail": "Not Found"}, status=404),
    )


def _listed(engine: MockEngine, model: str) -> dict[str, Any]:
    entry = {"id": model, "object": "model", "created": int(engine.began_s), "owned_by": "tabbyAPI"}
    return entry | {"logging": None, "parameters": None}


def _error(refusal: Refusal) -> tuple[int, Any]:
    return refusal.status, {"detail": str(refusal)}


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": {"message": words, "trace": ""}},
    model=lambda engine, asked: engine.setup.models[0],
)
