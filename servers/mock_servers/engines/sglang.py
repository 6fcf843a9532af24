"""SGLang: OpenAI's interface, the size of its batch, and counters where they are switched on."""

from typing import Any

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style
from servers.mock_servers.routes import server


def app(engine: MockEngine) -> web.Application:
    """The server's routes; a version `old` has its details at another path."""

    async def metrics(http: web.Request) -> web.Response:
        label = f'{{model_name="{engine.setup.models[0]}"}}'
        return web.Response(
            text="# TYPE sglang:generation_tokens_total counter\n"
            f"sglang:generation_tokens_total{label} {float(engine.output_tokens)}\n"
        )

    state = {"effective_max_running_requests_per_dp": engine.setup.slots}
    details = {"version": "0.5.19", "api_key": "never-shown", "internal_states": [state]}
    return server(
        engine,
        STYLE,
        lambda model: {
            "id": model,
            "object": "model",
            "created": int(engine.began_s),
            "owned_by": "sglang",
            "root": model,
            "max_model_len": engine.setup.context,
        },
        {"/get_server_info" if engine.does("old") else "/server_info": lambda: details},
        routes=[web.get("/metrics", metrics)],
        unknown=lambda http: web.json_response({"detail": "Not Found"}, status=404),
    )


def _error(refusal: Refusal) -> tuple[int, Any]:
    body = {"object": "error", "message": str(refusal), "type": str(refusal.status), "code": refusal.status}
    return refusal.status, body


STYLE = Style(error=_error, broken=lambda words: {"error": {"message": words, "code": 500}})
