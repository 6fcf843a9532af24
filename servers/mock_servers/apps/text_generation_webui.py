"""text-generation-webui: whatever is asked for, the loaded model answers."""

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine
from servers.mock_servers.openai_chat import Style, openai_error
from servers.mock_servers.routes import server


def app(engine: MockEngine) -> web.Application:
    """The server's routes. Its list of models holds names of OpenAI's, as older versions have it."""

    def info() -> dict[str, object]:
        name = engine.loaded[0] if engine.loaded else "None"
        return {"model_name": name, "lora_names": [], "loader": "llama.cpp"}

    return server(
        engine,
        STYLE,
        lambda model: {"id": "gpt-3.5-turbo", "object": "model", "created": 0, "owned_by": "user"},
        {"/v1/internal/model/info": info, "/v1/internal/health": lambda: {"status": "ok"}},
        unknown=lambda http: web.json_response({"detail": "Not Found"}, status=404),
    )


STYLE = Style(
    error=openai_error,
    broken=lambda words: {"error": {"message": words, "type": "server_error", "param": None, "code": None}},
    model=lambda engine, asked: engine.setup.models[0],
    choice={},
)
