"""Which program answers, learnt by asking (GET only), and what its requests may carry beyond plain OpenAI."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Get = Callable[[str], Any]  # path → parsed JSON or text of a 200 answer without `error`; None for all else


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the conductor needs to know of a kind of server."""

    kind: str
    request_fields: Mapping[str, Any] = field(default_factory=dict)  # known to be accepted
    slots: int | None = None  # as the server says
    server: Mapping[str, Any] = field(default_factory=dict)  # what else it says it is
    loaded: tuple[str, ...] | None = None  # models in memory; None: it does not say


def identify(get: Get) -> Dialect:
    """The dialect of the server that `get` asks; plain OpenAI if it is none of the known ones."""
    props = get("/props")
    if isinstance(props, dict) and "default_generation_settings" in props:
        told = {k: props[k] for k in ("build_info",) if k in props}
        return Dialect(
            "llamacpp",
            # ignore_eos: every answer is as long as asked; cache_prompt: no answer is helped by another
            {"cache_prompt": False, "ignore_eos": True},
            props.get("total_slots"),
            told,
        )
    models = get("/api/v0/models")
    if isinstance(models, dict) and isinstance(models.get("data"), list):
        loaded = tuple(m["id"] for m in models["data"] if m.get("state") == "loaded" and "id" in m)
        return Dialect("lmstudio", loaded=loaded)
    version = get("/api/version")
    if isinstance(version, dict) and "version" in version:
        return Dialect("ollama", server={"version": version["version"]})
    return Dialect("openai")
