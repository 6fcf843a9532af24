"""Options and fixtures that several tests share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from servers.mock_servers import KINDS
from tests.support.serving import MockServer, Servers, servers

QUICK = ("--ttft-s", "0.03", "--tpot-s", "0.003")  # of a mock server, unless its options differ
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
def mock() -> Iterator[MockServer]:
    """mock(kind, *options): running mock servers; the same ones for the same options.

    All kinds with the same options share a process: each takes a second to start.
    """
    running: dict[tuple[str, ...], Servers] = {}
    with ExitStack() as stack:

        def start(*words: str) -> Servers:
            if words not in running:
                running[words] = stack.enter_context(servers("mock", *QUICK, *words))
            return running[words]

        def one(kind: str, *options: str) -> Servers:
            if "--port" in options or "--host" in options:
                return start("--kind", kind, *options)
            every = start(*(w for k in KINDS for w in ("--kind", k)), *options)
            return Servers(every.process, (every.lines[list(KINDS).index(kind)],))

        yield one
