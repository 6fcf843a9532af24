"""mlx_lm.server: batches what it may batch; a request with a `seed` runs alone and drains the batch.

Made with the web server of Python's standard library: HTTP/1.0, and every connection closes after its answer.
"""

import asyncio
from typing import Any

from aiohttp import HttpVersion10, web
from aiohttp.typedefs import Handler

from servers.mock_servers.mock_engine import MockEngine, Refusal, Served
from servers.mock_servers.openai_chat import Style, chat
from servers.mock_servers.routes import server

SERVER = {"Server": "BaseHTTP/0.6 Python/3.12.4", "Access-Control-Allow-Origin": "*"}
STEPS = 3  # in which it reads a prompt; it says so after each


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

    application = server(
        engine,
        STYLE,
        lambda model: {"id": model, "object": "model", "created": 0},
        {"/health": lambda: {"status": "ok"}},
        completions=completions,
        refuse=lambda http: _no_cache() if engine.does("empty") and http.path == "/v1/models" else None,
        unknown=lambda http: web.Response(text="Not Found", status=404, headers=SERVER),
        headers=SERVER,
    )
    application.middlewares.insert(0, _http_1_0)
    application.on_response_prepare.append(_closing)
    return application


def _no_cache() -> web.Response:
    """Its handler fails after the headers where there is no cache folder."""
    return web.Response(body=b"", content_type="application/json")


@web.middleware
async def _http_1_0(request: web.Request, handler: Handler) -> web.StreamResponse:
    request._version = HttpVersion10
    return await handler(request)


async def _closing(request: web.Request, reply: web.StreamResponse) -> None:
    reply.force_close()
    reply.headers.update(SERVER)


async def _keep_alive(engine: MockEngine, served: Served, reply: web.StreamResponse) -> None:
    """Comments while it reads: how much of the prompt is done."""
    total = served.ask.prompt_tokens
    while served.request is None or served.request.admission_s is None:
        await asyncio.sleep(0.001)
    reading_s = engine.setup.ttft_s * (1 - served.cached_tokens / total)
    for step in range(1, STEPS + 1):
        await asyncio.sleep(reading_s / (STEPS + 1))
        await reply.write(f": keepalive {total * step // STEPS}/{total}\n\n".encode())


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
    role=None,
    choice={},
    before=_keep_alive,
    error=_error,
    broken=lambda words: {"error": words},
    head={"system_fingerprint": "0.29.1-0.30.0-mock"},
    reasoning_key="reasoning",
    cached_tokens=True,
    own=_own,
)
