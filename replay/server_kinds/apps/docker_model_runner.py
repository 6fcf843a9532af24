"""Docker Model Runner: one port before an engine per model; it speaks Ollama's interface beside OpenAI's."""

import json
from dataclasses import replace
from typing import Any

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import (
    SELDOM_S,
    Endpoint,
    Get,
    Load,
    LoadCounters,
    Model,
    Server,
    ServerKind,
    entry,
    name_of,
    objects,
)

ENGINES = "/engines"  # before OpenAI's paths: documented, and the only place in older versions
RUNNING = f"{ENGINES}/ps"


def identify(get: Get) -> Server | None:
    """By who owns the models in its list; what runs by `/engines/ps`."""
    at_root = _docked(openai.listed(get))
    models = at_root or _docked(openai.listed(lambda path: get(ENGINES + path)))
    if not models:
        return None
    document = get(RUNNING).document
    running = {name_of(e, "model_name") for e in objects(document)} if isinstance(document, list) else None
    return Server(
        tuple(
            Model(
                m["id"],
                None if running is None else bool({m["id"], short_name(m["id"])} & running),
                details={key: entry(m, "dmr").get(key) for key in ("architecture", "quantization")},
            )
            for m in models
        ),
        first_endpoint=0 if at_root else len(AT_ROOT),
    )


def _docked(models: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The list, if it is Docker's."""
    return models if models and all(m.get("owned_by") == "docker" for m in models) else []


def short_name(model: str) -> str:
    """As it is typed: without the registry and the tag `latest`."""
    return model.removeprefix("docker.io/").removesuffix(":latest")


def request_counter(get: Get) -> str | None:
    """When each model was last used: each answer moves that."""
    return " ".join(sorted(str(e.get("last_used")) for e in objects(get(RUNNING).document))) or None


def load(text: str) -> Load:
    """From `/engines/ps`."""
    return Load(loaded=len(json.loads(text)))


AT_ROOT = (openai.FULL, *openai.ENDPOINTS)  # llama.cpp's fields are passed on to it
KIND = ServerKind(
    name="docker-model-runner",
    identify=identify,
    endpoints=(*AT_ROOT, *(Endpoint(ENGINES + e.path, e.body, e.reader) for e in AT_ROOT)),
    embeddings=(embeddings.ENDPOINT, replace(embeddings.ENDPOINT, path=ENGINES + embeddings.PATH)),
    reader=openai.READER,
    request_counter=request_counter,
    load_counters=(LoadCounters(RUNNING, SELDOM_S, load),),
    keeps_models_by="docker model configure --keep-alive",
    listens_to_all_by="",
    ports=(12434,),
)
