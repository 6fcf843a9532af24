"""Folders, names and machines that are unusual: the run goes on, or one line says why not."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from replay import children
from tests.support.checkout import CHECKOUT
from tests.support.locusts import ended, locust, phase, reporting, rows_of, running, scenario, until

OWN = {
    "servers": [{"kind": "simulator", "policy": "serial", "ttft_s": 0.03, "tpot_s": 0.005}],
    "targets": [{"name": "A", "server": 0}],
    "phases": [phase("p", 2)],
}
HIDDEN = "import psutil; psutil.PROCFS_PATH = '/nonexistent'"

LIKE_WINDOWS = """
import asyncio, builtins, os, signal, socket
import gevent.socket  # it would miss what it finds on this system
del signal.SIGHUP
for name in ("getuid", "getgid", "pathconf", "pread", "sched_getaffinity", "getloadavg"):
    if hasattr(os, name):
        delattr(os, name)
del socket.CMSG_SPACE, socket.CMSG_LEN

def refuse(*_):
    raise NotImplementedError

asyncio.SelectorEventLoop.add_signal_handler = refuse
found, ours = builtins.__import__, ("analysis", "replay", "servers", "locustfile")

def find(name, globals=None, *more, **named):
    room = (globals or {}).get("__name__", "").partition(".")[0]
    if room in ours and name in ("resource", "fcntl", "pwd", "grp", "termios"):
        raise ModuleNotFoundError(name)
    return found(name, globals, *more, **named)

builtins.__import__ = find
"""


def measured_in(folder: Path, tmp_path: Path, **env: str) -> None:
    folder.mkdir()
    run = locust(folder, "--scenario", str(scenario(tmp_path, **OWN)), env=env)
    assert run.code in (0, 3), run.err
    assert "Traceback" not in run.err
    assert run.manifest["finished"]
    assert run.report["phases"][0]["rounds"] == 3


def test_a_folder_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    measured_in(Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xff\xfe")), tmp_path)


def test_a_folder_beyond_ascii_where_the_locale_is_c(tmp_path: Path) -> None:
    measured_in(tmp_path / "ü", tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")


def test_a_machine_that_hides_its_processes_costs_evidence_only(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sitecustomize.py").write_text(HIDDEN)
    measured_in(tmp_path / "here", tmp_path, PYTHONPATH=f"{tmp_path / 'hidden'}:{CHECKOUT}")


def test_what_windows_lacks_is_asked_for_nowhere(tmp_path: Path) -> None:
    """No kernel stamps and no closed terminal there; all else is the same."""
    (tmp_path / "like").mkdir()
    (tmp_path / "like" / "sitecustomize.py").write_text(LIKE_WINDOWS)
    measured_in(tmp_path / "here", tmp_path, PYTHONPATH=f"{tmp_path / 'like'}:{CHECKOUT}")
    rows = rows_of(tmp_path / "here" / "run")
    assert {row["stamp"] for row in rows} == {"user"}


def test_a_child_is_started_apart_from_the_terminal_on_windows_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")
    assert set(children._apart()) == {"creationflags"}
    assert children._deaf() == {}
    monkeypatch.undo()
    assert children._apart() == {"start_new_session": True}


@pytest.mark.parametrize("name", ["x" * 240, "x/" * 2500 + "x", "/proc/x/run"], ids=["name", "path", "proc"])
def test_a_place_that_takes_no_files_is_one_line(tmp_path: Path, name: str) -> None:
    prefix = str(tmp_path / name)
    with running("--headless", "--csv", prefix, "--scenario", str(scenario(tmp_path, **OWN))) as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, len(err.splitlines())) == (2, "", 1), err
    assert "--csv" in err


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_report_that_is_killed_is_named_with_the_command_that_makes_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    prefix = tmp_path / "run"
    arguments = ("--headless", "--csv", str(prefix), "--scenario", str(scenario(tmp_path, **OWN)))
    with running(*arguments) as process:
        until(lambda: bool(reporting(process)), 60)
        reporting(process)[0].send_signal(number)
        run = ended(process, prefix)
    assert run.code == 1, run.err
    assert f"write it with: python -m analysis report {prefix}" in run.err.replace("\n", "")
    assert "report.html" not in run.err
    assert "Traceback" not in run.err


def test_an_interrupt_that_reaches_the_report_alone_changes_nothing(tmp_path: Path) -> None:
    prefix = tmp_path / "run"
    arguments = ("--headless", "--csv", str(prefix), "--scenario", str(scenario(tmp_path, **OWN)))
    with running(*arguments) as process:
        until(lambda: bool(reporting(process)), 60)
        reporting(process)[0].send_signal(signal.SIGINT)
        run = ended(process, prefix)
    assert run.code in (0, 3), run.err
    assert "Traceback" not in run.err
    assert run.report["verdict"]


@pytest.mark.parametrize(("reader", "code"), [("| true", 0), ("> /dev/full", 1)])
def test_an_analysis_whose_reader_has_gone_shows_no_traceback(tmp_path: Path, reader: str, code: int) -> None:
    for file in (CHECKOUT / "tests" / "runs").glob("full_*"):
        shutil.copy(file, tmp_path)
    command = f"set -o pipefail; {sys.executable} -m analysis report {tmp_path / 'full'} {reader}"
    done = subprocess.run(["bash", "-c", command], cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    assert done.returncode in (code, 3)
