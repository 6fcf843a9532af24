"""Options and fixtures that several tests share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from tests.support.serving import Servers, StandIn, servers

QUICK = ("--ttft-s", "0.03", "--tpot-s", "0.003")  # of a stand-in, unless its words say otherwise
STAND_INS = ("lmstudio", "ollama", "llamacpp", "mlx", "vllm", "llama-swap", "litellm", "openai")
# A busy machine makes examples slow, not wrong. The same examples each time: a red run can be repeated.
hypothesis.settings.register_profile(
    "here",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("here")

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden; review the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """golden(name, text): fails unless the text is that of tests/golden/name, to the letter."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name} differs; if right: pytest --update-golden"

    return compare


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    """standin(kind, *options): running stand-ins; the same ones for the same words.

    All kinds with the same options share a process: each takes a second to start.
    """
    running: dict[tuple[str, ...], Servers] = {}
    with ExitStack() as stack:

        def start(*words: str) -> Servers:
            if words not in running:
                running[words] = stack.enter_context(servers("standin", *QUICK, *words))
            return running[words]

        def one(kind: str, *options: str) -> Servers:
            if "--port" in options or "--host" in options:
                return start("--kind", kind, *options)
            every = start(*(w for k in STAND_INS for w in ("--kind", k)), *options)
            return Servers(every.process, (every.lines[STAND_INS.index(kind)],))

        yield one
