"""vLLM: OpenAI's interface, a bare /health, and counters of who runs and who waits."""

from typing import Any

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style
from servers.mock_servers.routes import lacks_key, server

PERMISSION = {
    "id": "modelperm-a20cca7b6bf82e44",
    "object": "model_permission",
    "created": 0,
    **dict.fromkeys(
        ("allow_create_engine", "allow_search_indices", "allow_fine_tuning", "is_blocking"), False
    ),
    **dict.fromkeys(("allow_sampling", "allow_logprobs", "allow_view"), True),
    "organization": "*",
    "group": None,
}
FINGERPRINT = {"system_fingerprint": "vllm-0.32.0-4462fc4b"}
PROMPT = dict.fromkeys(("prompt_token_ids", "prompt_text"))
WHOLE = dict.fromkeys(
    ("prompt_logprobs", "kv_transfer_params", "ec_transfer_params", "metrics", "service_tier")
)
MESSAGE = dict.fromkeys(("refusal", "annotations", "audio", "function_call", "reasoning"))
DETAILS = dict.fromkeys(("prompt_tokens_details", "completion_tokens_details"))


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
        "permission": [PERMISSION],
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
    param = "model" if refusal.status == 404 else None
    body = {"message": str(refusal), "type": kind, "param": param, "code": refusal.status}
    return refusal.status, {"error": body}


def _own(part: str, document: dict[str, Any]) -> dict[str, Any]:
    """vLLM's further fields, of version 0.32."""
    if part == "usage":
        return document | FINGERPRINT
    if part == "role":
        return document | PROMPT
    [choice] = document["choices"]
    choice |= {"token_ids": None} | ({} if part == "token" else {"stop_reason": None})
    if part != "whole":
        return document
    choice |= {"routed_experts": None, "message": choice["message"] | MESSAGE}
    return document | FINGERPRINT | PROMPT | WHOLE | {"usage": document["usage"] | DETAILS}


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": {"message": words, "type": "InternalServerError", "code": 500}},
    done_after_error=True,
    end_with_token=True,
    own=_own,
)
