"""Lemonade: an engine per model behind one port, mostly llama.cpp; it speaks Ollama's interface too."""

import json
import re
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
    whole,
)

API = "/api"  # before OpenAI's paths: the only place in older versions
HEALTH = "/v1/health"
SLOTS = re.compile(r"(?:^|\s)(?:-np|--parallel)[ =](\d+)")  # in the arguments of llama-server


def identify(get: Get) -> Server | None:
    """By `/v1/health`, which names the models in memory and how they were loaded."""
    for first_endpoint, root in ((0, ""), (len(openai.ENDPOINTS), API)):
        health = get(root + HEALTH).document
        if isinstance(health, dict) and "all_models_loaded" in health:
            in_memory = {name_of(m, "model_name"): m for m in objects(health["all_models_loaded"])}
            document = get(f"{root}/v1/models").document
            listed = objects(document.get("data")) if isinstance(document, dict) else []
            models = tuple(_model(m, in_memory) for m in listed if isinstance(m.get("id"), str))
            version = name_of(health, "version")
            return Server(models, {} if version is None else {"version": version}, first_endpoint)
    return None


def _model(listed: dict[str, Any], in_memory: dict[str | None, dict[str, Any]]) -> Model:
    loaded = in_memory.get(listed["id"])
    if loaded is None:
        return Model(listed["id"], False)
    options = entry(loaded, "recipe_options")
    given = SLOTS.search(name_of(options, "llamacpp_args") or "")
    return Model(
        listed["id"],
        True,
        slots=int(given[1]) if given else None,
        context=whole(options.get("ctx_size")),
        details={"recipe": loaded.get("recipe"), "device": loaded.get("device")},
    )


def load(text: str) -> Load:
    """From `/v1/health`."""
    return Load(loaded=len(json.loads(text)["all_models_loaded"]))


KIND = ServerKind(
    name="lemonade",
    identify=identify,
    endpoints=(*openai.ENDPOINTS, *(Endpoint(API + e.path, e.body) for e in openai.ENDPOINTS)),
    embeddings=(embeddings.ENDPOINT, replace(embeddings.ENDPOINT, path=API + embeddings.PATH)),
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(
        LoadCounters(HEALTH, SELDOM_S, load),
        LoadCounters(API + HEALTH, SELDOM_S, load),
    ),
    keeps_models_by="--max-loaded-models",
    listens_to_all_by="LEMONADE_HOST=0.0.0.0",
    ports=(13305, 8000),
)
