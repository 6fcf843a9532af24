"""Docker Model Runner: llama.cpp behind OpenAI's interface, at the root and below /engines; and Ollama's."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from servers.mock_servers.apps import ollama
from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style, chat
from servers.mock_servers.routes import embed, server

ENGINES = ("/engines", "/engines/llama.cpp")


def app(engine: MockEngine) -> web.Application:
    """The server's routes; a version `old` has OpenAI's paths below /engines only."""

    async def root(http: web.Request) -> web.Response:
        return web.Response(text="Docker Model Runner is running")

    async def chats(http: web.Request) -> web.StreamResponse:
        return await chat(http, engine, STYLE)

    async def embeddings(http: web.Request) -> web.Response:
        return await embed(http, engine, STYLE)

    def refuse(http: web.Request) -> web.Response | None:
        hidden = engine.does("old") and http.path.startswith("/v1/")
        return web.Response(text="404 page not found", status=404) if hidden else None

    def models() -> dict[str, Any]:
        return {"object": "list", "data": [_listed(engine, m) for m in engine.setup.models]}

    return server(
        engine,
        STYLE,
        lambda model: _listed(engine, model),
        {
            **{f"{below}/v1/models": models for below in ENGINES},
            "/engines/ps": lambda: [_running(engine, m) for m in engine.loaded],
            "/engines/status": lambda: {"llama.cpp": "Running: llama.cpp unknown", "vllm": "Not Installed"},
            "/api/version": lambda: {"version": "0.1.0"},
            "/api/tags": lambda: {"models": [ollama.listed(m) for m in engine.setup.models]},
        },
        routes=[
            web.get("/", root),
            *(web.post(f"{below}/v1/chat/completions", chats) for below in ENGINES),
            *(web.post(f"{below}/v1/embeddings", embeddings) for below in ENGINES),
        ],
        refuse=refuse,
        unknown=lambda http: web.Response(text="404 page not found", status=404),
    )


def _listed(engine: MockEngine, model: str) -> dict[str, Any]:
    entry = {"id": f"docker.io/{model}:latest", "object": "model", "created": int(engine.began_s)}
    shown = {"context_window": 8192, "architecture": "llama", "parameters": "134.52M"}
    return entry | {"owned_by": "docker", "dmr": shown | {"quantization": "MOSTLY_Q4_1", "size": "92.10MiB"}}


def _running(engine: MockEngine, model: str) -> dict[str, Any]:
    used = datetime.fromtimestamp(engine.used.get(model, engine.began_s), UTC)
    backend = {"backend_name": "llama.cpp", "model_name": model, "mode": "completion"}
    return backend | {"last_used": used.isoformat().replace("+00:00", "Z")}


def _choose(engine: MockEngine, asked: str) -> str:
    """The model, with or without its registry and tag."""
    name = asked.removeprefix("docker.io/").removesuffix(":latest")
    if name not in engine.setup.models:
        raise Refusal(404, f"error while getting model: get model '\"{asked}\"': model not found")
    return name


STYLE = Style(
    error=lambda refusal: (refusal.status, str(refusal)),
    broken=lambda words: {"error": {"code": 500, "message": words, "type": "server_error"}},
    model=_choose,
    head={"system_fingerprint": "b0-unknown"},
    timings=True,
    cached_tokens=True,
    role={"role": "assistant", "content": None},
    choice={},
    answers_as=lambda model: "/models/bundles/sha256/33ce9e7c/model/model.gguf",
)
