"""A real mlx_lm.server with a small random model: batches, two ports, a request in mid-prefill, a seed."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import gevent
import pytest

from analysis.errors import TargetError
from replay.checks.check import check
from replay.client.connection import Connection
from replay.client.request import Request
from replay.client.response import Response
from replay.scenario.schema import Target
from replay.server_kinds import Ask, Endpoint, openai
from scripts.engines.setups import CACHES, fill_cache
from servers.ports import free_ports
from tests.support.checkout import CHECKOUT
from tests.support.locusts import locust, phase, scenario

ROOT = CHECKOUT
PYTHON = ROOT / ".venv-mlx" / "bin" / "python"
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-mlx: `make engines` makes it (350 MB)"),
]
TOKENS = 48
AT_LENGTH = 500  # mlx_lm looks for newcomers about twice a second: shorter answers come in waves
FINE = ("--prefill-step-size", "128")
LONG = " ".join(f"w{i % 900 + 1003}" for i in range(1200))  # read in steps of 128 tokens
Start = Callable[[], str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mlx") / "tiny-llama"
    subprocess.run(
        [PYTHON, ROOT / "tests" / "support" / "mlx_model.py", folder], check=True, capture_output=True
    )
    return folder


@contextmanager
def serving(model: Path, home: Path | None = None) -> Iterator[str]:
    """The base URL of a new mlx_lm.server; `home`: where its cache is, or would be."""
    [port] = free_ports("127.0.0.1", [0])
    if home is None:
        home = model.parent
        (home / "hub").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [PYTHON, "-m", "mlx_lm", "server", "--model", model, "--port", str(port), *FINE],
        env={**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline_s = time.monotonic() + 60
        while True:
            try:
                check(Target(name="A", base_url=url))
                break
            except TargetError as error:
                assert time.monotonic() < deadline_s, error
                time.sleep(0.1)
        assert ask(url, words="w1003").error is None  # the model is loaded by the first request
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def two(model: Path) -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [stack.enter_context(serving(model)) for _ in range(2)]


def ask(
    url: str,
    endpoint: Endpoint = openai.USUAL,
    tokens: int = TOKENS,
    words: str = "w1005 w1006 w1007",
    model: str | None = None,
) -> Response:
    connection = Connection()
    body = endpoint.body(Ask(words, model, tokens, 0.0))
    connection.prepare(Request(url, body, 60.0, endpoint.path, endpoint.reader))
    try:
        return connection.ask()
    finally:
        connection.close()


def together(urls: list[str], endpoint: Endpoint = openai.USUAL) -> list[Response]:
    words = [f"{i:03d} w1006 w1007" for i in range(len(urls))]
    asked = [gevent.spawn(ask, url, endpoint, AT_LENGTH, w) for url, w in zip(urls, words, strict=True)]
    gevent.joinall(asked)
    answers = [one.get() for one in asked]
    assert [a.error for a in answers] == [None] * len(urls)
    return sorted(answers, key=lambda a: a.first_token_s or 0.0)


def overlapping(answers: list[Response]) -> bool:
    """Whether all decoded at one instant."""
    return max(a.first_token_s or 0.0 for a in answers) < min(a.last_token_s or 0.0 for a in answers)


@pytest.mark.parametrize("cache", CACHES)
def test_whatever_its_cache_holds_the_model_it_was_started_with_answers(
    cache: str, model: Path, tmp_path: Path
) -> None:
    fill_cache(tmp_path / "home", cache)
    with serving(model, tmp_path / "home") as url:
        found = check(Target(name="A", base_url=url))
        answer = ask(url, model=found.info.model)
    assert (found.info.kind, found.info.model) == ("mlx", "default_model")
    assert ("acme/other" in found.info.server["listed"]) is (cache == "foreign")
    assert (answer.error, answer.output_tokens) == (None, TOKENS)
    assert answer.answered_model in ("default_model", str(model)), "no other model was loaded"


def test_it_is_known_by_asking_and_answers_whole(two: list[str]) -> None:
    found = check(Target(name="A", base_url=two[0]))
    assert (found.info.kind, found.info.model) == ("mlx", "default_model")
    answer = ask(two[0])
    assert (answer.output_tokens, answer.finish_reason) == (TOKENS, "length")
    assert answer.chunks is not None
    assert answer.chunks == pytest.approx(TOKENS, abs=2)


def test_one_port_decodes_four_requests_together(two: list[str]) -> None:
    assert overlapping(together([two[0]] * 4))


def test_a_seed_makes_the_same_port_answer_one_after_the_other(two: list[str]) -> None:
    seeded = Endpoint(openai.PATH, lambda ask: openai.body(ask) | {"seed": 7})
    first, second = together([two[0]] * 2, seeded)
    assert first.last_token_s is not None
    assert second.first_token_s is not None
    assert second.first_token_s >= first.last_token_s


def test_two_ports_are_two_servers_that_answer_together(two: list[str]) -> None:
    pids = {check(Target(name="A", base_url=url)).info.pid for url in two}
    assert len(pids) == 2
    assert overlapping(together(two))


def test_a_request_in_mid_prefill_waits_or_not_and_both_are_whole(two: list[str]) -> None:
    """The comments that keep the connection alive meanwhile are no tokens."""
    alone = ask(two[0], tokens=8, words="900 " + LONG)
    assert alone.send_s is not None
    assert alone.first_token_s is not None
    prefill_s = alone.first_token_s - alone.send_s
    long = gevent.spawn(ask, two[0], tokens=8, words="901 " + LONG)
    gevent.sleep(prefill_s / 3)
    short = ask(two[0], tokens=8)
    long.join()
    answer: Response = long.get()
    assert (answer.error, short.error) == (None, None)
    assert (answer.output_tokens, short.output_tokens) == (8, 8)
    assert answer.send_s is not None
    assert answer.first_token_s is not None
    assert answer.first_token_s - answer.send_s > 0.5 * prefill_s


def test_a_run_sees_the_batch_and_no_lock(two: list[str], tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        targets=[{"name": "MLX", "base_url": two[0], "test_message": "w1005 w1006 w1007"}],
        phases=[phase("n4", 4)],
        request={"max_tokens": AT_LENGTH},
    )
    run = locust(tmp_path, "--scenario", str(path))
    assert run.phase("n4")["decode_peak"] == 4, run.err
    assert run.phase("n4")["verdict"] != "serial"
    assert run.manifest["targets"][0]["kind"] == "mlx"
