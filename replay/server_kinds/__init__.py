"""Kinds of servers: one file states everything that portlap knows about one kind.

In: the answers of a server to GETs, and the events of its streams. Out: what the server is (`identify`), the
endpoints to send a request to, OpenAI's chunks and the server's own times from its events, its load.
`kind.py`: the parts of a kind (`ServerKind`). `openai.py`, `embeddings.py`: what most kinds share.
`prometheus.py`: one reader of metrics pages.

To add one: a file with `KIND = ServerKind(…)` in `apps/`, `engines/` or `proxies/`, and its name in the list
below; a mock server of the same name in `servers/mock_servers/`; its words in
`analysis/advice/next_steps.yaml`. A test fails for each that is forgotten. What may go wrong with it is a
note of its `Server`; docs/SERVERS.md shows users how to set it up. No other file asks which kind it is.
"""

from collections.abc import Mapping
from typing import Final

from replay.server_kinds import embeddings, openai
from replay.server_kinds.apps import (
    docker_model_runner,
    koboldcpp,
    lemonade,
    lmstudio,
    localai,
    ollama,
    text_generation_webui,
)
from replay.server_kinds.engines import (
    llama_cpp_python,
    llamacpp,
    mlx,
    sglang,
    tabbyapi,
    transformers,
    vllm,
)
from replay.server_kinds.kind import Ask, Endpoint, Get, GetReply, Model, Reader, Server, ServerKind, Times
from replay.server_kinds.proxies import litellm, llama_swap, open_webui

__all__ = [
    "BEHIND",
    "READERS",
    "SERVER_KINDS",
    "Ask",
    "Endpoint",
    "Get",
    "GetReply",
    "Model",
    "Reader",
    "Server",
    "ServerKind",
    "Times",
    "identify",
]

# In the order they are tried: kinds with paths of their own before those that differ in words only.
_MODULES = (
    koboldcpp,  # before llamacpp and ollama, whose paths it has too
    lemonade,  # before lmstudio and ollama, for the same reason
    *(llamacpp, lmstudio, llama_swap),
    docker_model_runner,  # before ollama
    *(ollama, localai, text_generation_webui, open_webui, vllm, sglang, tabbyapi, llama_cpp_python),
    *(litellm, transformers, mlx),  # they are asked for their health, which makes SGLang write a token
    openai,
)
SERVER_KINDS: Final[Mapping[str, ServerKind]] = {module.KIND.name: module.KIND for module in _MODULES}
BEHIND: Final = (litellm.BEHIND,)  # headers of an answer that name the server behind a proxy
READERS: Final = {name: kind.reader for name, kind in SERVER_KINDS.items()} | {
    "embeddings": embeddings.READER,
    "ollama-embed": ollama.EMBED_READER,
}


def identify(get: Get, name: str | None = None) -> tuple[ServerKind, Server] | None:
    """The kind of server behind `get` and what it shows of itself; None if it is no LLM server.

    `name`: the kind that the scenario states; only that one is tried.
    """
    for kind in SERVER_KINDS.values():
        if name in (None, kind.name) and (server := kind.identify(get)) is not None:
            return kind, server
    return None
