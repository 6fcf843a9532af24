"""llama-swap: one process per model behind one port; by default one model at a time is in memory."""

import asyncio
from dataclasses import replace
from typing import Any

from aiohttp import web

from servers.mock_servers.engines.llamacpp import slot
from servers.mock_servers.mock_engine import MockEngine, Refusal, Served
from servers.mock_servers.openai_chat import Style, sse
from servers.mock_servers.routes import server

LOADING_EVERY_S = 0.75
RULE = "\u2501" * 5


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""

    async def health(http: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def props(http: web.Request) -> web.Response:  # passed on to the model named, which it would load
        return web.json_response(_error_body("no model in request context", "bad_request"), status=400)

    async def upstream_slots(http: web.Request) -> web.Response:
        await engine.bring(http.match_info["model"])  # a GET, and yet it loads
        return web.json_response([slot(engine, i) for i in range(engine.setup.slots)])

    return server(
        engine,
        replace(STYLE, role_at_once=False, before=_say_loading) if engine.does("says-loading") else STYLE,
        lambda model: _listed(engine, model),
        {
            "/running": lambda: {"running": [_running(m) for m in engine.loaded]},
            "/api/version": lambda: {"version": "170", "commit": "abcdef", "build_date": "2026-01-01"},
        },
        routes=[
            web.get("/health", health),
            web.get("/props", props),
            web.get("/upstream/{model}/slots", upstream_slots),
        ],
    )


async def _say_loading(engine: MockEngine, served: Served, reply: web.StreamResponse) -> None:
    """Its `sendLoadingState`: reasoning that names no completion, at once and every 0.75 s."""
    model = served.ask.model
    if model in engine.loaded:
        return
    for text in (RULE, "\n", "llama-swap loading model: ", model, "\n"):
        await reply.write(_loading(text))
    began_s = last_s = engine.now_s
    while model not in engine.loaded:
        await asyncio.sleep(0.001)
        if engine.now_s - last_s >= LOADING_EVERY_S:
            last_s = engine.now_s
            await reply.write(_loading("."))
    await reply.write(_loading(f"\nDone! ({engine.now_s - began_s:.2f}s)\n{RULE}\n \n"))


def _loading(text: str) -> bytes:
    return sse({"choices": [{"delta": {"reasoning_content": text}}]})


def _running(model: str) -> dict[str, Any]:
    """A process that is not stopped."""
    cmd = f"llama-server --port 5800 -m {model}.gguf"
    process = {"model": model, "state": "ready", "cmd": cmd, "proxy": "http://localhost:5800", "ttl": 0}
    return process | {"name": "", "description": ""}


def _listed(engine: MockEngine, model: str) -> dict[str, Any]:
    entry = {"id": model, "object": "model", "created": int(engine.began_s), "owned_by": "llama-swap"}
    entry["meta"] = {"llamaswap": {"type": "model"}}
    return entry | {"status": {"value": "loaded" if model in engine.loaded else "unloaded"}}


def _error_body(message: str, code: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"src": "llama-swap", "error": {"message": message, "type": kind, "param": None, "code": code}}


def _error(refusal: Refusal) -> tuple[int, Any]:
    if refusal.status == 429:
        return 429, _error_body("Too many requests", "concurrency_limit", "rate_limit_error")
    return refusal.status, _error_body("no router for requested model", "not_found")


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": {"message": words}},
    timings=True,
    cached_tokens=True,
    head={"system_fingerprint": "b0-unknown"},
    role={"role": "assistant", "content": None},
    choice={},
    answers_as=lambda model: f"/models/{model}.gguf",  # of llama-server behind it, without --alias
)
