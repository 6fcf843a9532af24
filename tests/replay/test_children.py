"""Child processes: each ends with us, in time, and one that dies is named."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import gevent
import psutil
import pytest

from replay.children import Child, run_to_its_end
from tests.support.checkout import CHECKOUT
from tests.support.locusts import alive, until

PATIENT = "import sys; print('ready', flush=True); sys.stdin.read()"
STUBBORN = "import time; print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that `python -m child_module` runs."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "child_module.py"


def started(module: Path, code: str) -> Child:
    module.write_text(code)
    child = Child("child_module", stdout=subprocess.PIPE)
    assert next(child.lines()) == "ready\n"
    return child


def test_a_child_ends_once_its_stdin_closes(module: Path) -> None:
    child = started(module, PATIENT)
    child.ask_to_end()
    assert child.wait() == 0
    child.end(1.0)  # twice is fine


def test_a_child_that_does_not_end_in_time_is_killed(module: Path) -> None:
    child = started(module, STUBBORN)
    began_s = time.monotonic()
    child.end(0.2)
    assert child.wait() == -9
    assert time.monotonic() - began_s < 30, "it would have slept for a minute"


def test_a_child_that_dies_is_named_with_what_follows(
    module: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = started(module, PATIENT + "; sys.exit(7)")
    child.warn_if_it_dies("the servers", "requests will fail")
    child._process.stdin.close()  # not by ask_to_end: an end that was not expected
    child.wait()
    gevent.sleep(0.05)
    assert "the servers ended with code 7: requests will fail" in capsys.readouterr().err


def test_a_child_that_was_asked_to_end_is_not_called_dead(
    module: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = started(module, PATIENT + "; sys.exit(7)")
    child.warn_if_it_dies("the servers", "requests will fail")
    child.end(5.0)
    gevent.sleep(0.05)
    assert capsys.readouterr().err == ""


def it_ends_with(module: Path, parent: str) -> None:
    """The child whose number is printed first ends once the program `parent` is killed."""
    environment = {"PYTHONPATH": f"{module.parent}:{CHECKOUT}"}
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        process.kill()
    until(lambda: not alive(child), 10)


def test_no_child_outlives_a_parent_that_was_killed(module: Path) -> None:
    module.write_text(PATIENT)
    it_ends_with(
        module,
        "from replay.children import Child; c = Child('child_module'); "
        "print(c._process.pid, flush=True); c.wait()",
    )


def test_the_exit_code_of_a_child_that_runs_to_its_end(module: Path) -> None:
    module.write_text("raise SystemExit(3)")
    assert run_to_its_end("child_module", within_s=30.0) == 3


def test_what_runs_to_its_end_ends_at_once_if_its_parent_is_killed(module: Path) -> None:
    module.write_text("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    it_ends_with(
        module, "from replay.children import run_to_its_end; run_to_its_end('child_module', within_s=60)"
    )


def test_a_child_that_does_not_end_is_killed_in_time(module: Path) -> None:
    module.write_text("import time; time.sleep(60)")
    assert run_to_its_end("child_module", within_s=1.0) == -signal.SIGKILL


def test_a_deaf_child_ignores_ctrl_c_from_its_first_instant(module: Path) -> None:
    module.write_text(PATIENT)
    child = Child("child_module", stdout=subprocess.PIPE, deaf=True)
    for _ in range(20):
        child._process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    assert next(child.lines()) == "ready\n"
    child.end(5.0)
    assert child.wait() == 0
