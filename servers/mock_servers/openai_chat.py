"""POST /v1/chat/completions as the mock servers answer it; what differs between programs is a `Style`."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientConnectionResetError, web

from servers.mock_servers.mock_engine import Ask, Broken, MockEngine, Refusal, Served, word, words_of

PLAIN_FIELDS = {
    *("model", "messages", "max_tokens", "temperature", "top_p", "n", "stream", "stop", "user"),
    *("presence_penalty", "frequency_penalty", "logit_bias"),
}
DEFAULT_MAX_TOKENS = 64


# writes bytes to the stream until the answer begins: the engine, what is served, the stream
Before = Callable[[MockEngine, Served, web.StreamResponse], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Style:
    """How one program words its answers."""

    error: Callable[[Refusal], tuple[int, Any]]  # status and body
    broken: Callable[[str], Any]  # the document that ends a broken stream
    model: Callable[[MockEngine, str], str] = lambda engine, asked: known_model(engine, asked)
    head: dict[str, Any] = field(default_factory=dict)  # further fields of every document
    reasoning_key: str = "reasoning_content"
    timings: bool = False  # llama.cpp's, in the last chunk
    cached_tokens: bool = False  # shown in the usage
    done_after_error: bool = False
    error_field: bool = False  # an error is an `error:` field of the stream, under status 200
    # the delta before the first token; None: the first token's delta names the role
    role: dict[str, Any] | None = field(default_factory=lambda: {"role": "assistant", "content": ""})
    choice: dict[str, Any] = field(default_factory=lambda: {"logprobs": None})  # further fields of a choice
    role_at_once: bool = True  # before a slot is free; else with the first token
    before: Before | None = None  # what it sends before the first token, as it happens
    finish_key: bool = True  # `finish_reason` stands in every choice, null until the last
    end_with_token: bool = False  # the last token's delta ends the answer
    stream_usage: bool = True  # on request; some never send it in a stream
    usage_ends: bool = False  # the usage stands in the document that ends the answer
    done: bool = True  # [DONE] ends a stream
    headers: dict[str, str] = field(default_factory=dict)  # further ones of each answer
    closes: bool = False  # the connection, after each stream
    answers_as: Callable[[str], str] = lambda model: model
    # of a document, by its part (role, token, end, usage, whole): what this program writes differently
    own: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda part, document: document


def known_model(engine: MockEngine, asked: str) -> str:
    """Raises Refusal unless the model is there."""
    if asked not in engine.setup.models:
        raise Refusal(404, f"The model `{asked}` does not exist.", "model_not_found")
    return asked


def openai_error(refusal: Refusal) -> tuple[int, Any]:
    """As OpenAI words it."""
    kind = "server_error" if refusal.status >= 500 else "invalid_request_error"
    body = {"message": str(refusal), "type": kind, "param": None, "code": refusal.code}
    return refusal.status, {"error": body}


async def chat(http: web.Request, engine: MockEngine, style: Style) -> web.StreamResponse:
    """The whole answer, streamed or not, errors included."""
    try:
        body = await http.json()
        ask = read(body, engine, style)
        served = engine.admit(ask)
    except json.JSONDecodeError:
        return as_refused(Refusal(400, "the body is not JSON"), style)
    except Refusal as refusal:
        if style.error_field and body.get("stream") is True:
            return await _error_stream(http, style, refusal)
        return as_refused(refusal, style)
    try:
        return await (_stream if ask.stream else _whole)(http, engine, style, served)
    except ClientConnectionResetError:  # it went between two tokens
        return web.Response()


def read(body: Any, engine: MockEngine, style: Style) -> Ask:
    """What the body asks for. Raises Refusal."""
    if not isinstance(body, dict):
        raise Refusal(400, "the body is no JSON object")
    odd = sorted(set(body) - PLAIN_FIELDS)
    if engine.does("strict") and odd:
        raise Refusal(400, f"Unrecognized request argument supplied: {odd[0]}", "unknown_field")
    limit = body.get("max_completion_tokens", body.get("max_tokens")) or DEFAULT_MAX_TOKENS
    if not isinstance(limit, int) or limit < 1:
        raise Refusal(400, "'max_tokens' must be a positive integer")
    words = words_of(body.get("messages"))
    return Ask(
        model=style.model(engine, str(body.get("model", ""))),
        prompt_tokens=len(words),
        max_tokens=limit,
        stream=bool(body.get("stream")),
        usage=bool((body.get("stream_options") or {}).get("include_usage")),
        words=words,
        cache=body.get("cache_prompt") is not False,
    )


def as_refused(refusal: Refusal, style: Style) -> web.Response:
    status, body = style.error(refusal)
    if isinstance(body, str):
        return web.Response(text=body, status=status)
    return web.json_response(body, status=status)


async def _error_stream(http: web.Request, style: Style, refusal: Refusal) -> web.StreamResponse:
    reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await reply.prepare(http)
    words = style.error(refusal)[1]["error"]
    await reply.write(sse(words, "error") + sse_done())
    await reply.write_eof()
    return reply


async def _stream(http: web.Request, engine: MockEngine, style: Style, served: Served) -> web.StreamResponse:
    reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"} | style.headers)
    if style.closes:
        reply.force_close()
    await reply.prepare(http)
    role = b"" if style.role is None else _event(style, served, "role", [_choice(style, style.role)])
    if style.role_at_once:
        await reply.write(role)
    before = asyncio.create_task(
        asyncio.sleep(0) if style.before is None else style.before(engine, served, reply)
    )
    asked, reasoning = served.ask, served.ask.max_tokens // 2 if engine.does("reasoning") else 0
    try:
        async for index in engine.tokens(served):
            if index == 0:
                await before
                if not style.role_at_once:
                    await reply.write(role)
            delta = {style.reasoning_key if index < reasoning else "content": word(index)}
            if style.role is None and index == 0:
                delta = {"role": "assistant"} | delta
            ends = style.end_with_token and index == asked.max_tokens - 1
            choices = [_choice(style, delta, finish_reason="length" if ends else None)]
            await reply.write(_event(style, served, "end" if ends else "token", choices))
    except Broken as broken:
        words = style.broken(str(broken))
        await reply.write(sse(words["error"], "error") if style.error_field else sse(words))
        await reply.write(sse_done() * (style.done_after_error or style.error_field))
        await reply.write_eof()
        return reply
    finally:
        before.cancel()
    usage = asked.usage and style.stream_usage
    timings = _timings(style, served)
    if not style.end_with_token:
        choices, more = [_choice(style, {}, finish_reason="length")], {} if usage else timings
        more |= {"usage": _usage(style, served)} if style.usage_ends else {}
        await reply.write(_event(style, served, "end", choices, more))
    if usage and not style.usage_ends:
        more = {"usage": _usage(style, served)} | timings
        await reply.write(_event(style, served, "usage", [], more))
    if style.done:
        await reply.write(sse_done())
    await reply.write_eof()
    return reply


async def _whole(http: web.Request, engine: MockEngine, style: Style, served: Served) -> web.StreamResponse:
    reasoning = served.ask.max_tokens // 2 if engine.does("reasoning") else 0
    text = {style.reasoning_key: "", "content": ""} if reasoning else {"content": ""}
    try:
        async for index in engine.tokens(served):
            text[style.reasoning_key if index < reasoning else "content"] += word(index)
    except Broken as broken:
        return web.json_response(style.broken(str(broken)), status=500)
    choice = _choice(style, {"role": "assistant", **text}, "message", "length")
    body = _document(style, served, "chat.completion") | {
        "choices": [choice],
        "usage": _usage(style, served),
    }
    return web.json_response(style.own("whole", body | _timings(style, served)), headers=style.headers)


def _event(
    style: Style,
    served: Served,
    part: str,
    choices: list[dict[str, Any]],
    more: dict[str, Any] | None = None,
) -> bytes:
    document = _document(style, served, "chat.completion.chunk") | {"choices": choices} | (more or {})
    return sse(style.own(part, document))


def _choice(
    style: Style, text: dict[str, Any], key: str = "delta", finish_reason: str | None = None
) -> dict[str, Any]:
    end = {"finish_reason": finish_reason} if style.finish_key or finish_reason is not None else {}
    return {"index": 0, **style.choice, **end, key: text}


def _document(style: Style, served: Served, kind: str) -> dict[str, Any]:
    head = {"id": f"chatcmpl-{served.number}", "object": kind, "created": int(time.time())}
    return head | {"model": style.answers_as(served.ask.model)} | style.head


def _usage(style: Style, served: Served) -> dict[str, Any]:
    prompt, output = served.ask.prompt_tokens, served.tokens
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
    }
    if style.cached_tokens:
        usage["prompt_tokens_details"] = {"cached_tokens": served.cached_tokens}
    return usage


def _timings(style: Style, served: Served) -> dict[str, Any]:
    if not style.timings:
        return {}
    prompt, output = served.ask.prompt_tokens, served.tokens
    prefill_ms, decode_ms = served.prefill_s * 1e3, served.decode_s * 1e3
    return {
        "timings": {
            "cache_n": served.cached_tokens,
            "prompt_n": prompt - served.cached_tokens,
            "prompt_ms": prefill_ms,
            "prompt_per_token_ms": prefill_ms / prompt,
            "prompt_per_second": 1e3 * prompt / prefill_ms if prefill_ms else 0.0,
            "predicted_n": output,
            "predicted_ms": decode_ms,
            "predicted_per_token_ms": decode_ms / output,
            "predicted_per_second": 1e3 * output / decode_ms if decode_ms else 0.0,
        }
    }


def sse(document: Any, name: str = "data") -> bytes:
    """One server-sent event, its JSON in the field `name`."""
    return f"{name}: {json.dumps(document)}\n\n".encode()


def sse_done() -> bytes:
    return b"data: [DONE]\n\n"
