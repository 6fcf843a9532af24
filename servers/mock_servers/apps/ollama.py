"""Ollama: the native NDJSON interface with durations, and the OpenAI one without them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientConnectionResetError, web

from servers.mock_servers.mock_engine import Ask, Broken, MockEngine, Refusal, Served, word, words_of
from servers.mock_servers.openai_chat import Style
from servers.mock_servers.routes import embed, server

VERSION = "0.12.6"
BUSY = "server busy, please try again.  maximum pending requests exceeded"  # two spaces, as it has them
KEEP_ALIVE = timedelta(minutes=5)
DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "1B",
    "quantization_level": "Q4_K_M",
}


def app(engine: MockEngine) -> web.Application:
    """The server's routes."""

    here = () if engine.does("empty") else engine.setup.models
    none: list[Any] | None = None if engine.does("old") else []  # the list of no models

    async def root(http: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    async def native(http: web.Request) -> web.StreamResponse:
        return await _native_chat(http, engine)

    async def native_embed(http: web.Request) -> web.Response:
        return await embed(http, engine, STYLE, native=True)

    return server(
        engine,
        STYLE,
        lambda model: {"id": model, "object": "model", "created": 0, "owned_by": "library"},
        {
            "/api/version": lambda: {"version": VERSION},
            "/api/tags": lambda: {"models": [_tagged(engine, m) for m in here] or none},
            "/api/ps": lambda: {"models": [_in_memory(engine, m) for m in engine.loaded if m in here]},
        },
        routes=[web.get("/", root), web.post("/api/chat", native), web.post("/api/embed", native_embed)],
        no_models=None,
        unknown=lambda http: web.Response(text="404 page not found", status=404),
    )


def _tagged(engine: MockEngine, model: str) -> dict[str, Any]:
    return listed(model) | ({"capabilities": ["embedding"]} if engine.does("embeddings") else {})


def listed(model: str) -> dict[str, Any]:
    return {
        "name": model,
        "model": model,
        "modified_at": "2026-01-01T00:00:00Z",
        "size": 1_000_000,
        "digest": "0" * 64,
        "details": DETAILS | {"context_length": 8192, "embedding_length": 576},
        "capabilities": ["completion"],
    }


def _in_memory(engine: MockEngine, model: str) -> dict[str, Any]:
    entry = {k: v for k, v in listed(model).items() if k not in ("modified_at", "capabilities")}
    entry["details"] = DETAILS
    expires = datetime.fromtimestamp(engine.used.get(model, engine.began_s), UTC) + KEEP_ALIVE
    return entry | {
        "expires_at": expires.isoformat(),
        "size_vram": 1_000_000,
        "context_length": engine.setup.context,
    }


def choose(engine: MockEngine, asked: str) -> str:
    """The model, `:latest` added where no tag is given."""
    for name in (asked, f"{asked}:latest"):
        if name in engine.setup.models and not engine.does("empty"):
            return name
    raise Refusal(404, f"model '{asked}' not found", "not_found")


def _openai_error(refusal: Refusal) -> tuple[int, Any]:
    status = 503 if refusal.code == "busy" else refusal.status
    words = BUSY if refusal.code == "busy" else str(refusal)
    kind = {400: "invalid_request_error", 404: "not_found_error"}.get(status, "api_error")
    return status, {"error": {"message": words, "type": kind, "param": None, "code": None}}


STYLE = Style(
    error=_openai_error,
    broken=lambda words: {"error": {"message": words, "type": "api_error", "param": None, "code": None}},
    model=choose,
    head={"system_fingerprint": "fp_ollama"},
    reasoning_key="reasoning",
    role=None,
    choice={},
)


async def _native_chat(http: web.Request, engine: MockEngine) -> web.StreamResponse:
    """POST /api/chat: one JSON document per line; a missing `stream` means that it streams."""
    body = await http.json()
    try:
        model = choose(engine, str(body.get("model", "")))
        limit = (body.get("options") or {}).get("num_predict") or 64
        words = words_of(body.get("messages"))
        served = engine.admit(Ask(model, len(words), limit, body.get("stream", True), words=words))
    except Refusal as refusal:
        status, body = _openai_error(refusal)
        return web.json_response({"error": body["error"]["message"]}, status=status)
    reasoning = limit // 2 if engine.does("reasoning") else 0
    if not served.ask.stream:
        text = "".join([word(i) async for i in engine.tokens(served)])
        return web.json_response(_line(served, {"role": "assistant", "content": text}) | _end(engine, served))
    reply = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await reply.prepare(http)
    try:
        async for index in engine.tokens(served):
            text_of = (
                {"content": "", "thinking": word(index)} if index < reasoning else {"content": word(index)}
            )
            await _write(reply, _line(served, {"role": "assistant", **text_of}) | {"done": False})
        await _write(reply, _line(served, {"role": "assistant", "content": ""}) | _end(engine, served))
    except Broken as broken:
        await _write(reply, {"error": str(broken)})  # under status 200
    except ClientConnectionResetError:
        return web.Response()
    await reply.write_eof()
    return reply


async def _write(reply: web.StreamResponse, document: dict[str, Any]) -> None:
    await reply.write(json.dumps(document).encode() + b"\n")


def _line(served: Served, message: dict[str, str]) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"model": served.ask.model, "created_at": now, "message": message}


def _end(engine: MockEngine, served: Served) -> dict[str, Any]:
    """Durations in nanoseconds; what is left of the total is the wait for a slot."""

    def ns(seconds: float) -> int:
        return round(seconds * 1e9)

    return {
        "done": True,
        "done_reason": "length",
        "total_duration": ns(engine.now_s - served.arrival_s),
        "load_duration": ns(served.load_s + 0.001),
        "prompt_eval_count": served.ask.prompt_tokens,
        "prompt_eval_duration": ns(served.prefill_s),
        "eval_count": served.tokens,
        "eval_duration": ns(served.decode_s),
    }
