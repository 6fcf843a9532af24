"""llama-server as it answers beside a chat: loading, slots, counters, and the router of many models."""

from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from servers.mock_servers.mock_engine import Desk, Refusal
from servers.mock_servers.openai_chat import Style, chat, known_model

BUILD = "b7500-standin"
SERVER = {"Server": "llama.cpp"}
NOT_READY = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}


def app(desk: Desk) -> web.Application:
    """The server's routes."""

    async def health(http: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def props(http: web.Request) -> web.Response:
        if desk.does("router") and "model" not in http.query:
            settings = {"params": None, "n_ctx": 0}
            body = {"role": "router", "max_instances": 4, "models_autoload": True, "build_info": BUILD}
            return web.json_response(body | {"default_generation_settings": settings, "total_slots": 0})
        if desk.does("router") and http.query["model"] not in desk.loaded:
            if http.query.get("autoload") == "false":
                return web.json_response(_error(Refusal(400, "model is not loaded"))[1], status=400)
            desk.loaded.append(http.query["model"])  # a GET, and yet it loads
        return web.json_response(_props(desk))

    async def slots(http: web.Request) -> web.Response:
        if desk.does("hidden"):
            return web.json_response(
                _error(Refusal(501, "This server does not support slots endpoint."))[1], status=501
            )
        if http.query.get("fail_on_no_slot") and len(desk.running) >= desk.setup.slots:
            return web.json_response(_error(Refusal(503, "no slot available"))[1], status=503)
        return web.json_response([_slot(desk, i) for i in range(desk.setup.slots)])

    async def metrics(http: web.Request) -> web.Response:
        if desk.does("hidden"):
            return web.json_response(
                _error(Refusal(501, "This server does not support metrics endpoint."))[1], status=501
            )
        return web.Response(text=_metrics(desk), content_type="text/plain")

    async def models(http: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [_model(desk, m) for m in desk.setup.models]})

    async def completions(http: web.Request) -> web.StreamResponse:
        return await chat(http, desk, STYLE)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if desk.does("loading") and request.path not in (
            "/models",
            "/v1/models",
        ):  # its list is there at once
            return web.json_response(NOT_READY, status=503, headers=SERVER)
        key, public = desk.setup.key, request.path in ("/health", "/v1/health", "/models", "/v1/models")
        if key and not public and request.headers.get("Authorization") != f"Bearer {key}":
            refusal = {"message": "Invalid API Key", "type": "authentication_error", "code": 401}
            return web.json_response({"error": refusal}, status=401, headers=SERVER)
        if desk.does("router") and request.path in ("/slots", "/metrics") and "model" not in request.query:
            words = "model name is missing from the request"
            return web.json_response(_error(Refusal(400, words))[1], status=400, headers=SERVER)
        return await handler(request)

    made = web.Application(middlewares=[guard])
    made.add_routes(
        [
            web.get("/health", health),
            web.get("/props", props),
            web.get("/slots", slots),
            web.get("/metrics", metrics),
            web.get("/models", models),
            web.get("/v1/models", models),
            web.post("/v1/chat/completions", completions),
        ]
    )
    return made


def _props(desk: Desk) -> dict[str, Any]:
    return {
        "default_generation_settings": {"id": 0, "n_ctx": desk.setup.context, "params": {}},
        "total_slots": desk.setup.slots,
        "model_path": f"/models/{desk.setup.models[0]}.gguf",
        "modalities": {"vision": False, "audio": False},
        "build_info": BUILD,
        "is_sleeping": False,
    }


def _slot(desk: Desk, number: int) -> dict[str, Any]:
    busy = number < len(desk.running)
    told: dict[str, Any] = {
        "id": number,
        "n_ctx": desk.setup.context,
        "speculative": False,
        "is_processing": busy,
    }
    if busy:
        served = desk.running[number]
        told |= {"id_task": served.number, "next_token": {"n_decoded": served.tokens}}
    return told


def _metrics(desk: Desk) -> str:
    steps = int(desk.decodes)
    gauges = {
        "requests_processing": len(desk.running),
        "requests_deferred": len(desk.waiting),
        "prompt_tokens_total": desk.prompt_tokens,
        "tokens_predicted_total": desk.output_tokens,
        "n_decode_total": steps,
        "n_busy_slots_per_decode": desk.output_tokens / max(steps, 1),  # the mean since the start
    }
    return "".join(
        f"# HELP llamacpp:{name} a counter.\n# TYPE llamacpp:{name} gauge\nllamacpp:{name} {value}\n"
        for name, value in gauges.items()
    )


def _model(desk: Desk, model: str) -> dict[str, Any]:
    told: dict[str, Any] = {"id": model, "object": "model", "created": 0, "owned_by": "llamacpp"}
    if desk.does("router"):
        told["status"] = {"value": "loaded" if model in desk.loaded else "unloaded", "args": []}
    else:
        told["meta"] = {"n_ctx_train": 131072, "n_params": 1_000_000_000}
    return told


def _choose(desk: Desk, asked: str) -> str:
    """A server with one model answers whatever name it is asked for."""
    return known_model(desk, asked) if desk.does("router") else desk.setup.models[0]


def _error(refusal: Refusal) -> tuple[int, Any]:
    kinds = {400: "invalid_request_error", 404: "not_found_error", 501: "not_supported_error"}
    kind = (
        "exceed_context_size_error"
        if refusal.code == "context"
        else kinds.get(refusal.status, "server_error")
    )
    return refusal.status, {"error": {"code": refusal.status, "message": str(refusal), "type": kind}}


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": {"code": 500, "message": words, "type": "server_error"}},
    model=_choose,
    head={"system_fingerprint": BUILD},
    timings=True,
    cached_tokens=True,
)
