"""TabbyAPI: OpenAI's interface on ExLlama; it batches as far as its cache holds the requests."""

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind, entry, name_of, whole


def identify(get: Get) -> Server | None:
    """By who owns the models in its list; the one in memory by `/v1/model`."""
    models = openai.listed(get)
    if not models or any(m.get("owned_by") != "tabbyAPI" for m in models):
        return None
    current = get("/v1/model").document
    current = current if isinstance(current, dict) else {}
    parameters, name = entry(current, "parameters"), name_of(current, "id")
    return Server(tuple(_model(m["id"], m["id"] == name, parameters) for m in models))


def _model(name: str, loaded: bool, parameters: dict[str, object]) -> Model:
    if not loaded:
        return Model(name, False)
    return Model(name, True, whole(parameters.get("max_batch_size")), whole(parameters.get("max_seq_len")))


KIND = ServerKind(
    name="tabbyapi",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    keeps_models_by="one server per model",
    listens_to_all_by="network: host: 0.0.0.0 in config.yml",
    ports=(5000,),
)
