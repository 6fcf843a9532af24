"""llama-server (llama.cpp), with one model or as a router of several."""

import json
from typing import Any
from urllib.parse import quote

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import (
    LOADING,
    OFTEN_S,
    REFUSED,
    ROLE,
    ROUTER,
    Get,
    Load,
    LoadCounters,
    Model,
    Server,
    ServerKind,
    objects,
    refused,
    rounded,
    whole,
)
from replay.server_kinds.prometheus import metrics, total

PROPS = "/props"


def identify(get: Get) -> Server | None:
    """By `/props`: slots, context per slot, build. Its list of models is there early, and without a key."""
    reply = get(PROPS)
    if reply.loads:
        return Server((), unusable=LOADING)
    if reply.status in REFUSED and reply.headers.get("server") == "llama.cpp":
        return Server((), unusable=refused(reply))
    props = reply.document
    if not isinstance(props, dict) or "default_generation_settings" not in props:
        return None
    facts = {k: props[k] for k in ("build_info", "model_path", "is_sleeping") if props.get(k)}
    if props.get(ROLE) == ROUTER:
        return _router(get, facts)
    slots, context = _slots_and_context(props)
    models = openai.listed(get) or []
    notes = ("the server sleeps: its first answer loads the model",) if props.get("is_sleeping") else ()
    return Server(tuple(Model(m["id"], True, slots, context) for m in models), facts, notes=notes)


def request_counter(get: Get) -> str | None:
    """The tokens written so far, or which task each slot had last."""
    counted = openai.counter(get, "llamacpp:tokens_predicted_total")
    tasks = [slot.get("id_task") for slot in objects(get("/slots").document)] if counted is None else None
    return counted if tasks is None else (str(tasks) if tasks else None)


def _router(get: Get, facts: dict[str, object]) -> Server:
    """One process per model, loaded on demand; a model shows its slots once it runs."""
    document = get("/models").document
    entries = objects(document.get("data")) if isinstance(document, dict) else []
    models = []
    for entry in entries:
        status = entry.get("status")
        value = status.get("value") if isinstance(status, dict) else None
        if isinstance(entry.get("id"), str):
            models.append(_routed(get, entry["id"], value))
    notes = ("a router: models beyond --models-max (4) push each other out",) if len(models) > 4 else ()
    return Server(tuple(models), {**facts, ROLE: ROUTER}, notes=notes)


def _routed(get: Get, model: str, status: object) -> Model:
    """careful: asked about a model that does not run, a router may load it."""
    if status != "loaded":
        return Model(model, None if status is None else False)
    props = get(f"{PROPS}?model={quote(model, safe='')}&autoload=false").document
    slots, context = _slots_and_context(props) if isinstance(props, dict) else (None, None)
    return Model(model, True, slots, context)


def _slots_and_context(props: dict[str, Any]) -> tuple[int | None, int | None]:
    settings = props.get("default_generation_settings")
    context = whole(settings.get("n_ctx")) if isinstance(settings, dict) else None
    return whole(props.get("total_slots")), context or None


def load_of_metrics(text: str) -> Load:
    """From `/metrics`, which needs `--metrics`."""
    values = metrics(text)
    processing = rounded(total(values, "llamacpp:requests_processing"))
    if processing is None:
        raise ValueError("no llamacpp:requests_processing")
    return Load(
        busy=processing,
        waiting=rounded(total(values, "llamacpp:requests_deferred")),
        decodes=rounded(total(values, "llamacpp:n_decode_total")),
        busy_per_decode=total(values, "llamacpp:n_busy_slots_per_decode"),
    )


def load_of_slots(text: str) -> Load:
    """From `/slots`. Older servers have a `state` instead: 1 is processing."""
    slots = json.loads(text)
    return Load(busy=sum(bool(s.get("is_processing", s.get("state"))) for s in slots), slots=len(slots))


KIND = ServerKind(
    name="llamacpp",
    identify=identify,
    endpoints=(openai.FULL, *openai.ENDPOINTS),
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=request_counter,
    load_counters=(
        LoadCounters("/metrics", OFTEN_S, load_of_metrics),
        LoadCounters("/slots", OFTEN_S, load_of_slots),
    ),
    keeps_models_by="--models-max",
    listens_to_all_by="--host 0.0.0.0",
    ports=(8080, 8081),
)
