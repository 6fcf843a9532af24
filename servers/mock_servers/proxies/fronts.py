"""What stands in front of servers: llama-swap, which swaps models, and LiteLLM, which has its own queue."""

from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from servers.mock_servers.mock_engine import Desk, Refusal
from servers.mock_servers.openai_chat import Style, chat


def llama_swap(desk: Desk) -> web.Application:
    """One process per model behind one port; by default one model at a time is in memory."""

    async def health(http: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def running(http: web.Request) -> web.Response:
        return web.json_response({"running": [_running(m) for m in desk.loaded]})

    async def version(http: web.Request) -> web.Response:
        return web.json_response({"version": "170", "commit": "abcdef", "build_date": "2026-01-01"})

    async def models(http: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [_listed(desk, m) for m in desk.setup.models]})

    async def props(http: web.Request) -> web.Response:  # passed on to the model named, which it would load
        return web.json_response(_swap_words("no model in request context", "bad_request"), status=400)

    async def completions(http: web.Request) -> web.StreamResponse:
        return await chat(http, desk, SWAP_STYLE)

    made = web.Application()
    made.add_routes(
        [
            web.get("/health", health),
            web.get("/running", running),
            web.get("/props", props),
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

    told: dict[str, Any] = {"status": "healthy", "db": "Not connected"}
    details = told | {"cache": None, "litellm_version": "1.80.0", "success_callbacks": []}

    async def readiness(http: web.Request) -> web.Response:
        return web.json_response(details if desk.does("old") else told)

    async def readiness_details(http: web.Request) -> web.Response:
        if desk.does("old"):
            return await unknown(http)
        return web.json_response(details)

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

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        key, public = desk.setup.key, request.path in ("/health/liveliness", "/health/readiness")
        if key and not public and request.headers.get("Authorization") != f"Bearer {key}":
            words = "Authentication Error, Invalid proxy server token passed"
            refusal = {"message": words, "type": "token_not_found_in_db", "param": "key", "code": "401"}
            return web.json_response({"error": refusal}, status=401)
        return await handler(request)

    made = web.Application(middlewares=[guard])
    made.add_routes(
        [
            web.get("/health/liveliness", liveliness),
            web.get("/health/readiness", readiness),
            web.get("/health/readiness/details", readiness_details),
            web.get("/v1/models", models),
            web.post("/v1/chat/completions", completions),
            web.route("*", "/{path:.*}", unknown),
        ]
    )
    return made


def _running(model: str) -> dict[str, Any]:
    """A process that is not stopped."""
    cmd = f"llama-server --port 5800 -m {model}.gguf"
    told = {"model": model, "state": "ready", "cmd": cmd, "proxy": "http://localhost:5800", "ttl": 0}
    return told | {"name": "", "description": ""}


def _listed(desk: Desk, model: str) -> dict[str, Any]:
    told = {"id": model, "object": "model", "created": int(desk.began_s), "owned_by": "llama-swap"}
    return told | {"status": {"value": "loaded" if model in desk.loaded else "unloaded"}}


def _swap_words(message: str, code: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"src": "llama-swap", "error": {"message": message, "type": kind, "param": None, "code": code}}


def _swap_error(refusal: Refusal) -> tuple[int, Any]:
    if refusal.status == 429:
        return 429, _swap_words("Too many requests", "concurrency_limit", "rate_limit_error")
    return refusal.status, _swap_words("no router found for model", "not_found")


def _litellm_error(refusal: Refusal) -> tuple[int, Any]:
    kind = "throttling_error" if refusal.status == 429 else "invalid_request_error"
    words = "Max parallel request limit reached" if refusal.status == 429 else str(refusal)
    body = {"message": words, "type": kind, "param": "None", "code": str(refusal.status)}
    return refusal.status, {"error": body}


SWAP_STYLE = Style(
    error=_swap_error, broken=lambda words: {"error": {"message": words}}, timings=True, cached_tokens=True
)
LITELLM_STYLE = Style(error=_litellm_error, broken=lambda words: {"error": {"message": words, "code": "500"}})
