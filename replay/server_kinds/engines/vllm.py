"""vLLM: OpenAI's interface; it batches as many requests as its memory holds."""

from replay.server_kinds import openai
from replay.server_kinds.kind import Get, Model, Server, whole

KIND = "vllm"
WAYS = (openai.with_fields({"ignore_eos": True}), *openai.WAYS)


def served(get: Get) -> str | None:
    """The tokens written so far."""
    return openai.counter(get, "/metrics", "vllm:generation_tokens_total")


def look(get: Get) -> Server | None:
    """By who owns the models in its list."""
    models = openai.listed(get)
    if not models or any(m.get("owned_by") != "vllm" for m in models):
        return None
    version = get("/version").document
    says = {"version": version["version"]} if isinstance(version, dict) and "version" in version else {}
    found = tuple(Model(m["id"], True, context=whole(m.get("max_model_len"))) for m in models)
    return Server(found, says)
