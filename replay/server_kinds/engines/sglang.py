"""SGLang: OpenAI's interface; it batches as many requests as it was allowed to.

careful: its `/health` writes a token. Kinds that ask for `/health` are tried after it.
"""

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind, objects, whole


def identify(get: Get) -> Server | None:
    """By who owns the models in its list."""
    models = openai.listed(get)
    if not models or any(m.get("owned_by") != "sglang" for m in models):
        return None
    slots = _slots(get)
    return Server(tuple(Model(m["id"], True, slots, whole(m.get("max_model_len"))) for m in models))


def _slots(get: Get) -> int | None:
    """Requests in a batch, over all ranks; None in versions that do not show them.

    careful: the reply holds the server's keys; nothing but these numbers is taken from it.
    """
    for path in ("/server_info", "/get_server_info"):
        document = get(path).document
        states = objects(document.get("internal_states")) if isinstance(document, dict) else []
        counts = [whole(state.get("effective_max_running_requests_per_dp")) for state in states]
        known = [count for count in counts if count is not None]
        if known:
            return sum(known)
    return None


def request_counter(get: Get) -> str | None:
    """The tokens written so far."""
    return openai.counter(get, "sglang:generation_tokens_total")


KIND = ServerKind(
    name="sglang",
    identify=identify,
    endpoints=(openai.with_fields({"ignore_eos": True}), *openai.ENDPOINTS),
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=request_counter,
    load_counters=(),
    keeps_models_by="",
    listens_to_all_by="--host 0.0.0.0",
    ports=(30000,),
)
