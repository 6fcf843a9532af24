"""llama-server (llama.cpp), with one model or as a router of several."""

from typing import Any
from urllib.parse import quote

from replay.server_kinds import openai
from replay.server_kinds.kind import Get, Model, Server, objects, whole

KIND = "llamacpp"
ROUTER = "router"
PROPS = "/props"
# ignore_eos: every answer is as long as asked; cache_prompt: no answer is helped by another
WAYS = (openai.with_fields({"cache_prompt": False, "ignore_eos": True}), *openai.WAYS)


def look(get: Get) -> Server | None:
    """By `/props`: slots, context per slot, build."""
    props = get(PROPS).document
    if not isinstance(props, dict) or "default_generation_settings" not in props:
        return None
    says = {k: props[k] for k in ("build_info", "model_path", "is_sleeping") if props.get(k)}
    if props.get("role") == ROUTER:
        return _router(get, says)
    slots, context = _slots_and_context(props)
    models = openai.listed(get) or []
    notes = ("the server sleeps: its first answer loads the model",) if props.get("is_sleeping") else ()
    return Server(tuple(Model(m["id"], True, slots, context) for m in models), says, notes=notes)


def served(get: Get) -> str | None:
    """The tokens written so far, or which task each slot had last."""
    counted = openai.counter(get, "/metrics", "llamacpp:tokens_predicted_total")
    tasks = [slot.get("id_task") for slot in objects(get("/slots").document)] if counted is None else None
    return counted if tasks is None else (str(tasks) if tasks else None)


def _router(get: Get, says: dict[str, object]) -> Server:
    """One process per model, loaded on demand; slots are told per model once it runs."""
    told = get("/models").document
    entries = objects(told.get("data")) if isinstance(told, dict) else []
    models = []
    for entry in entries:
        status = entry.get("status")
        value = status.get("value") if isinstance(status, dict) else None
        if isinstance(entry.get("id"), str):
            models.append(_routed(get, entry["id"], value))
    notes = ("a router: models beyond --models-max (4) push each other out",) if len(models) > 4 else ()
    return Server(tuple(models), {**says, "role": ROUTER}, notes=notes)


def _routed(get: Get, model: str, status: object) -> Model:
    """careful: asked about a model that does not run, a router may load it."""
    if status != "loaded":
        return Model(model, None if status is None else False)
    told = get(f"{PROPS}?model={quote(model, safe='')}&autoload=false").document
    slots, context = _slots_and_context(told) if isinstance(told, dict) else (None, None)
    return Model(model, True, slots, context)


def _slots_and_context(props: dict[str, Any]) -> tuple[int | None, int | None]:
    settings = props.get("default_generation_settings")
    context = whole(settings.get("n_ctx")) if isinstance(settings, dict) else None
    return whole(props.get("total_slots")), context or None
