"""vLLM: OpenAI's interface; it batches as many requests as its memory holds."""

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import (
    SELDOM_S,
    Get,
    Load,
    LoadCounters,
    Model,
    Server,
    ServerKind,
    rounded,
    whole,
)
from replay.server_kinds.prometheus import metrics, total


def request_counter(get: Get) -> str | None:
    """The tokens written so far."""
    return openai.counter(get, "vllm:generation_tokens_total")


def identify(get: Get) -> Server | None:
    """By who owns the models in its list."""
    models = openai.listed(get)
    if not models or any(m.get("owned_by") != "vllm" for m in models):
        return None
    version = get("/version").document
    facts = {"version": version["version"]} if isinstance(version, dict) and "version" in version else {}
    loaded = tuple(Model(m["id"], True, context=whole(m.get("max_model_len"))) for m in models)
    return Server(loaded, facts)


def load(text: str) -> Load:
    """From `/metrics`; all engines and models together."""
    values = metrics(text)
    running = rounded(total(values, "vllm:num_requests_running"))
    if running is None:
        raise ValueError("no vllm:num_requests_running")
    return Load(
        busy=running,
        waiting=rounded(total(values, "vllm:num_requests_waiting")),
        drafted=rounded(total(values, "vllm:spec_decode_num_draft_tokens_total")),
        accepted=rounded(total(values, "vllm:spec_decode_num_accepted_tokens_total")),
        preempted=rounded(total(values, "vllm:num_preemptions_total")),
    )


KIND = ServerKind(
    name="vllm",
    identify=identify,
    endpoints=(openai.with_fields({"ignore_eos": True}), *openai.ENDPOINTS),
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=request_counter,
    load_counters=(LoadCounters("/metrics", SELDOM_S, load),),
    keeps_models_by="",
    listens_to_all_by="--host 0.0.0.0",
    ports=(8000,),
)
