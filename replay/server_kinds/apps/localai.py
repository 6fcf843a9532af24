"""LocalAI: a process per model behind one port; the setting of slots holds for all models, or for one."""

import json

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import (
    SELDOM_S,
    Get,
    Load,
    LoadCounters,
    Model,
    Server,
    ServerKind,
    name_of,
    objects,
)

SYSTEM = "/system"


def identify(get: Get) -> Server | None:
    """By `/system`, which names its backends and the models in memory."""
    system = get(SYSTEM).document
    if not isinstance(system, dict) or not {"backends", "loaded_models"} <= set(system):
        return None
    listed = [m["id"] for m in openai.listed(get) or []]
    in_memory = {name_of(m, "id") for m in objects(system["loaded_models"])}
    # careful: older versions name the file of a model that is in memory, which is in no list
    known = not in_memory or bool(in_memory & set(listed))
    return Server(tuple(Model(name, name in in_memory if known else None) for name in listed))


def load(text: str) -> Load:
    """From `/system`."""
    return Load(loaded=len(json.loads(text)["loaded_models"] or ()))


KIND = ServerKind(
    name="localai",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(LoadCounters(SYSTEM, SELDOM_S, load),),
    keeps_models_by="LOCALAI_MAX_ACTIVE_BACKENDS",
    listens_to_all_by="LOCALAI_ADDRESS=0.0.0.0:8080",
    ports=(8080,),
)
