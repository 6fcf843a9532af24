"""Everything that can go wrong with a run: one line where someone reads it, and nothing measured is lost."""

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.locusts import (
    Ended,
    alive,
    analysis,
    ended,
    file_of,
    locust,
    manifest_of,
    offspring,
    phase,
    report_of,
    reporting,
    rows_of,
    running,
    scenario,
    until,
)
from tests.support.serving import servers

SERIAL = ("simulate", "--port", "0", "--ttft-s", "0.05", "--tpot-s", "0.01", "--until-stdin-closes")
OWN = {
    "servers": [{"kind": "simulator", "policy": "serial", "ttft_s": 0.05, "tpot_s": 0.01}],
    "targets": [{"name": "A", "server": 0}],
}
TWO_USERS = [phase("phase1", 2)]


def refused_with(run: Ended) -> str:
    """The one line on stderr; nothing else, nothing written, code 2."""
    assert run.code == 2
    assert run.out == ""
    assert len(run.err.splitlines()) == 1, run.err
    assert "Traceback" not in run.err
    assert list(run.prefix.parent.glob("run*")) == []
    return run.err


@pytest.fixture
def free_port() -> int:
    return unused_port()


def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def web_server() -> Iterator[str]:
    """Another program: files over HTTP, no LLM."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


# --- bad input: one line, code 2, nothing written


def test_a_port_without_a_listener(tmp_path: Path, free_port: int) -> None:
    line = refused_with(locust(tmp_path, "--target", f"http://127.0.0.1:{free_port}"))
    assert f"(http://127.0.0.1:{free_port}): connection refused" in line
    assert "start it, or correct the port" in line


def test_another_program_on_the_port(tmp_path: Path, web_server: str) -> None:
    line = refused_with(locust(tmp_path, "--target", web_server))
    assert "another program answers there, not an LLM server" in line


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with servers(*SERIAL) as s:
        run = locust(tmp_path, "--target", f"{s.urls[0]}=gpt-5")
    assert run.code == 2
    assert "model 'gpt-5' is not in the server's list (simulated); it is asked for all the same" in run.err
    assert "its warm-up failed: HTTP 404: The model 'gpt-5' does not exist" in run.err
    assert "Traceback" not in run.err
    rows = rows_of(run.prefix)  # a failure is a row
    assert rows and all(row["error"].startswith("HTTP 404") for row in rows)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"targets": OWN["targets"], "servers": OWN["servers"]}, "scenario.yaml: phases: is missing"),
        (OWN | {"phases": TWO_USERS, "budget": 3}, "budget: unknown key; did you mean 'budget_s'?"),
        (OWN | {"phases": [phase("phase1", 1)]}, "phases[0].users: must be at least 2, not 1"),
    ],
)
def test_a_scenario_with_a_mistake(tmp_path: Path, keys: dict, complaint: str) -> None:
    line = refused_with(locust(tmp_path, "--scenario", str(scenario(tmp_path, **keys))))
    assert complaint in line


def test_a_scenario_that_is_not_there(tmp_path: Path) -> None:
    line = refused_with(locust(tmp_path, "--scenario", "scenarios/slot.yaml"))
    assert "no such file; did you mean 'scenarios/slots.yaml'?" in line


def test_a_budget_that_is_no_time(tmp_path: Path) -> None:
    path = scenario(tmp_path, **OWN, phases=TWO_USERS)
    line = refused_with(locust(tmp_path, "--scenario", str(path), "--budget", "soon"))
    assert "--budget soon: not a time; write it as 150, 90s, 20m or 1h" in line


def test_a_folder_that_cannot_be_written_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    run = locust(tmp_path, "--target", "http://127.0.0.1:9", "--csv", str(tmp_path / "file" / "run"))
    assert "file is not writable for user" in refused_with(run)


def test_a_prefix_that_a_run_has_used_is_not_overwritten(tmp_path: Path) -> None:
    used = tmp_path / "run_stats.csv"
    used.write_text("precious")
    run = locust(tmp_path, "--target", "http://127.0.0.1:9")
    assert (run.code, len(run.err.splitlines())) == (2, 1)
    assert "run_stats.csv exists; choose another prefix" in run.err
    assert [p.name for p in tmp_path.iterdir()] == ["run_stats.csv"]
    assert used.read_text() == "precious"


@pytest.mark.parametrize("option", ["--scen", "--nonsense"])
def test_an_option_that_is_unknown_or_abbreviated(tmp_path: Path, option: str) -> None:
    run = locust(tmp_path, option, "scenarios/two-requests.yaml")
    assert run.code == 2
    assert f"unrecognized arguments: {option}" in run.err.splitlines()[0]
    assert list(tmp_path.iterdir()) == []


def test_workers_of_a_refused_run_do_not_stay(tmp_path: Path, free_port: int) -> None:
    with running("--headless", "--target", f"http://127.0.0.1:{free_port}", "--processes", "2") as process:
        until(lambda: len(offspring(process)) == 2)
        workers = offspring(process)
        assert process.wait(20) == 2
        until(lambda: not any(map(alive, workers)), 5)


# --- ended from outside


def in_mid_burst(prefix: Path, process: subprocess.Popen[str]) -> bool:
    """At least one whole round is on disk, and the next is under way."""
    assert process.poll() is None
    rounds = {r["round"] for r in rows_of(prefix) if r["kind"] == "burst"}
    solos = {r["round"] for r in rows_of(prefix) if r["kind"] == "baseline"}
    return len(rounds) >= 1 and len(solos) == len(rounds) + 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_in_mid_phase_keeps_what_was_measured(tmp_path: Path, number: signal.Signals) -> None:
    prefix = tmp_path / "run"
    slow = OWN | {"request": {"max_tokens": 60}, "phases": [phase("phase1", 4, 9)]}
    with running(
        "--headless", "--csv", str(prefix), "--scenario", str(scenario(tmp_path, **slow))
    ) as process:
        until(lambda: in_mid_burst(prefix, process))
        time.sleep(0.3)  # the four answers of a round take 2.6 s
        children = offspring(process)
        process.send_signal(number)
        run = ended(process, prefix)
    assert run.code == 130
    assert "Traceback" not in run.err
    assert len(children) == 2, "the servers, and what watches them"
    assert not any(map(alive, children))
    cut = [r for r in run.rows if r["error"] == "stopped before the answer ended"]
    assert len(cut) == 4
    assert {r["kind"] for r in cut} == {"burst"}
    assert len({r["request_id"] for r in run.rows}) == len(run.rows)
    assert not run.manifest["finished"]
    assert run.manifest["interrupted"] == "Ctrl-C, SIGTERM or a closed terminal"
    assert run.report["verdict"] == "inconclusive"
    again = analysis("report", str(prefix))
    assert again.returncode == 3
    assert "inconclusive" in again.stdout


def test_ctrl_c_while_portlap_is_still_imported_shows_no_traceback() -> None:
    ask = "import os, signal, replay.signals; os.kill(os.getpid(), signal.SIGINT); print('went on')"
    run = subprocess.run([sys.executable, "-c", ask], cwd=CHECKOUT, capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_an_end_while_the_report_is_made_ends_it_too_and_the_rows_can_be_read(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    prefix = tmp_path / "run"
    path = scenario(tmp_path, **OWN, phases=[phase("phase1", 2, 9)])
    with running("--headless", "--csv", str(prefix), "--scenario", str(path)) as process:
        until(lambda: in_mid_burst(prefix, process))
        process.send_signal(signal.SIGINT)
        until(lambda: bool(reporting(process)))
        (report,) = reporting(process)
        assert os.getpgid(report.pid) != os.getpgid(process.pid), "the terminal's Ctrl-C does not end it"
        process.send_signal(number)
        run = ended(process, prefix)
    assert run.code == code
    assert "Traceback" not in run.err
    until(lambda: not alive(report), 5)
    assert not file_of(prefix, "report.json").exists()
    assert analysis("report", str(prefix)).returncode == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_while_the_servers_start_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    prefix = tmp_path / "run"
    path = scenario(tmp_path, **OWN, phases=TWO_USERS)
    with running("--headless", "--csv", str(prefix), "--scenario", str(path)) as process:
        until(lambda: bool(offspring(process)))
        children = offspring(process)
        process.send_signal(number)
        run = ended(process, prefix)
    assert run.code == 130
    assert "Traceback" not in run.err
    assert not any(map(alive, children))
    assert list(tmp_path.glob("run*")) == []


def test_kill_9_in_mid_phase_leaves_rows_that_can_be_read_and_no_orphan(tmp_path: Path) -> None:
    prefix = tmp_path / "run"
    path = scenario(tmp_path, **OWN, phases=[phase("phase1", 4, 9)])
    with running("--headless", "--csv", str(prefix), "--scenario", str(path)) as process:
        until(lambda: in_mid_burst(prefix, process))
        children = offspring(process)
        process.kill()
        process.wait(10)
        until(lambda: not any(map(alive, children)), 5)
    assert children
    assert not manifest_of(prefix)["finished"]
    read = analysis("report", str(prefix))
    assert read.returncode == 3
    assert read.stderr == ""
    assert report_of(prefix)["phases"][0]["rounds"] >= 1


def test_kill_9_leaves_no_worker_behind(tmp_path: Path) -> None:
    prefix = tmp_path / "run"
    path, port = scenario(tmp_path, **OWN, phases=[phase("phase1", 2, 30)]), str(unused_port())
    with running(
        *("--headless", "--csv", str(prefix), "--scenario", str(path), "--processes", "2"),
        *("--master-bind-port", port, "--master-port", port),
    ) as process:
        until(lambda: any(r["kind"] == "burst" for r in rows_of(prefix)), 60)
        children = offspring(process)
        process.kill()
        process.wait(10)
        until(lambda: not any(map(alive, children)), 5)
    assert len(children) == 4, "the servers, what watches them, two workers"
    assert analysis("report", str(prefix)).returncode == 3


def test_a_server_that_dies_in_mid_run_ends_it_after_one_refused_round(
    tmp_path: Path,
) -> None:
    prefix = tmp_path / "run"
    with servers(*SERIAL) as s:
        path = scenario(
            tmp_path, targets=[{"name": "A", "base_url": s.urls[0]}], phases=[phase("phase1", 2, 5)]
        )
        with running("--headless", "--csv", str(prefix), "--scenario", str(path)) as process:
            until(lambda: in_mid_burst(prefix, process))
            s.process.kill()
            run = ended(process, prefix)
    assert run.code == 3
    failed = [r["error"] for r in run.rows if r["error"]]
    assert failed
    assert any("connection refused" in e for e in failed)
    assert run.report["verdict"] == "inconclusive"
    assert "rounds can be scored" in run.report["answer"]
    assert run.manifest["interrupted"].startswith("A: no server took a connection in round")
    refused = {r["round"] for r in run.rows if r["kind"] == "burst" and "connection refused" in r["error"]}
    assert len(refused) == 1, "the first round that is refused is the last"
    in_bursts = sum(bool(r["error"]) for r in run.rows if r["kind"] == "burst")
    assert run.phase("phase1")["failed"] == in_bursts
    assert file_of(prefix, "report.html").exists()


# --- servers with faults: never a wrong verdict

FAULTS = {  # three rounds of three users; the 13th request is in the last round
    "failing": ("--fail-every", "7"),
    "cutting": ("--policy", "parallel", "--die-after", "5", "--die-every", "6"),
    "hanging": ("--hang-every", "13"),
    "lump": ("--lump",),
    **{f: ("--fault", f, "--fault-every", "7") for f in ("reset", "half-close", "compressed", "status-503")},
}


def measured(folder: Path, *faults: str, **request: object) -> Ended:
    with servers(*SERIAL, *faults) as s:
        path = scenario(
            folder,
            targets=[{"name": "A", "base_url": s.urls[0]}],
            request={"max_tokens": 30, **request},
            phases=[phase("p", 3)],
        )
        return locust(folder, "--scenario", str(path))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """All runs at once, because the hanging one waits for half a minute: their timing is not judged."""
    folders = {name: tmp_path_factory.mktemp(name) for name in FAULTS}
    with ThreadPoolExecutor(len(FAULTS)) as pool:
        runs = {n: pool.submit(measured, folders[n], *FAULTS[n], timeout_s=1) for n in FAULTS}
        return {name: run.result() for name, run in runs.items()}


def test_failures_now_and_then_are_named_and_their_rounds_are_not_scored(faulty: dict) -> None:
    run = faulty["failing"]
    assert run.code == 3
    assert run.report["verdict"] == "inconclusive"
    errors = [r for r in run.rows if r["error"]]
    assert errors
    assert all(r["http_status"] == "500" for r in errors)
    assert "500" in run.report["answer"]


def test_answers_cut_in_the_middle_are_no_answers(faulty: dict) -> None:
    run = faulty["cutting"]
    assert run.code == 3
    assert run.report["verdict"] == "inconclusive"
    cut = [r for r in run.rows if r["error"]]
    assert cut
    assert all(r["chunks"] == "5" for r in cut)  # what had come is kept


def test_answers_in_one_lump_never_make_a_serial_server_parallel(faulty: dict) -> None:
    run = faulty["lump"]
    assert run.report["verdict"] in ("serial", "inconclusive")
    assert run.phase("p")["decode_peak"] is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        *(("reset", "reset"), ("half-close", "closed"), ("compressed", "gzip"), ("status-503", "HTTP 503")),
    ],
)
def test_a_server_that_misbehaves_spoils_its_own_round_only(faulty: dict, fault: str, words: str) -> None:
    run = faulty[fault]
    failed = [r for r in run.rows if r["error"]]
    assert failed and all(words in r["error"] for r in failed)
    assert run.report["verdict"] in ("serial", "inconclusive")
    spoilt = {(r["phase"], r["round"]) for r in failed if r["kind"] == "burst"}
    rounds = {(r["phase"], r["round"]) for r in run.rows if r["kind"] == "burst"}
    assert f"{len(rounds - spoilt)} of {len(rounds)} rounds can be scored" in run.report["answer"]


def test_a_request_that_never_answers_blocks_no_other_and_times_out(faulty: dict) -> None:
    run = faulty["hanging"]
    (hung,) = [r for r in run.rows if "timed out after" in r["error"]]
    others = [r for r in run.rows if (r["kind"], r["round"]) == ("burst", hung["round"])]
    assert [bool(r["error"]) for r in others].count(False) == 2
    assert run.code == 3


@pytest.mark.alone
def test_answers_that_stop_early_are_counted_by_their_tokens(tmp_path: Path) -> None:
    run = measured(tmp_path, "--stop-after", "12", max_tokens=40)
    assert run.code == 0
    assert run.report["verdict"] == "serial"
    assert run.phase("p")["speedup"]["value"] == pytest.approx(1, rel=0.05)
    assert {r["finish_reason"] for r in run.rows if r["kind"] == "burst"} == {"stop"}
