"""llama-cpp-python's server: one request at a time; it answers under whatever name it is asked for."""

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine
from servers.mock_servers.openai_chat import Style, openai_error
from servers.mock_servers.routes import server


def app(engine: MockEngine) -> web.Application:
    """The server's routes, with requests that do not interrupt each other."""
    return server(
        engine,
        STYLE,
        lambda model: {"id": model, "object": "model", "owned_by": "me", "permissions": []},
        {},
        unknown=lambda http: web.json_response({"detail": "Not Found"}, status=404),
    )


STYLE = Style(
    error=openai_error,
    broken=lambda words: {"error": {"message": words, "type": "internal_server_error"}},
    model=lambda engine, asked: asked or engine.setup.models[0],
    role={"role": "assistant"},
    stream_usage=False,
)
