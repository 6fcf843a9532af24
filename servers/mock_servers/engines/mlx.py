"""mlx_lm.server: batches what it may batch; a request with a `seed` runs alone and drains the batch."""

import asyncio
from typing import Any

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style, chat

SERVER = {"Server": "BaseHTTP/0.6 Python/3.12.4", "Access-Control-Allow-Origin": "*"}


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""
    alone = asyncio.Lock()

    async def health(http: web.Request) -> web.Response:
        return web.json_response({"status": "ok"}, headers=SERVER)

    async def models(http: web.Request) -> web.Response:
        data = [{"id": m, "object": "model", "created": 0} for m in engine.setup.models]
        return web.json_response({"object": "list", "data": data}, headers=SERVER)

    async def completions(http: web.Request) -> web.StreamResponse:
        body = await http.json()
        async with alone:
            while body.get("seed") is not None and engine.open:
                await asyncio.sleep(0.001)  # the batch drains
            if body.get("seed") is not None:
                return await chat(http, engine, STYLE)
        return await chat(http, engine, STYLE)

    async def unknown(http: web.Request) -> web.Response:
        return web.Response(text="Not Found", status=404, headers=SERVER)

    application = web.Application()
    application.add_routes(
        [
            web.get("/health", health),
            web.get("/v1/models", models),
            web.post("/v1/chat/completions", completions),
            web.route("*", "/{path:.*}", unknown),
        ]
    )
    return application


def _error(refusal: Refusal) -> tuple[int, Any]:
    return refusal.status, {"error": str(refusal)}


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": words},
    head={"system_fingerprint": "0.29.1-0.30.0-mock"},
    reasoning_key="reasoning",
    cached_tokens=True,
)
