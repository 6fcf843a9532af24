"""LocalAI: models loaded on demand, each in a process of its own."""

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine
from servers.mock_servers.openai_chat import Style, openai_error
from servers.mock_servers.routes import server


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""
    return server(
        engine,
        STYLE,
        lambda model: {"id": model, "object": "model"},
        {
            "/system": lambda: {
                "backends": ["llama-cpp"],
                "loaded_models": [{"id": m} for m in engine.loaded],
            },
            "/version": lambda: {"version": "v3.9.0 (mock)"},
        },
        unknown=lambda http: web.json_response(
            {"error": {"code": 404, "message": "Resource not found", "type": ""}}, status=404
        ),
    )


STYLE = Style(error=openai_error, broken=lambda words: {"error": {"message": words, "code": 500}})
