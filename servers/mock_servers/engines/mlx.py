"""mlx_lm.server: batches what it may batch; a request with a `seed` runs alone and drains the batch."""

import asyncio
from typing import Any

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style, chat
from servers.mock_servers.routes import server

SERVER = {"Server": "BaseHTTP/0.6 Python/3.12.4", "Access-Control-Allow-Origin": "*"}


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""
    alone = asyncio.Lock()

    async def completions(http: web.Request) -> web.StreamResponse:
        body = await http.json()
        async with alone:
            while body.get("seed") is not None and engine.open:
                await asyncio.sleep(0.001)  # the batch drains
            if body.get("seed") is not None:
                return await chat(http, engine, STYLE)
        return await chat(http, engine, STYLE)

    return server(
        engine,
        STYLE,
        lambda model: {"id": model, "object": "model", "created": 0},
        {"/health": lambda: {"status": "ok"}},
        completions=completions,
        unknown=lambda http: web.Response(text="Not Found", status=404, headers=SERVER),
        headers=SERVER,
    )


def _error(refusal: Refusal) -> tuple[int, Any]:
    return refusal.status, {"error": str(refusal)}


def _own(part: str, document: dict[str, Any]) -> dict[str, Any]:
    """Every delta names the role; the usage comes as a whole completion."""
    if part == "usage":
        return document | {"object": "chat.completion"}
    if part in ("token", "end"):
        document["choices"][0]["delta"]["role"] = "assistant"
    return document


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": words},
    head={"system_fingerprint": "0.29.1-0.30.0-mock"},
    reasoning_key="reasoning",
    cached_tokens=True,
    own=_own,
)
