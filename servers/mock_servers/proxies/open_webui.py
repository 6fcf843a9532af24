"""Open WebUI before Ollama: a page at every path that it does not have, its interface below /api."""

from typing import Any

from aiohttp import web

from servers.mock_servers.apps import ollama
from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style, chat
from servers.mock_servers.routes import embed, lacks_key, server

PAGE = '<!doctype html>\n<html lang="en">\n<head><title>Open WebUI</title></head>\n</html>\n'
OPEN = ("/api/config", "/api/version", "/health")  # without a token
CONFIG = {"status": True, "name": "Open WebUI", "version": "0.12.4", "features": {"auth": False}}


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""

    async def chats(http: web.Request) -> web.StreamResponse:
        return await chat(http, engine, STYLE)

    async def embeddings(http: web.Request) -> web.Response:
        return await embed(http, engine, STYLE)

    def page(http: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    def refuse(http: web.Request) -> web.Response | None:
        if http.path.startswith("/v1/"):
            return page(http)
        if not http.path.startswith("/api/") or http.path in OPEN or not lacks_key(engine, http):
            return None
        return web.json_response({"detail": "Not authenticated"}, status=401)

    def models() -> dict[str, Any]:
        return {"data": [_listed(m) for m in engine.setup.models]}

    return server(
        engine,
        STYLE,
        _listed,
        {
            "/api/config": lambda: CONFIG,
            "/api/version": lambda: {"version": "0.12.4", "deployment_id": ""},
            "/health": lambda: {"status": True},
            "/api/models": models,
            "/api/v1/models": models,
        },
        routes=[web.post("/api/chat/completions", chats), web.post("/api/embeddings", embeddings)],
        refuse=refuse,
        unknown=page,
    )


def _listed(model: str) -> dict[str, Any]:
    of_ollama = ollama.listed(model) | {"connection_type": "local", "urls": [0]}
    entry = {"id": model, "name": model, "object": "model", "created": 0, "owned_by": "ollama"}
    entry |= {"ollama": of_ollama, "loaded": False, "connection_type": "local"}
    return entry | {"tags": [], "actions": [], "filters": []}


def _error(refusal: Refusal) -> tuple[int, Any]:
    return (
        (400, {"detail": "Model not found"})
        if refusal.status == 404
        else (refusal.status, {"detail": str(refusal)})
    )


def _own(part: str, document: dict[str, Any]) -> dict[str, Any]:
    """Ollama's counts and durations under names of three interfaces."""
    if part != "end":
        return document
    usage = document["usage"]
    read, written = usage["prompt_tokens"], usage["completion_tokens"]
    none = dict.fromkeys(("reasoning_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"), 0)
    usage |= {"input_tokens": read, "output_tokens": written, "completion_tokens_details": none}
    usage |= {"prompt_eval_count": read, "eval_count": written, "approximate_total": "0h0m1s"}
    durations = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
    usage |= dict.fromkeys(("response_token/s", "prompt_token/s", *durations), 1)
    return document


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": {"detail": words}},
    role=None,
    usage_ends=True,
    own=_own,
)
