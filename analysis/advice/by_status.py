"""What to do about a refusal, by the HTTP status that came with the server's own words."""

from typing import Final

LIMIT: Final = "that limit is itself the answer to 'does it work in parallel'; raise it, or take fewer users"
# Before a run too: nothing was sent but a request on its own, so that no limit explains it.
ACCESS: Final = {
    401: "a key is needed, or another one: export it and name its variable as api_key_env",
    403: "the server, or a proxy before it, forbids it: it may not take this name of its host (Ollama behind "
    "a proxy: let the proxy send the header Host as localhost:11434), nor this client, or it wants a key",
    502: "the proxy before the server could not reach it, or the server ended: see the logs of both",
    504: "the proxy before the server waited too long for it: raise its timeout (nginx: proxy_read_timeout; "
    "HAProxy: timeout server)",
}
BY_STATUS: Final = ACCESS | {
    429: f"the server, or a gateway before it, limits how many requests it takes (HTTP 429): {LIMIT}",
    503: "the server, or a proxy before it, refuses requests beyond its limit (HTTP 503; nginx: limit_conn, "
    f"limit_req; HAProxy: maxconn, timeout queue; Ollama: OLLAMA_MAX_QUEUE): {LIMIT}",
}
