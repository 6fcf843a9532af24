"""Workers that come late, differ, stop or die: the rest goes on, and each is named."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.locusts import (
    analysis,
    ended,
    offspring,
    phase,
    rows_of,
    running,
    scenario,
    until,
)

PARALLEL = {
    "servers": [{"kind": "simulator", "policy": "port-serial", "ttft_s": 0.05, "tpot_s": 0.01}] * 2,
    "targets": [{"name": "A", "server": 0}, {"name": "B", "server": 1}],
}


def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The forks of `--processes`, which have their parent's command line."""
    return [p for p in offspring(process) if "--processes" in p.cmdline()]


@contextmanager
def two_workers(folder: Path, rounds: int = 6) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    prefix, path = folder / "run", scenario(folder, **PARALLEL, phases=[phase("p", 4, rounds)])
    arguments = ("--headless", "--csv", str(prefix), "--scenario", str(path), "--processes", "2")
    with running(*arguments) as process:
        yield process, prefix


def test_the_workers_port_is_open_on_this_machine_alone_and_two_runs_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with two_workers(tmp_path / "a") as (one, prefix), two_workers(tmp_path / "b") as (other, second):
        until(lambda: bool(rows_of(prefix)) and bool(rows_of(second)), 60)
        ports = [
            {c.laddr for c in psutil.Process(p.pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN}
            for p in (one, other)
        ]
        assert all(len(listening) == 1 for listening in ports)
        assert {address.ip for listening in ports for address in listening} == {"127.0.0.1"}
        assert len({address.port for listening in ports for address in listening}) == 2
        runs = [ended(one, prefix), ended(other, second)]
    for run in runs:
        assert run.code in (0, 3), run.err
        assert all(not r["error"] for r in run.rows)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_ends_costs_its_own_requests_only(tmp_path: Path, number: signal.Signals) -> None:
    with two_workers(tmp_path) as (process, prefix):
        until(lambda: any(r["kind"] == "burst" for r in rows_of(prefix)), 60)
        workers_of(process)[0].send_signal(number)
        run = ended(process, prefix)
    assert "Traceback" not in run.err, run.err
    assert run.code in (0, 3), run.err
    assert run.report["verdict"] in ("partly-parallel", "inconclusive")
    assert run.manifest["finished"]
    assert len(run.manifest["workers_lost"]) == 1
    agrees = next(c for c in run.report["conditions"] if c["name"] == "Locust agrees")
    assert agrees["passed"] is None
    assert "ended or hung" in agrees["sentence"]
    lost = [r for r in run.rows if r["error"]]
    assert len(lost) <= 4
    assert len(run.rows) == len({r["request_id"] for r in run.rows})


def test_the_last_worker_that_ends_ends_the_run_in_words(tmp_path: Path) -> None:
    with two_workers(tmp_path) as (process, prefix):
        until(lambda: any(r["kind"] == "burst" for r in rows_of(prefix)), 60)
        for worker in workers_of(process):
            worker.kill()
        run = ended(process, prefix)
    assert run.code == 1, run.err
    assert "the last worker ended: everything measured so far is kept" in run.err
    assert "Traceback" not in run.err
    assert run.manifest["interrupted"] == "the last worker ended"
    assert analysis("report", str(prefix)).returncode == 3


def test_a_worker_that_stops_for_a_while_does_not_hold_the_run_up(tmp_path: Path) -> None:
    with two_workers(tmp_path) as (process, prefix):
        until(lambda: any(r["kind"] == "burst" for r in rows_of(prefix)), 60)
        worker = workers_of(process)[0]
        worker.suspend()
        time.sleep(8)
        worker.resume()
        run = ended(process, prefix)
    assert run.code in (0, 3), run.err
    assert "Traceback" not in run.err, run.err
    assert run.manifest["finished"]
    assert len(run.rows) == len({r["request_id"] for r in run.rows})


def test_a_worker_with_another_scenario_is_refused_at_once_and_the_master_says_what_it_waits_for(
    tmp_path: Path,
) -> None:
    port = str(unused_port())
    targets = [{"name": "A", "base_url": "http://127.0.0.1:9"}]
    (tmp_path / "other").mkdir()
    other = scenario(tmp_path / "other", name="other", targets=targets, phases=[phase("p", 2)])
    mine = scenario(tmp_path, **PARALLEL, phases=[phase("p", 2)])
    prefix = tmp_path / "run"
    master = ("--headless", "--master", "--master-bind-port", port, "--csv", str(prefix))
    with (
        running(*master, "--scenario", str(mine)) as process,
        running("--worker", "--master-port", port, "--scenario", str(other)) as stranger,
    ):
        _, words = stranger.communicate(timeout=60)
        assert stranger.returncode == 2
        assert len(words.splitlines()) == 1, words
        assert "refuses this worker: it has scenario 'other'" in words
        with running("--worker", "--master-port", port, "--scenario", str(mine)) as worker:
            run = ended(process, prefix)
            assert worker.wait(20) == 0
    assert run.code in (0, 3), run.err
    assert "a worker is refused: it has scenario 'other'" in run.err


def test_a_port_that_is_taken_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        path = scenario(tmp_path, **PARALLEL, phases=[phase("p", 2)])
        with running(
            "--headless", "--scenario", str(path), "--processes", "2", "--master-bind-port", port
        ) as process:
            _, words = process.communicate(timeout=30)
    assert process.returncode == 2
    assert f"--master-bind-port {port}: in use; choose another" in words
    assert len(words.splitlines()) == 1, words


def test_a_worker_without_a_master_says_what_it_waits_for(tmp_path: Path) -> None:
    path, port = scenario(tmp_path, **PARALLEL, phases=[phase("p", 2)]), str(unused_port())
    with running("--worker", "--master-port", port, "--scenario", str(path)) as worker:
        assert worker.stderr is not None
        assert (
            f"waiting for a master at 127.0.0.1:{port}: 5 s so far, at most 115 s" in worker.stderr.readline()
        )
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) in (0, 1, 130, -signal.SIGTERM)
