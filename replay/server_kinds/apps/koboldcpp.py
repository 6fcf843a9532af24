"""KoboldCpp: one model; it speaks the interfaces of Ollama and llama.cpp too, without their counters."""

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind, name_of

SERIAL = "KoboldCpp answers one request at a time unless it was started with --parallelrequests N"


def identify(get: Get) -> Server | None:
    """By the words of `/api/extra/version`."""
    version = get("/api/extra/version").document
    if not isinstance(version, dict) or version.get("result") != "KoboldCpp":
        return None
    listed = [m["id"] for m in openai.listed(get) or []]
    # the first is in memory; a router lists further settings that it can change to
    models = tuple(Model(name, index == 0) for index, name in enumerate(listed))
    shown = name_of(version, "version")
    return Server(models, {} if shown is None else {"version": shown}, notes=(SERIAL,))


def request_counter(get: Get) -> str | None:
    """The answers so far."""
    perf = get("/api/extra/perf").document
    answers = perf.get("total_gens") if isinstance(perf, dict) else None
    return None if answers is None else str(answers)


KIND = ServerKind(
    name="koboldcpp",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=request_counter,
    load_counters=(),
    keeps_models_by="",
    listens_to_all_by="--host 0.0.0.0",
    ports=(5001,),
)
