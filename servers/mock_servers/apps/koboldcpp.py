"""KoboldCpp: one model under its own name; paths of Ollama and llama.cpp beside OpenAI's."""

from aiohttp import web

from servers.mock_servers.apps import ollama
from servers.mock_servers.mock_engine import MockEngine
from servers.mock_servers.openai_chat import Style
from servers.mock_servers.routes import server

ANSWERED = "Error: HTTP Server is running, but this endpoint does not exist. Please check the URL."


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""
    first = engine.setup.models[0]
    return server(
        engine,
        STYLE,
        lambda model: {
            "id": _shown(model),
            "object": "model",
            "created": 1,
            "owned_by": "koboldcpp",
            "permission": [],
            "root": "koboldcpp",
        },
        {
            "/api/extra/version": lambda: {"result": "KoboldCpp", "version": "1.122.1", "llm": True},
            "/api/v1/model": lambda: {"result": _shown(first)},
            "/api/extra/perf": lambda: {
                "last_token_count": 0,
                "total_gens": engine.output_tokens,
                "queue": len(engine.waiting),
                "idle": 0 if engine.open else 1,
            },
            "/api/version": lambda: {"version": "0.7.0"},
            "/api/tags": lambda: {"models": [ollama.listed(_shown(first))]},
            "/props": lambda: {
                "default_generation_settings": {"n_ctx": engine.setup.context},
                "total_slots": 1,
            },
        },
        unknown=lambda http: web.Response(text=ANSWERED, status=404),
    )


def _shown(model: str) -> str:
    return f"koboldcpp/{model}"


STYLE = Style(
    error=lambda refusal: (
        503,
        {"detail": {"msg": "Server is busy; please try again later.", "type": "service_unavailable"}},
    ),
    broken=lambda words: {"error": {"message": words}},
    model=lambda engine, asked: engine.setup.models[0],
    role=None,
    answers_as=_shown,
    stream_usage=False,
)
