"""The OpenAI protocol as the simulator speaks it: bodies and server-sent events, no I/O."""

import json
from dataclasses import dataclass
from typing import Any

MODEL = "simulated"
DEFAULT_MAX_TOKENS = 64
TEMPLATE_TOKENS = 4  # what a chat template would add to each message
DONE = b"data: [DONE]\n\n"


class BadRequest(Exception):
    """A request that gets an error body: the HTTP status and the message."""

    def __init__(self, status: int, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.param = param


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client asks for."""

    prompt_tokens: int  # one per word
    max_tokens: int
    stream: bool
    usage: bool  # within the stream


def read_ask(body: Any) -> Ask:
    """Raises BadRequest with 400, or with 404 for a model that is not ours."""
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        raise BadRequest(400, "'messages' must be a list", "messages")
    if body.get("model") not in (None, MODEL):
        raise BadRequest(404, f"The model '{body['model']}' does not exist", "model")
    limit = body.get("max_tokens", body.get("max_completion_tokens")) or DEFAULT_MAX_TOKENS
    if not isinstance(limit, int) or limit < 1:
        raise BadRequest(400, "'max_tokens' must be a positive integer", "max_tokens")
    words = [len(str(m.get("content")).split()) for m in body["messages"] if isinstance(m, dict)]
    return Ask(
        prompt_tokens=sum(words) + TEMPLATE_TOKENS * len(words),
        max_tokens=limit,
        stream=bool(body.get("stream")),
        usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def error_body(message: str, status: int, param: str | None = None) -> dict[str, Any]:
    """An error as OpenAI words it."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    code = "model_not_found" if status == 404 else None
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def models_body() -> dict[str, Any]:
    """The list of the one model."""
    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "portlap"}
    return {"object": "list", "data": [model]}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: makes its chunks or its whole body."""

    number: int
    finish_reason: str  # `length` or `stop`
    prompt_tokens: int
    output_tokens: int
    cached_tokens: int | None

    def role(self) -> bytes:
        """The chunk that opens a stream; it holds no token."""
        return self._event({"role": "assistant", "content": ""})

    def token(self, index: int) -> bytes:
        """The chunk of one token."""
        return self._event({"content": _word(index)})

    def closing(self, usage: bool) -> bytes:
        """All that follows the last token: finish reason, usage if wanted, end of stream."""
        end = self._event({}, self.finish_reason)
        if usage:
            end += _sse(self._head("chat.completion.chunk") | {"choices": [], "usage": self._usage()})
        return end + DONE

    def body(self) -> dict[str, Any]:
        """The answer of a request without streaming."""
        text = "".join(_word(i) for i in range(self.output_tokens))
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        return self._head("chat.completion") | {"choices": [choice], "usage": self._usage()}

    def _head(self, kind: str) -> dict[str, Any]:
        name = f"chatcmpl-{self.number}"
        return {"id": name, "object": kind, "created": 0, "model": MODEL}

    def _event(self, delta: dict[str, str], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _sse(self._head("chat.completion.chunk") | {"choices": [choice]})

    def _usage(self) -> dict[str, Any]:
        usage: dict[str, Any] = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.prompt_tokens + self.output_tokens,
        }
        if self.cached_tokens is not None:
            usage["prompt_tokens_details"] = {"cached_tokens": self.cached_tokens}
        return usage


def _word(index: int) -> str:
    return f" w{index}"


def _sse(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"
