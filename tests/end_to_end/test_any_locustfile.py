"""Plain locustfiles, real Locusts, servers of known truth: what Locust's files and the recipe's rows say.

All runs go on at the same time, each against a simulated machine of its own.
"""

import csv
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from analysis.locust_only.read import read_locust_run
from analysis.locust_rows.judge import RowsJudged, judge
from analysis.locust_rows.rows import read_requests
from analysis.verdict.outcomes import Outcome
from tests.support.locusts import analysis, until
from tests.support.plain_locusts import FILES, MACHINES, RECIPE, SHAPE, TRUTH, PlainRun, command, run_all
from tests.support.serving import servers

pytestmark = pytest.mark.long

HTTP, STREAM = FILES / "http_user.py", FILES / "streaming_user.py"
SLOW_RAMP = ("-u", "2", "-r", "0.08", "-t", "38s", "--csv-full-history")
KINDS = {
    "streaming": PlainRun("", (STREAM, SHAPE), ("--csv-full-history",)),
    "slow ramp": PlainRun("", (HTTP,), SLOW_RAMP),
    "openai": PlainRun("", (FILES / "openai_user.py", SHAPE), ("--csv-full-history",)),
    "pool": PlainRun("", (FILES / "pool_user.py",), ("-u", "1", "-t", "12s")),
    "wait_time": PlainRun("", (HTTP, SHAPE), env={"WAIT": "0.3"}),
    "cold": PlainRun("", (HTTP, SHAPE), each={"load_s": 3, "models_in_memory": 1}),
    "fast ramp": PlainRun("", (HTTP,), ("-u", "4", "-r", "4", "-t", "12s")),
    "one user": PlainRun("", (HTTP,), ("-u", "1", "-t", "32s")),
    "four users": PlainRun("", (HTTP,), ("-u", "4", "-r", "100", "-t", "32s")),
    "processes": PlainRun("", (STREAM,), ("--processes", "2", *SLOW_RAMP)),
}
FIRST_TOKENS = ("streaming", "processes")
VERDICTS = {"serial": Outcome.SERIAL, "time-sliced": Outcome.SLICED}
NEVER_ALONE = ("pool", "fast ramp")
BUSY = 1.02  # forty Locusts share the machine: answers alone may take that much longer
ONE_EACH = ("one user", "four users")
GRID = [(server, kind) for server in MACHINES for kind in KINDS if kind not in ONE_EACH]


@pytest.fixture(scope="module")
def prefixes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    every = [(server, kind) for server in MACHINES for kind in KINDS]
    runs = {f"{server} {kind}": KINDS[kind].on(server, RECIPE) for server, kind in every}
    return run_all(tmp_path_factory.mktemp("plain"), runs)


def judged(prefix: Path) -> RowsJudged:
    return judge(read_requests(prefix))


@pytest.mark.parametrize(("server", "kind"), GRID)
def test_the_speedup_of_the_rows_holds_the_truth(server: str, kind: str, prefixes: dict[str, Path]) -> None:
    found = judged(prefixes[f"{server} {kind}"])
    assert found.stretches
    for s in (j.stretch for j in found.stretches):
        truth = min(float(TRUTH[server]), s.in_flight)
        if kind == "wait_time" and server == "two slots":
            truth = s.speedup.value  # not always both are busy
        assert s.speedup.low <= truth * BUSY and truth / BUSY <= s.speedup.high
        assert not s.speedup.low or s.speedup.high / s.speedup.low <= 1.3


@pytest.mark.parametrize(("server", "kind"), GRID)
def test_the_verdict_of_the_rows_is_that_of_the_server(
    server: str, kind: str, prefixes: dict[str, Path]
) -> None:
    found = judged(prefixes[f"{server} {kind}"])
    if TRUTH[server] > 1:
        assert found.outcome.gains or kind in NEVER_ALONE
    else:
        assert not found.outcome.gains
        assert "no gain" in found.answer or kind in NEVER_ALONE
    if kind in FIRST_TOKENS and server in VERDICTS:
        assert found.outcome is VERDICTS[server]
    if kind == "streaming":
        assert found.rows.parts == ("TTFT chat",)


@pytest.mark.parametrize(("server", "kind"), GRID)
def test_the_bounds_of_locusts_files_hold_the_truth(
    server: str, kind: str, prefixes: dict[str, Path]
) -> None:
    run = read_locust_run(prefixes[f"{server} {kind}"])
    several = [level for level in run.levels if level.users > 1]
    assert several or run.doubts
    for level in several:
        assert level.speedup is not None
        assert level.speedup.low <= min(TRUTH[server], level.users)
        if kind != "wait_time":  # what pauses leave of the truth depends on who meets whom
            assert min(TRUTH[server], level.users) <= level.speedup.high
        if kind == "slow ramp":
            assert level.speedup.high / level.speedup.low <= 1.3


@pytest.mark.parametrize(("server", "kind"), GRID)
def test_no_server_without_a_gain_reads_one_in_locusts_files(
    server: str, kind: str, prefixes: dict[str, Path]
) -> None:
    run = read_locust_run(prefixes[f"{server} {kind}"])
    if TRUTH[server] == 1:
        assert not run.outcome.gains, run.answer
    else:
        assert run.outcome is not Outcome.NO_GAIN, run.answer
    if kind in ("slow ramp", "streaming"):
        assert run.outcome is (Outcome.GAIN if TRUTH[server] > 1 else Outcome.NO_GAIN), run.answer
    if kind == "pool":
        assert "in flight" in run.answer


def test_one_run_per_number_of_users_shows_limit_and_gain(prefixes: dict[str, Path]) -> None:
    """With one user, and with four."""
    for server, truth in TRUTH.items():
        alone, four = (str(prefixes[f"{server} {kind}"]) for kind in ("one user", "four users"))
        found = json.loads(analysis("compare", alone, four, "--json").stdout)["sets"][0]["runs"][1]
        assert found["speedup"]["low"] <= min(truth, 4) <= found["speedup"]["high"]
        assert found["speedup"]["high"] / found["speedup"]["low"] <= 1.3


@pytest.mark.parametrize("kind", ["slow ramp", "processes"])
def test_a_row_for_each_request_that_locust_counts(kind: str, prefixes: dict[str, Path]) -> None:
    """Locust's own file lacks the last second; the rows do not."""
    prefix = prefixes[f"parallel {kind}"]
    with prefix.with_name(f"{prefix.name}_stats.csv").open(newline="", encoding="utf-8") as file:
        counted = int(list(csv.DictReader(file))[-1]["Request Count"])
    rows = prefix.with_name(f"{prefix.name}_requests.csv").read_text("utf-8").splitlines()[1:]
    assert counted <= len(rows) <= counted * 1.2


def test_the_report_of_the_rows_has_a_verdict_and_an_exit_code(prefixes: dict[str, Path]) -> None:
    done = analysis("report", str(prefixes["serial streaming"]))
    assert done.returncode == 0, done.stderr
    assert "SERIAL PROCESSING" not in done.stdout and "SERIAL" in done.stdout
    assert "no gain, at most" in done.stdout
    assert analysis("check", str(prefixes["serial fast ramp"])).returncode == 3


def test_the_recipe_survives_ctrl_c(tmp_path: Path) -> None:
    prefix = tmp_path / "x"
    rows = prefix.with_name("x_requests.csv")
    with servers("simulate", "--port", "0", "--policy", "parallel") as running:
        options = ("--host", running.urls[0], "-u", "2", "-r", "2")
        with subprocess.Popen(
            command(prefix, (HTTP, RECIPE), *options), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            until(lambda: rows.exists() and len(rows.read_text("utf-8").splitlines()) > 20)
            process.send_signal(signal.SIGINT)
            stopped_s = time.time()
            process.wait(timeout=20)
    found = read_requests(prefix)
    assert not found.torn
    assert found.requests[-1].end_s > stopped_s - 1.0
    assert {r.error for r in found.requests} == {None}


def test_a_stream_that_is_read_after_its_report_is_named(tmp_path: Path) -> None:
    run = PlainRun("serial", (FILES / "unread_user.py", RECIPE), ("-u", "2", "-r", "2", "-t", "5s"))
    prefix = run_all(tmp_path, {"x": run})["x"]
    requests = read_requests(prefix).requests
    unread = {name: {r.unread for r in requests if r.name == name} for name in {r.name for r in requests}}
    assert unread == {"late": {True}, "whole": {False}, "fast late": {True}}
    found = judged(prefix)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "reported before they were read" in found.answer


def test_the_recipe_is_short_and_needs_nothing_but_locust() -> None:
    text = RECIPE.read_text("utf-8")
    assert len(text.splitlines()) <= 60
    assert "analysis" not in "".join(line for line in text.splitlines() if "import" in line)
