"""`transformers serve`: no [DONE], strict about fields, answers with the revision in the model's name."""

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import PLAIN_FIELDS, Style, chat
from servers.mock_servers.routes import server

KNOWN = PLAIN_FIELDS | {"stream_options", "seed", "tools", "tool_choice", "response_format"}


def app(engine: MockEngine) -> web.Application:
    """The server's routes, as it is started with one model."""

    async def completions(http: web.Request) -> web.StreamResponse:
        odd = set(await http.json()) - KNOWN
        if odd:
            words = f"Unexpected fields in the request: {odd}"
            return web.json_response({"detail": words}, status=422)
        return await chat(http, engine, STYLE)

    return server(
        engine,
        STYLE,
        lambda model: {
            "owned_by": model.partition("/")[0],
            "id": model,
            "object": "model",
            "created": engine.began_s,
        },
        {"/health": lambda: {"status": "ok"}},
        completions=completions,
        headers={"x-request-id": "7"},
        unknown=lambda http: web.json_response({"detail": "Not Found"}, status=404),
    )


def _choose(engine: MockEngine, asked: str) -> str:
    if asked not in engine.setup.models:
        pinned = engine.setup.models[0]
        raise Refusal(400, f"Server is pinned to '{pinned}'; requested '{asked}'.")
    return asked


STYLE = Style(
    error=lambda refusal: (refusal.status, {"detail": str(refusal)}),
    broken=lambda words: {"error": words},
    model=_choose,
    role={"role": "assistant"},
    choice={},
    finish_key=False,
    usage_ends=True,
    done=False,
    own=lambda part, document: document if part == "whole" else document | {"system_fingerprint": ""},
    answers_as=lambda model: f"{model}@main",
)
