"""llama-cpp-python's server: llama.cpp in Python, one request at a time."""

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind

SERIAL = (
    "llama-cpp-python has no parallel decoding, and by default a new request ends the one that runs "
    "(start it with --interrupt_requests false); llama-server -np 4 answers several together"
)


def identify(get: Get) -> Server | None:
    """By who owns the models in its list, and their permissions. It repeats any name that it is asked for."""
    models = openai.listed(get)
    if not models or any(m.get("owned_by") != "me" or "permissions" not in m for m in models):
        return None
    return Server(tuple(Model(m["id"]) for m in models), notes=(SERIAL,))


KIND = ServerKind(
    name="llama-cpp-python",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    keeps_models_by="one server per model",
    listens_to_all_by="--host 0.0.0.0",
    ports=(8000,),
)
