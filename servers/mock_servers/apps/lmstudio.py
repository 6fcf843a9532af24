"""LM Studio 0.4: three interfaces, HTTP 200 for whatever it does not know, models loaded on demand."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import ClientConnectionResetError, web

from servers.mock_servers.mock_engine import Ask, Broken, MockEngine, Refusal, Served, word, words_of
from servers.mock_servers.openai_chat import DEFAULT_MAX_TOKENS, Style
from servers.mock_servers.routes import lacks_key, server

HEADERS = {"X-Powered-By": "Express", "Keep-Alive": "timeout=5"}
NOT_LOADED = "No models loaded. Please load a model in the developer page or use the `lms load` command."


def app(engine: MockEngine) -> web.Application:
    """The server's routes. Careful: `/v1/models` lists all that are on disk, loaded or not."""
    models = engine.setup.models

    async def native(http: web.Request) -> web.StreamResponse:
        return await _native_chat(http, engine)

    def refuse(request: web.Request) -> web.Response | None:
        if request.path == "/lmstudio-greeting" or not lacks_key(engine, request):
            return None
        words = "An LM Studio API token is required to make requests to this server."
        refusal = {"type": "invalid_request", "code": "invalid_api_key", "message": words}
        return _json({"error": refusal}, 401)

    documents: dict[str, Callable[[], Any]] = {
        "/lmstudio-greeting": lambda: {"lmstudio": True},
        "/api/v0/models": lambda: {"object": "list", "data": [_v0_model(engine, m) for m in models]},
    }
    if not engine.does("old"):
        documents["/api/v1/models"] = lambda: {"models": [_v1_model(engine, m) for m in models]}
    return server(
        engine,
        STYLE,
        lambda model: {"id": model, "object": "model", "owned_by": "organization_owner"},
        documents,
        routes=[] if engine.does("old") else [web.post("/api/v1/chat", native)],
        refuse=refuse,
        unknown=lambda http: _json({"error": f"Unexpected endpoint or method. ({http.method} {http.path})"}),
        headers=HEADERS,
    )


def _json(body: Any, status: int = 200) -> web.Response:
    return web.json_response(body, status=status, headers=HEADERS)


def _v0_model(engine: MockEngine, model: str) -> dict[str, Any]:
    here = model in engine.loaded
    entry = {
        "id": model,
        "object": "model",
        "type": "embeddings" if engine.does("embeddings") else "llm",
        "publisher": "mock-model",
        "arch": "llama",
        "compatibility_type": "gguf",
        "quantization": "Q4_K_M",
        "state": "loaded" if here else "not-loaded",
        "max_context_length": 131072,
    }
    return entry | ({"loaded_context_length": engine.setup.context} if here else {})


def _v1_model(engine: MockEngine, model: str) -> dict[str, Any]:
    config = {
        "context_length": engine.setup.context,
        "eval_batch_size": 512,
        "parallel": engine.setup.slots,
        "flash_attention": True,
        "offload_kv_cache_to_gpu": True,
    }
    return {
        "type": "embedding" if engine.does("embeddings") else "llm",
        "publisher": "mock-model",
        "key": model,
        "display_name": model,
        "architecture": "llama",
        "quantization": {"name": "Q4_K_M", "bits_per_weight": 4},
        "size_bytes": 1_000_000,
        "params_string": "1B",
        "loaded_instances": [{"id": model, "config": config}] if model in engine.loaded else [],
        "max_context_length": 131072,
        "format": "gguf",
        "capabilities": {"vision": False, "trained_for_tool_use": False},
        "description": None,
        "variants": [f"{model}@q4_k_m"],
        "selected_variant": f"{model}@q4_k_m",
    }


def choose(engine: MockEngine, asked: str) -> str:
    """The model that answers: careful, a wrong name is answered by the only one that is loaded."""
    if asked in engine.setup.models:
        return asked
    if len(engine.loaded) == 1:
        return engine.loaded[0]
    if not engine.loaded:
        raise Refusal(404, NOT_LOADED, "model_not_found")
    yours = "".join(f"\n{m}" for m in engine.setup.models)
    words = f'Model "{asked}" not found. Please specify a valid model.\n\nYour models:{yours}'
    raise Refusal(404, words, "model_not_found")


def _error(refusal: Refusal) -> tuple[int, Any]:
    kind = {"message": str(refusal), "type": "invalid_request_error", "param": "model", "code": refusal.code}
    return refusal.status, {"error": kind}


def _own(part: str, document: dict[str, Any]) -> dict[str, Any]:
    """It counts one token less where the limit was reached (0.4.22)."""
    if part in ("usage", "whole"):
        usage = document["usage"]
        usage |= {key: usage[key] - 1 for key in ("completion_tokens", "total_tokens")}
    return document


STYLE = Style(
    error=_error,
    broken=lambda words: {"error": {"message": words}},
    model=choose,
    head={"system_fingerprint": "mock-model", "stats": {}},
    role_at_once=False,  # 0.4.23 sends the headers at once, the body when its turn has come
    own=_own,
)


async def _native_chat(http: web.Request, engine: MockEngine) -> web.StreamResponse:
    """POST /api/v1/chat: named events, of which those of loading and prompt processing are the point."""
    body = await http.json()
    words = words_of([{"content": body.get("input")}])
    try:
        model = choose(engine, str(body.get("model", "")))
        limit = int(body.get("max_output_tokens") or DEFAULT_MAX_TOKENS)
        served = engine.admit(Ask(model, len(words), limit, bool(body.get("stream")), words=words))
    except Refusal as refusal:
        status, body = _error(refusal)
        return _json(body, status)
    if not served.ask.stream:
        async for _ in engine.tokens(served):
            pass
        return _json(_result(engine, served))
    reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await reply.prepare(http)
    try:
        await _events(reply, engine, served)
    except Broken as broken:
        error = {"type": "internal_error", "message": str(broken)}
        await reply.write(_event("error", error=error) + _event("chat.end", result=_result(engine, served)))
    except ClientConnectionResetError:
        return web.Response()
    await reply.write_eof()
    return reply


async def _events(reply: web.StreamResponse, engine: MockEngine, served: Served) -> None:
    """The events of one answer, each when it happens."""
    ask = served.ask
    name = {"model_instance_id": ask.model}
    await reply.write(_event("chat.start", **name))
    if ask.model not in engine.loaded:
        await reply.write(_event("model_load.start", **name))
        await engine.load(served)
        await reply.write(_event("model_load.progress", **name, progress=1.0))
        await reply.write(_event("model_load.end", **name, load_time_seconds=served.load_s))
    reasoning, kind = _reasoning(engine, ask), ""
    starts = asyncio.create_task(_tell_start(reply, served))
    async for index in engine.tokens(served):
        if index == 0:
            await starts
            await reply.write(_event("prompt_processing.progress", progress=1.0))
            await reply.write(_event("prompt_processing.end"))
        now = "reasoning" if index < reasoning else "message"
        if now != kind:
            await reply.write((_event(f"{kind}.end") if kind else b"") + _event(f"{now}.start"))
            kind = now
        await reply.write(_event(f"{kind}.delta", content=word(index)))
    await reply.write(_event(f"{kind}.end") + _event("chat.end", result=_result(engine, served)))


def _reasoning(engine: MockEngine, ask: Ask) -> int:
    """How many tokens of the answer are thoughts."""
    return ask.max_tokens // 2 if engine.does("reasoning") else 0


async def _tell_start(reply: web.StreamResponse, served: Served) -> None:
    while served.request is None or served.request.admission_s is None:
        await asyncio.sleep(0.001)
    await reply.write(_event("prompt_processing.start"))


def _result(engine: MockEngine, served: Served) -> dict[str, Any]:
    reasoning = min(_reasoning(engine, served.ask), served.tokens)
    stats = {
        "input_tokens": served.ask.prompt_tokens,
        "total_output_tokens": served.tokens,
        "reasoning_output_tokens": reasoning,
        "tokens_per_second": served.tokens / served.decode_s if served.decode_s else 0.0,
        "time_to_first_token_seconds": served.prefill_s,
    }
    if served.load_s:
        stats["model_load_time_seconds"] = served.load_s
    parts = {"reasoning": range(reasoning), "message": range(reasoning, served.tokens)}
    return {
        "model_instance_id": served.ask.model,
        "output": [{"type": k, "content": "".join(map(word, r))} for k, r in parts.items() if r],
        "stats": stats,
        "response_id": f"resp_{served.number}",
    }


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n".encode()
