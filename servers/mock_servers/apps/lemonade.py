"""Lemonade: llama-server per model behind one port, at the root and below /api; and Ollama's interface."""

from typing import Any

from aiohttp import web

from servers.mock_servers.apps import ollama
from servers.mock_servers.mock_engine import MockEngine
from servers.mock_servers.openai_chat import Style, chat, openai_error
from servers.mock_servers.routes import embed, server

PREFIXES = ("/api/v1", "/api/v0")


def app(engine: MockEngine) -> web.Application:
    """The server's routes; a version `old` has them below /api only."""

    async def chats(http: web.Request) -> web.StreamResponse:
        return await chat(http, engine, STYLE)

    async def embeddings(http: web.Request) -> web.Response:
        return await embed(http, engine, STYLE)

    def refuse(http: web.Request) -> web.Response | None:
        hidden = engine.does("old") and http.path.startswith("/v1/")
        return web.Response(text="Not Found", status=404) if hidden else None

    def models() -> dict[str, Any]:
        return {"object": "list", "data": [_listed(m) for m in engine.setup.models]}

    def health() -> dict[str, Any]:
        loaded = [_loaded(engine, m) for m in engine.loaded]
        shown = {
            "status": "ok",
            "version": "10.8.0",
            "model_loaded": engine.loaded[-1] if engine.loaded else None,
        }
        return shown | {"all_models_loaded": loaded, "max_models": {"llm": 1}}

    return server(
        engine,
        STYLE,
        _listed,
        {
            "/v1/health": health,
            **{f"{prefix}/health": health for prefix in PREFIXES},
            **{f"{prefix}/models": models for prefix in PREFIXES},
            "/api/version": lambda: {"version": "0.16.1"},
            "/api/tags": lambda: {"models": [ollama.listed(m) for m in engine.setup.models]},
        },
        routes=[
            *(web.post(f"{prefix}/chat/completions", chats) for prefix in PREFIXES),
            *(web.post(f"{prefix}/embeddings", embeddings) for prefix in PREFIXES),
        ],
        refuse=refuse,
        unknown=lambda http: web.Response(text="Not Found", status=404),
    )


def _listed(model: str) -> dict[str, Any]:
    entry = {"id": model, "object": "model", "owned_by": "lemonade", "created": 1744226681}
    return entry | {"checkpoint": f"acme/{model}:Q4_0", "recipe": "llamacpp", "downloaded": True}


def _loaded(engine: MockEngine, model: str) -> dict[str, Any]:
    arguments = f"-np {engine.setup.slots}" if engine.setup.slots > 1 else ""
    return {
        "model_name": model,
        "checkpoint": f"acme/{model}:Q4_0",
        "last_use": engine.used.get(model, engine.began_s),
        "type": "llm",
        "device": "gpu",
        "recipe": "llamacpp",
        "recipe_options": {"ctx_size": engine.setup.context, "llamacpp_args": arguments},
        "backend_url": "http://127.0.0.1:8001/v1",
    }


STYLE = Style(
    error=openai_error,
    broken=lambda words: {"error": {"message": words, "type": "server_error"}},
    timings=True,
    choice={},
)
