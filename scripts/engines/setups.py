"""Every set-up: its servers, what is asked of them, and what the report must say."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from servers.llamacpp.fleet import embedded_model
from servers.ports import free_ports

CHECKOUT: Final = Path(__file__).resolve().parents[2]
# Four slots on one core: whether batching gains there depends on the machine, that it is no queue does not.
SHARED: Final = ("time-sliced", "partly-parallel", "fully-parallel", "parallel")
NO_QUEUE: Final = (*SHARED, "contention")  # a tiny model on a processor: the threads may fight


@dataclass(frozen=True)
class Setup:
    """One or more servers, and the phase `main` in which they are asked."""

    name: str
    engine: str  # the environment: `.venv-ENGINE`; "": our own
    servers: Callable[[Path], list[dict[str, Any]]]  # keys of a scenario's servers; the folder is its own
    verdicts: tuple[str, ...]  # of the phase: any of these is right; `inconclusive` decides nothing
    peak: int | None  # streams that must be seen at once; None: not looked at
    users: int = 2
    targets: list[dict[str, Any]] = field(default_factory=lambda: [{"name": "A", "server": 0}])
    kind: str | None = None  # as what the server must be recognised
    request: dict[str, Any] = field(default_factory=dict)  # of the scenario
    why: str = ""  # evidence that the report must name
    model_by: str = ""  # the environment that writes `tiny` into the folder first


PERMIT: Final = "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY=true"
ONE_AT_A_TIME: Final = ("serial",)
CACHES: Final = ("none", "empty", "foreign")  # of models, beside a model of one's own folder


def python(engine: str) -> Path:
    return CHECKOUT / f".venv-{engine}" / "bin" / "python"


def _command(command: str, **keys: Any) -> list[dict[str, Any]]:
    return [{"kind": "command", "command": command, "ready_within_s": 300, **keys}]


def llamacpp(slots: int) -> Callable[[Path], list[dict[str, Any]]]:
    return lambda folder: [{"kind": "llamacpp", "slots": slots, "threads": 1}]


def _with_draft(folder: Path) -> list[dict[str, Any]]:
    own = CHECKOUT / ".venv" / "bin" / "python"
    return _command(f"{own} -m scripts.engines.drafting --port {{port}}")


def fill_cache(home: Path, cache: str) -> None:
    """The folder of Hugging Face's cache: none, an empty one, or one that holds another model."""
    if cache != "none":
        (home / "hub").mkdir(parents=True)
    if cache == "foreign":
        kept = home / "hub" / "models--acme--other"
        snapshot = kept / "snapshots" / "1"
        snapshot.mkdir(parents=True)
        (kept / "refs").mkdir()
        (kept / "refs" / "main").write_text("1")
        for name in ("config.json", "tokenizer_config.json", "model.safetensors.index.json"):
            (snapshot / name).write_text("{}")


def _mlx(cache: str) -> Callable[[Path], list[dict[str, Any]]]:
    def servers(folder: Path) -> list[dict[str, Any]]:
        home = folder / "cache"
        fill_cache(home, cache)
        run = f"HF_HOME={home} HF_HUB_OFFLINE=1 {python('mlx')} -m mlx_lm server"
        return _command(f"{run} --model {folder / 'tiny'} --port {{port}}")

    return servers


def _transformers(*words: str) -> Callable[[Path], list[dict[str, Any]]]:
    run = f"HF_HUB_OFFLINE=1 {python('transformers').with_name('transformers')} serve"
    return lambda folder: _command(
        " ".join([run, str(folder / "tiny"), "--host 127.0.0.1 --port {port} --device cpu", *words])
    )


def _llama_cpp_python(*words: str) -> Callable[[Path], list[dict[str, Any]]]:
    run = f"{python('llama-cpp-python')} -m llama_cpp.server --model {embedded_model()} --port {{port}}"
    return lambda folder: _command(" ".join([run, "--n_threads 1 --n_ctx 2048", *words]))


def _litellm(folder: Path) -> list[dict[str, Any]]:
    """LiteLLM's proxy before llama.cpp with two slots."""
    [port] = free_ports("127.0.0.1", [0])
    config = folder / "litellm.yaml"
    config.write_text(
        "model_list: [{model_name: small, litellm_params: {model: openai/small, api_key: none, "
        f"api_base: 'http://127.0.0.1:{port}/v1'}}}}]\n"
    )
    proxy = python("litellm").with_name("litellm")  # it wants a key otherwise, or to be allowed none
    return [
        {"kind": "llamacpp", "port": port, "slots": 2, "threads": 1},
        *_command(f"{PERMIT} {proxy} --config {config} --host 127.0.0.1 --port {{port}}"),
    ]


SETUPS: Final = (
    Setup("llama.cpp, one slot", "", llamacpp(1), ONE_AT_A_TIME, 1, 4, kind="llamacpp"),
    Setup("llama.cpp, four slots on one thread", "", llamacpp(4), SHARED, 4, 4, kind="llamacpp"),
    Setup(
        "llama.cpp, one slot: 4 texts are embedded",
        "",
        llamacpp(1),
        ONE_AT_A_TIME,
        None,
        kind="llamacpp",
        request={"embeddings": 4},
    ),
    Setup(
        "llama.cpp, four slots on one thread: 4 texts are embedded, a request fills the slots",
        "",
        llamacpp(4),
        ("serial",),
        None,
        kind="llamacpp",
        request={"embeddings": 4},
    ),
    Setup(
        "llama.cpp, four slots on one thread: 1 text is embedded",
        "",
        llamacpp(4),
        NO_QUEUE,
        None,
        users=4,
        kind="llamacpp",
        request={"embeddings": 1},
    ),
    Setup(
        "llama.cpp, one slot, with a draft model",
        "",
        _with_draft,
        ONE_AT_A_TIME,
        1,
        kind="llamacpp",
        why="speculative decoding",
    ),
    Setup(
        "mlx_lm, a model of one's own, no cache folder",
        "mlx",
        _mlx("none"),
        NO_QUEUE,
        2,
        kind="mlx",
        model_by="mlx",
    ),
    Setup("mlx_lm, the same, an empty cache", "mlx", _mlx("empty"), NO_QUEUE, 2, kind="mlx", model_by="mlx"),
    Setup(
        "mlx_lm, the same, another model in it",
        "mlx",
        _mlx("foreign"),
        NO_QUEUE,
        2,
        kind="mlx",
        model_by="mlx",
    ),
    Setup(
        "transformers serve",
        "transformers",
        _transformers(),
        ONE_AT_A_TIME,
        1,
        model_by="transformers",
    ),
    Setup(
        "transformers serve --continuous-batching",
        "transformers",
        _transformers("--continuous-batching"),
        NO_QUEUE,
        2,
        model_by="transformers",
    ),
    Setup(
        "llama-cpp-python, requests are not interrupted",
        "llama-cpp-python",
        _llama_cpp_python("--interrupt_requests false"),
        ONE_AT_A_TIME,
        1,
    ),
    Setup(
        "llama-cpp-python, as it comes: a new request ends the one that runs",
        "llama-cpp-python",
        _llama_cpp_python(),
        ("inconclusive",),
        None,
    ),
    Setup(
        "LiteLLM's proxy before llama.cpp with two slots on one thread",
        "litellm",
        _litellm,
        SHARED,
        2,
        targets=[{"name": "A", "server": 1, "model": "small"}],
        kind="litellm",
    ),
)
