"""What stands in front of servers: llama-swap, which swaps models, and LiteLLM, which has its own queue."""

from typing import Any

from aiohttp import web

from servers.standins.desk import Desk, Refusal
from servers.standins.openai_chat import Style, chat


def llama_swap(desk: Desk) -> web.Application:
    """One process per model behind one port; by default one model at a time is in memory."""

    async def health(http: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def running(http: web.Request) -> web.Response:
        return web.json_response({"running": [{"model": m, "state": "ready"} for m in desk.loaded]})

    async def version(http: web.Request) -> web.Response:
        return web.json_response({"version": "170", "commit": "abcdef", "build_date": "2026-01-01"})

    async def models(http: web.Request) -> web.Response:
        data = [
            {"id": m, "object": "model", "created": 0, "owned_by": "llama-swap"} for m in desk.setup.models
        ]
        return web.json_response({"object": "list", "data": data})

    async def completions(http: web.Request) -> web.StreamResponse:
        return await chat(http, desk, SWAP_STYLE)

    made = web.Application()
    made.add_routes(
        [
            web.get("/health", health),
            web.get("/running", running),
            web.get("/api/version", version),
            web.get("/v1/models", models),
            web.post("/v1/chat/completions", completions),
        ]
    )
    return made


def litellm(desk: Desk) -> web.Application:
    """A proxy with several deployments under one name, and limits of its own."""

    async def liveliness(http: web.Request) -> web.Response:
        return web.json_response("I'm alive!")

    async def readiness(http: web.Request) -> web.Response:
        body = {"status": "healthy", "db": "Not connected", "cache": None, "litellm_version": "1.80.0"}
        return web.json_response(body)

    async def models(http: web.Request) -> web.Response:
        data = [
            {"id": m, "object": "model", "created": 1677610602, "owned_by": "openai"}
            for m in desk.setup.models
        ]
        return web.json_response({"data": data, "object": "list"})

    async def completions(http: web.Request) -> web.StreamResponse:
        return await chat(http, desk, LITELLM_STYLE)

    async def unknown(http: web.Request) -> web.Response:
        return web.json_response({"detail": "Not Found"}, status=404)

    made = web.Application()
    made.add_routes(
        [
            web.get("/health/liveliness", liveliness),
            web.get("/health/readiness", readiness),
            web.get("/v1/models", models),
            web.post("/v1/chat/completions", completions),
            web.route("*", "/{path:.*}", unknown),
        ]
    )
    return made


def _swap_error(refusal: Refusal) -> tuple[int, Any]:
    if refusal.status == 429:
        return 429, "Too many requests"
    return refusal.status, {"error": f"could not find real modelID for {refusal}"}


def _litellm_error(refusal: Refusal) -> tuple[int, Any]:
    kind = "throttling_error" if refusal.status == 429 else "invalid_request_error"
    words = "Max parallel request limit reached" if refusal.status == 429 else str(refusal)
    body = {"message": words, "type": kind, "param": "None", "code": str(refusal.status)}
    return refusal.status, {"error": body}


SWAP_STYLE = Style(
    error=_swap_error, broken=lambda words: {"error": {"message": words}}, timings=True, cached_tokens=0
)
LITELLM_STYLE = Style(error=_litellm_error, broken=lambda words: {"error": {"message": words, "code": "500"}})
