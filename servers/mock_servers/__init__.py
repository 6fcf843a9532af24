"""Mock servers: they answer to the letter as LM Studio, Ollama, llama.cpp and others document it.

In: options (models, slots, speed, quirks). Out: an HTTP server per port, with tokens at their instants.
A file per kind in `apps/`, `engines/` and `proxies/`, named as in `replay/server_kinds`. No code is shared
with it, so that one tests the other.
`mock_engine.py`: models, slots and queue behind every mock. `openai_chat.py`: the chat completions of most.
`routes.py`: the routes that all have. `options.py`: the command line. `serve.py`: the ports.

To add one: a file whose `app(engine)` calls `routes.server`, and its line in `KINDS` below.
"""

from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from servers.mock_servers import openai
from servers.mock_servers.apps import (
    docker_model_runner,
    koboldcpp,
    lemonade,
    lmstudio,
    localai,
    ollama,
    text_generation_webui,
)
from servers.mock_servers.engines import (
    llama_cpp_python,
    llamacpp,
    mlx,
    sglang,
    tabbyapi,
    transformers,
    vllm,
)
from servers.mock_servers.mock_engine import MockEngine
from servers.mock_servers.proxies import litellm, llama_swap, open_webui

KINDS: Final[Mapping[str, Callable[[MockEngine], web.Application]]] = {
    "lmstudio": lmstudio.app,
    "ollama": ollama.app,
    "llamacpp": llamacpp.app,
    "mlx": mlx.app,
    "vllm": vllm.app,
    "llama-swap": llama_swap.app,
    "litellm": litellm.app,
    "docker-model-runner": docker_model_runner.app,
    "llama-cpp-python": llama_cpp_python.app,
    "transformers": transformers.app,
    "koboldcpp": koboldcpp.app,
    "lemonade": lemonade.app,
    "localai": localai.app,
    "text-generation-webui": text_generation_webui.app,
    "sglang": sglang.app,
    "tabbyapi": tabbyapi.app,
    "open-webui": open_webui.app,
    "openai": openai.app,
}
