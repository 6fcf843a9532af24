"""mlx_lm.server: OpenAI's interface on Apple's engine; batches unless a request carries a `seed`."""

from replay.server_kinds import openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind

PYTHONS_OWN = "basehttp/"  # the web server of Python's standard library, which mlx_lm.server is made with


def identify(get: Get) -> Server | None:
    """It has no endpoint of its own: by its web server and the words of its `/health`."""
    health = get("/health")
    by_python = health.headers.get("server", "").lower().startswith(PYTHONS_OWN)
    if not by_python or health.document != {"status": "ok"}:
        return None
    models = openai.listed(get)
    if models is None:
        return None
    return Server(tuple(Model(m["id"]) for m in models), {"server": health.headers["server"]})


KIND = ServerKind(
    name="mlx",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    swaps_models=False,
    ports=(8080, 8001),
)
