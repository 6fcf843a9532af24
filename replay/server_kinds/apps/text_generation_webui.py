"""text-generation-webui: the model that was loaded by hand answers, whatever name is asked for."""

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind, name_of

NONE = "None"  # a text: no model is loaded
SERIAL = "text-generation-webui answers one request at a time unless it was started with --parallel N"


def identify(get: Get) -> Server | None:
    """By `/v1/internal/model/info`, which names the model in memory; its list may hold names of OpenAI's."""
    info = get("/v1/internal/model/info").document
    name = name_of(info, "model_name") if isinstance(info, dict) else None
    if not isinstance(info, dict) or name is None:
        return None
    loader = name_of(info, "loader")
    if name == NONE:
        return Server((), unusable="it has no model loaded; load one in its page, or start it with --model")
    return Server((Model(name, True),), {} if loader is None else {"loader": loader}, notes=(SERIAL,))


KIND = ServerKind(
    name="text-generation-webui",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    keeps_models_by="",
    listens_to_all_by="--listen",
    ports=(5000,),
)
