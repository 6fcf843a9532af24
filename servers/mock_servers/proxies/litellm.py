"""LiteLLM's proxy: several deployments under one name, and limits of its own."""

from typing import Any

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style
from servers.mock_servers.routes import lacks_key, server


def app(engine: MockEngine) -> web.Application:
    """The server's routes. Older versions show theirs without a key."""
    health: dict[str, Any] = {"status": "healthy", "db": "Not connected"}
    details = health | {"cache": None, "litellm_version": "1.80.0", "success_callbacks": []}
    old = engine.does("old")

    def refuse(request: web.Request) -> web.Response | None:
        if request.path in ("/health/liveliness", "/health/readiness") or not lacks_key(engine, request):
            return None
        words = "Authentication Error, Invalid proxy server token passed"
        refusal = {"message": words, "type": "token_not_found_in_db", "param": "key", "code": "401"}
        return web.json_response({"error": refusal}, status=401)

    return server(
        engine,
        STYLE,
        lambda model: {"id": model, "object": "model", "created": 1677610602, "owned_by": "openai"},
        {
            "/health/liveliness": lambda: "I'm alive!",
            "/health/readiness": lambda: details if old else health,
            **({} if old else {"/health/readiness/details": lambda: details}),
        },
        refuse=refuse,
        unknown=lambda http: web.json_response({"detail": "Not Found"}, status=404),
    )


def _error(refusal: Refusal) -> tuple[int, Any]:
    if refusal.status == 429:
        words, kind, param, status = "Max parallel request limit reached", "throttling_error", "None", 429
        return status, {"error": {"message": words, "type": kind, "param": param, "code": str(status)}}
    words = f"/chat/completions: {refusal}. Call `/v1/models` to view available models for your key."
    body = {"message": words, "type": "invalid_request_error", "param": None, "code": "400"}
    return 400, {"error": body | {"provider_specific_fields": {"error": words}}}


def _own(part: str, document: dict[str, Any]) -> dict[str, Any]:
    """Usage with an empty choice beside it, and details of it."""
    if part != "usage":
        return document
    usage = document["usage"]
    details = {"reasoning_tokens": 0, "text_tokens": usage["completion_tokens"]}
    return document | {
        "choices": [{"index": 0, "delta": {}}],
        "usage": usage | {"completion_tokens_details": details},
    }


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": {"message": words, "code": "500"}},
    role=None,
    choice={},
    finish_key=False,
    headers={"x-litellm-model-api-base": "http://127.0.0.1:11434"},
    own=_own,
)
