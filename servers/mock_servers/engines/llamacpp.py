"""llama-server as it answers beside a chat: loading, slots, counters, and the router of many models."""

from dataclasses import replace
from typing import Any

from aiohttp import web

from servers.mock_servers.mock_engine import MockEngine, Refusal
from servers.mock_servers.openai_chat import Style, known_model
from servers.mock_servers.routes import lacks_key, server

BUILD = "b7500-mock"
SERVER = {"Server": "llama.cpp", "Connection": "close"}  # of what it refuses
LISTS = ("/models", "/v1/models")
NOT_READY = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}


META = {
    "vocab_type": 2,
    "n_vocab": 49152,
    "n_ctx_train": 131072,
    "n_embd": 576,
    "n_params": 1_000_000_000,
    "size": 96576768,
    "ftype": "Q4_1",
}


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""

    async def props(http: web.Request) -> web.Response:
        if engine.does("router") and "model" not in http.query:
            settings = {"params": None, "n_ctx": 0}
            body = {"role": "router", "max_instances": 4, "models_autoload": True, "build_info": BUILD}
            body |= {"model_alias": "llama-server", "model_path": "none", "ui_settings": {}}
            body |= {"default_generation_settings": settings, "cors_proxy_enabled": False}
            return web.json_response(body)
        if engine.does("router") and http.query["model"] not in engine.loaded:
            if http.query.get("autoload") == "false":
                return _refused(400, "model is not loaded")
            engine.loaded.append(http.query["model"])  # a GET, and yet it loads
        return web.json_response(_props(engine))

    async def slots(http: web.Request) -> web.Response:
        if engine.does("hidden"):
            return _refused(501, "This server does not support slots endpoint. Start it with `--slots`")
        if http.query.get("fail_on_no_slot") and len(engine.running) >= engine.setup.slots:
            return _refused(503, "no slot available")
        return web.json_response([slot(engine, i) for i in range(engine.setup.slots)])

    async def metrics(http: web.Request) -> web.Response:
        if engine.does("hidden"):
            return _refused(501, "This server does not support metrics endpoint.")
        return web.Response(text=_metrics(engine), content_type="text/plain")

    def refuse(request: web.Request) -> web.Response | None:
        if engine.does("loading") and not (engine.does("old") and request.path in LISTS):
            return web.json_response(NOT_READY, status=503, headers=SERVER)
        public = ("/health", "/v1/health", *(LISTS if engine.does("old") else ()))
        if request.path not in public and lacks_key(engine, request):
            refusal = {"message": "Invalid API Key", "type": "authentication_error", "code": 401}
            return web.json_response({"error": refusal}, status=401, headers=SERVER)
        if engine.does("router") and request.path in ("/slots", "/metrics") and "model" not in request.query:
            return _refused(400, "model name is missing from the request")
        return None

    models = engine.setup.models
    return server(
        engine,
        # the field of errors: until September 2025
        replace(STYLE, error_field=engine.does("old"), closes=engine.does("router")),
        lambda model: _model(engine, model),
        {
            "/health": lambda: {"status": "ok"},
            "/models": lambda: {"object": "list", "data": [_model(engine, m) for m in models]},
        },
        routes=[web.get("/props", props), web.get("/slots", slots), web.get("/metrics", metrics)],
        refuse=refuse,
        beside=lambda: {} if engine.does("router") else {"models": [_as_ollama(m) for m in models]},
    )


def _refused(status: int, words: str) -> web.Response:
    return web.json_response(_error(Refusal(status, words))[1], status=status, headers=SERVER)


def _props(engine: MockEngine) -> dict[str, Any]:
    return {
        "default_generation_settings": {"id": 0, "n_ctx": engine.setup.context, "params": {}},
        "total_slots": engine.setup.slots,
        "model_path": f"/models/{engine.setup.models[0]}.gguf",
        "modalities": {"vision": False, "audio": False},
        "build_info": BUILD,
        "is_sleeping": False,
    }


def slot(engine: MockEngine, number: int) -> dict[str, Any]:
    busy = number < len(engine.running)
    slot: dict[str, Any] = {
        "id": number,
        "n_ctx": engine.setup.context,
        "speculative": False,
        "is_processing": busy,
    }
    if busy:
        served = engine.running[number]
        slot |= {"id_task": served.number, "next_token": {"n_decoded": served.tokens}}
    return slot


def _metrics(engine: MockEngine) -> str:
    steps = int(engine.decodes)
    gauges = {
        "requests_processing": len(engine.running),
        "requests_deferred": len(engine.waiting),
        "prompt_tokens_total": engine.prompt_tokens,
        "tokens_predicted_total": engine.output_tokens,
        "n_decode_total": steps,
        "n_busy_slots_per_decode": engine.output_tokens / max(steps, 1),  # the mean since the start
    }
    return "".join(
        f"# HELP llamacpp:{name} a counter.\n# TYPE llamacpp:{name} gauge\nllamacpp:{name} {value}\n"
        for name, value in gauges.items()
    )


def _model(engine: MockEngine, model: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": model, "object": "model", "created": 0, "owned_by": "llamacpp", "tags": []}
    if engine.does("router"):
        state = "loaded" if model in engine.loaded else "unloaded"
        entry["status"] = {"value": state, "args": ["llama-server"], "preset": f"[{model}]\n"}
        modalities = {"input_modalities": ["text"], "output_modalities": ["text"]}
        entry |= {"aliases": [], "architecture": modalities, "source": "models_dir", "can_remove": False}
    else:
        entry["aliases"] = [model]
        entry["meta"] = META | {"n_ctx": engine.setup.context}
    return entry


def _as_ollama(model: str) -> dict[str, Any]:
    """Most of it is empty, as in the real list."""
    empty = dict.fromkeys(("modified_at", "size", "digest", "description", "parameters"), "")
    details = dict.fromkeys(("parent_model", "family", "parameter_size", "quantization_level"), "")
    entry = {"name": model, "model": model, "type": "model", "tags": [""], "capabilities": ["completion"]}
    return entry | empty | {"details": details | {"format": "gguf", "families": [""]}}


def _choose(engine: MockEngine, asked: str) -> str:
    """A server with one model answers whatever name it is asked for."""
    return known_model(engine, asked) if engine.does("router") else engine.setup.models[0]


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
    role={"role": "assistant", "content": None},
    choice={},
)
