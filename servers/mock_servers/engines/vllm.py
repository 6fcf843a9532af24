"""vLLM: OpenAI's interface, a bare /health, and counters of who runs and who waits."""

from typing import Any

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style
from servers.mock_servers.routes import lacks_key, server


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""

    async def health(http: web.Request) -> web.Response:
        return web.Response()

    async def metrics(http: web.Request) -> web.Response:
        return web.Response(text=_metrics(engine), content_type="text/plain")

    def refuse(request: web.Request) -> web.Response | None:
        if request.path.startswith("/v1") and lacks_key(engine, request):
            return web.json_response({"error": "Unauthorized"}, status=401)
        return None

    return server(
        engine,
        STYLE,
        lambda model: _model(engine, model),
        {"/version": lambda: {"version": "0.11.0"}},
        routes=[web.get("/health", health), web.get("/metrics", metrics)],
        refuse=refuse,
        unknown=lambda http: web.json_response({"detail": "Not Found"}, status=404),
    )


def _model(engine: MockEngine, model: str) -> dict[str, Any]:
    return {
        "id": model,
        "object": "model",
        "created": 0,
        "owned_by": "vllm",
        "root": model,
        "parent": None,
        "max_model_len": engine.setup.context,
        "permission": [],
    }


def _metrics(engine: MockEngine) -> str:
    label = f'{{engine="0",model_name="{engine.setup.models[0]}"}}'
    values = {
        "num_requests_running": float(len(engine.running)),
        "num_requests_waiting": float(len(engine.waiting)),
        "kv_cache_usage_perc": 0.0,
        "prompt_tokens_total": float(engine.prompt_tokens),
        "generation_tokens_total": float(engine.output_tokens),
    }
    return "".join(
        f"# HELP vllm:{name} a counter.\n# TYPE vllm:{name} gauge\nvllm:{name}{label} {value}\n"
        for name, value in values.items()
    )


def _error(refusal: Refusal) -> tuple[int, Any]:
    kind = "NotFoundError" if refusal.status == 404 else "BadRequestError"
    body = {"message": str(refusal), "type": kind, "param": None, "code": refusal.status}
    return refusal.status, {"error": body}


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": {"message": words, "type": "InternalServerError", "code": 500}},
    done_after_error=True,
)
