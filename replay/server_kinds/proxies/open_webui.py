"""Open WebUI: a page for people, with an interface of its own before Ollama or others."""

from dataclasses import replace

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import REFUSED, Endpoint, Get, Model, Server, ServerKind, name_of, objects

FRONT_END = (
    "Open WebUI is a front end: its own work is measured too. Measure the server behind it too: "
    "if that server works in parallel and this one does not, the front end queues"
)
NO_TOKEN = (
    "Open WebUI wants a token (Settings, Account, API keys): export it, name the variable as api_key_env; "
    "or measure the server behind it"
)


def identify(get: Get) -> Server | None:
    """By its name in `/api/config`, below its address or below `/api`. Its `/v1/models` is a page."""
    for first_endpoint, root in ((len(openai.ENDPOINTS), "/api"), (0, "")):
        config = get(f"{root}/config").document
        if isinstance(config, dict) and "Open WebUI" in (name_of(config, "name") or ""):
            listed = get(f"{root}/models")
            if listed.status in REFUSED:
                return Server((), unusable=f"{listed.words}; {NO_TOKEN}")
            document = listed.document
            entries = objects(document.get("data")) if isinstance(document, dict) else []
            models = tuple(Model(m["id"]) for m in entries if isinstance(m.get("id"), str))
            facts = {"version": config["version"]} if isinstance(config.get("version"), str) else {}
            return Server(models, facts, first_endpoint, notes=(FRONT_END,))
    return None


OWN_PATH = "/chat/completions"
KIND = ServerKind(
    name="open-webui",
    identify=identify,
    endpoints=(
        *(Endpoint(OWN_PATH, e.body) for e in openai.ENDPOINTS),  # where the address ends in /api
        *(Endpoint(f"/api{OWN_PATH}", e.body) for e in openai.ENDPOINTS),
    ),
    embeddings=tuple(replace(embeddings.ENDPOINT, path=path) for path in ("/embeddings", "/api/embeddings")),
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    keeps_models_by="",
    listens_to_all_by="--host 0.0.0.0",
    ports=(8080, 3000),
)
