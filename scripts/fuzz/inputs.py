"""Odd inputs: documents with the readers' own keys, bytes cut anywhere, files changed a little."""

import json
from typing import Any, Final

from hypothesis import strategies as st

# What readers look for: an odd value under a known key finds more than any value under an odd one.
KEYS: Final = (
    *("data", "models", "id", "object", "owned_by", "key", "type", "name", "model", "details", "version"),
    *("loaded_instances", "config", "parallel", "context_length", "loaded_context_length", "state"),
    *("default_generation_settings", "n_ctx", "total_slots", "role", "is_sleeping", "is_processing"),
    *("id_task", "status", "value", "running", "expires_at", "lmstudio", "litellm_version", "quantization"),
    *("choices", "delta", "content", "reasoning", "finish_reason", "usage", "prompt_tokens_details"),
    *("prompt_tokens", "completion_tokens", "cached_tokens", "timings", "prompt_ms", "predicted_ms"),
    *("error", "message", "detail", "done", "done_reason", "total_duration", "eval_duration", "result"),
    *("stats", "input_tokens", "total_output_tokens", "cache_n", "text", "max_model_len", "digest"),
)
WORDS: Final = (
    *("", "a", "ok", "loaded", "ready", "router", "vllm", "llama-swap", "embedding", "I'm alive!", "stop"),
    *("message.delta", "prompt_processing.start", "prompt_processing.end", "chat.end", "[DONE]", "\ud800"),
    *("\x1b[2J", "\u2028", "=1+1", "9" * 5000, "NaN", "1e999"),
)
NUMBERS = st.one_of(
    st.sampled_from((0, -1, 1, 2**31, 2**63, 10**30, -0.0, 0.5, 1e308, float("inf"), float("nan"))),
    st.integers(),
    st.floats(),
)


def documents(keys: tuple[str, ...] = KEYS, words: tuple[str, ...] = WORDS) -> st.SearchStrategy[Any]:
    """JSON values of any shape, mostly under known keys."""
    plain = st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from(words), st.text(max_size=8))
    names = st.one_of(st.sampled_from(keys), st.text(max_size=4))
    inner = st.recursive(
        plain,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=6)),
        max_leaves=8,
    )
    return st.one_of(st.dictionaries(names, inner, max_size=6), st.lists(inner, max_size=4), inner)


def texts(document: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """Documents as JSON, some damaged, nested beyond any limit, or no JSON at all."""
    written = document.map(json.dumps)
    cut = st.tuples(written, st.integers(0, 200)).map(lambda t: t[0][: t[1]])
    deep = st.sampled_from(("[", '{"data":', '{"models":[', "[[")).map(lambda opening: opening * 100_000)
    return st.one_of(written, written, written, cut, deep, st.text(max_size=50), metrics_pages())


def metrics_pages() -> st.SearchStrategy[str]:
    """Pages in Prometheus' format with figures that cannot be."""
    names = st.sampled_from(
        ("llamacpp:requests_processing", "llamacpp:requests_deferred", "llamacpp:n_decode_total",
         "llamacpp:n_busy_slots_per_decode", "llamacpp:tokens_predicted_total", "vllm:num_requests_running",
         "vllm:num_requests_waiting", "vllm:generation_tokens_total")
    )  # fmt: skip
    labels = st.sampled_from(("", '{model="m"}', '{model="}"}', "{", "{a", "}"))
    values = st.one_of(
        st.sampled_from(("+Inf", "NaN", "-1", "1e400", "x", "", "9" * 400, "0x1", "1_0", "2 1395066363000")),
        NUMBERS.map(str),
    )
    line = st.tuples(names, labels, values).map(lambda parts: f"{parts[0]}{parts[1]} {parts[2]}")
    return st.lists(line, max_size=8).map("\n".join)


def pieces(whole: bytes, cuts: list[int]) -> list[bytes]:
    """`whole` cut at these places, empty pieces included."""
    at = sorted(min(cut, len(whole)) for cut in cuts)
    return [whole[a:b] for a, b in zip([0, *at], [*at, len(whole)], strict=True)]


def changed_bytes(original: bytes) -> st.SearchStrategy[bytes]:
    """A file with a few bytes replaced, inserted or left out, or cut."""
    odd = st.sampled_from(
        (b"", b"\0", b"\n", b"\r", b'"', b",", b"-", b"inf", b"nan", b"9" * 30, b"\xff", b"[", b"{")
    )
    edit = st.tuples(st.integers(0, len(original)), st.integers(0, 12), st.one_of(odd, st.binary(max_size=4)))

    def apply(edits: list[tuple[int, int, bytes]]) -> bytes:
        data = original
        for at, gone, instead in edits:
            data = data[:at] + instead + data[at + gone :]
        return data

    return st.one_of(
        st.lists(edit, min_size=1, max_size=4).map(apply),
        st.integers(0, len(original)).map(lambda n: original[:n]),
    )
