"""LiteLLM's proxy: several deployments under one name, and limits of its own."""

from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style, chat


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""

    async def liveliness(http: web.Request) -> web.Response:
        return web.json_response("I'm alive!")

    health: dict[str, Any] = {"status": "healthy", "db": "Not connected"}
    details = health | {"cache": None, "litellm_version": "1.80.0", "success_callbacks": []}

    async def readiness(http: web.Request) -> web.Response:
        return web.json_response(details if engine.does("old") else health)

    async def readiness_details(http: web.Request) -> web.Response:
        if engine.does("old"):
            return await unknown(http)
        return web.json_response(details)

    async def models(http: web.Request) -> web.Response:
        data = [
            {"id": m, "object": "model", "created": 1677610602, "owned_by": "openai"}
            for m in engine.setup.models
        ]
        return web.json_response({"data": data, "object": "list"})

    async def completions(http: web.Request) -> web.StreamResponse:
        return await chat(http, engine, STYLE)

    async def unknown(http: web.Request) -> web.Response:
        return web.json_response({"detail": "Not Found"}, status=404)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        key, public = engine.setup.key, request.path in ("/health/liveliness", "/health/readiness")
        if key and not public and request.headers.get("Authorization") != f"Bearer {key}":
            words = "Authentication Error, Invalid proxy server token passed"
            refusal = {"message": words, "type": "token_not_found_in_db", "param": "key", "code": "401"}
            return web.json_response({"error": refusal}, status=401)
        return await handler(request)

    application = web.Application(middlewares=[guard])
    application.add_routes(
        [
            web.get("/health/liveliness", liveliness),
            web.get("/health/readiness", readiness),
            web.get("/health/readiness/details", readiness_details),
            web.get("/v1/models", models),
            web.post("/v1/chat/completions", completions),
            web.route("*", "/{path:.*}", unknown),
        ]
    )
    return application


def _error(refusal: Refusal) -> tuple[int, Any]:
    kind = "throttling_error" if refusal.status == 429 else "invalid_request_error"
    words = "Max parallel request limit reached" if refusal.status == 429 else str(refusal)
    body = {"message": words, "type": kind, "param": "None", "code": str(refusal.status)}
    return refusal.status, {"error": body}


STYLE = Style(error=_error, broken=lambda words: {"error": {"message": words, "code": "500"}})
