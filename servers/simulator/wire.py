"""OpenAI's protocol, and Ollama's for embeddings, as the simulator speaks them: bodies and events, no I/O."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

CHAT_PATH, EMBEDDINGS_PATH, EMBED_PATH = "/v1/chat/completions", "/v1/embeddings", "/api/embed"
DEFAULT_MAX_TOKENS = 64
TEMPLATE_TOKENS = 4  # what a chat template would add to each message
DIMENSIONS = 8  # of a vector
DONE = b"data: [DONE]\n\n"


class BadRequest(Exception):
    """A request that gets an error body: the HTTP status and the message."""

    def __init__(self, status: int, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.param = param


@dataclass(frozen=True, slots=True)
class ChatBody:
    """What a client asks for."""

    model: str
    words: tuple[str, ...]
    prompt_tokens: int  # one per word, and the template's
    max_tokens: int
    stream: bool
    usage: bool  # within the stream
    embeds: bool = False  # `max_tokens` vectors are wanted, one for each text


def read_ask(body: Any, models: Sequence[str]) -> ChatBody:
    """Raises BadRequest with 400, or with 404 for a model that is not ours."""
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        raise BadRequest(400, "'messages' must be a list", "messages")
    model = body.get("model") or models[0]
    if model not in models:
        raise BadRequest(404, f"The model '{model}' does not exist", "model")
    limit = body.get("max_tokens", body.get("max_completion_tokens")) or DEFAULT_MAX_TOKENS
    if not isinstance(limit, int) or limit < 1:
        raise BadRequest(400, "'max_tokens' must be a positive integer", "max_tokens")
    messages = [str(m.get("content")).split() for m in body["messages"] if isinstance(m, dict)]
    return ChatBody(
        model=model,
        words=tuple(word for words in messages for word in words),
        prompt_tokens=sum(map(len, messages)) + TEMPLATE_TOKENS * len(messages),
        max_tokens=limit,
        stream=bool(body.get("stream")),
        usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def read_texts(body: Any, models: Sequence[str]) -> ChatBody:
    """A request for embeddings: as many vectors as texts, each the work of a token. Raises BadRequest."""
    texts = body.get("input") if isinstance(body, dict) else None
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise BadRequest(400, "'input' must be a text or a list of texts", "input")
    ask = read_ask({"messages": [], "model": body.get("model"), "max_tokens": len(texts)}, models)
    words = tuple(word for text in texts for word in text.split())
    return replace(ask, words=words, prompt_tokens=len(words), embeds=True)


def error_body(message: str, status: int, param: str | None = None) -> dict[str, Any]:
    """An error as OpenAI words it."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    code = "model_not_found" if status == 404 else None
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def models_body(models: Sequence[str]) -> dict[str, Any]:
    """The list of the models."""
    data = [{"id": m, "object": "model", "created": 0, "owned_by": "portlap"} for m in models]
    return {"object": "list", "data": data}


@dataclass(frozen=True, slots=True)
class AnswerBytes:
    """One answer: makes its chunks or its whole body."""

    number: int
    model: str
    finish_reason: str  # `length` or `stop`
    prompt_tokens: int
    output_tokens: int
    pieces: tuple[str, ...] = ()  # the text of each token; () for words that mean nothing

    def role(self) -> bytes:
        """The chunk that opens a stream; it holds no token."""
        return self._event({"role": "assistant", "content": ""})

    def tokens(self) -> "list[bytes]":
        """The chunks of all tokens, made before their instants to save time then."""
        before, after = self._event({"content": "\0"}).split(rb"\u0000")
        return [before + json.dumps(piece)[1:-1].encode() + after for piece in self._pieces]

    def closing(self, usage: bool, cached: int | None, timings: dict[str, Any] | None) -> bytes:
        """All that follows the last token: finish reason, usage if wanted, end of stream."""
        end = self._event({}, self.finish_reason, {} if usage or timings is None else {"timings": timings})
        if usage:
            last = self._head("chat.completion.chunk") | {"choices": [], "usage": self._usage(cached)}
            end += _sse(last if timings is None else last | {"timings": timings})
        return end + DONE

    def body(self, cached: int | None, timings: dict[str, Any] | None) -> dict[str, Any]:
        """The answer of a request without streaming."""
        message = {"role": "assistant", "content": "".join(self._pieces)}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        whole = self._head("chat.completion") | {"choices": [choice], "usage": self._usage(cached)}
        return whole if timings is None else whole | {"timings": timings}

    def vectors(self, native: bool) -> dict[str, Any]:
        """The answer of a request for embeddings; `native`: as Ollama words it, else as OpenAI does."""
        vectors = [[1 / (i + k + 1) for k in range(DIMENSIONS)] for i in range(self.output_tokens)]
        if native:
            return {"model": self.model, "embeddings": vectors, "prompt_eval_count": self.prompt_tokens}
        data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
        usage = {"prompt_tokens": self.prompt_tokens, "total_tokens": self.prompt_tokens}
        return {"object": "list", "data": data, "model": self.model, "usage": usage}

    def timings(self, prefill_s: float, decode_s: float) -> dict[str, Any]:
        """As llama.cpp reports them; ms."""
        return {
            "prompt_n": self.prompt_tokens,
            "prompt_ms": round(prefill_s * 1e3, 3),
            "predicted_n": self.output_tokens,
            "predicted_ms": round(decode_s * 1e3, 3),
        }

    @property
    def _pieces(self) -> tuple[str, ...]:
        return self.pieces or tuple(f" w{i}" for i in range(self.output_tokens))

    def _head(self, kind: str) -> dict[str, Any]:
        name = f"chatcmpl-{self.number}"
        return {"id": name, "object": kind, "created": 0, "model": self.model}

    def _event(
        self, delta: dict[str, str], finish_reason: str | None = None, more: dict[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _sse(self._head("chat.completion.chunk") | {"choices": [choice]} | (more or {}))

    def _usage(self, cached: int | None) -> dict[str, Any]:
        usage: dict[str, Any] = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.prompt_tokens + self.output_tokens,
        }
        if cached is not None:
            usage["prompt_tokens_details"] = {"cached_tokens": cached}
        return usage


def _sse(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"
