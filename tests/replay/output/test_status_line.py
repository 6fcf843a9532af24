"""On a terminal one line at its foot instead of a line per answer; in a pipe every line and no such foot."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from replay.output import log, status_line
from tests.support.checkout import CHECKOUT
from tests.support.locusts import LOCUST, phase, scenario

END = "\x00"


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """stderr is a terminal; gives what was written to it."""
    ours, its = pty.openpty()

    def written() -> str:
        """All so far: what was written may come in pieces."""
        stream.write(END)
        stream.flush()
        found = ""
        while not found.endswith(END):
            found += os.read(ours, 65536).decode()
        return found.removesuffix(END)

    with os.fdopen(its, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")
        yield written
    os.close(ours)


def followed(lines: Callable[[], None], words: str = "phase1 (1 of 1), round 1 of 3") -> None:
    """The status line is kept while `lines` writes."""
    going = iter((True, False))

    def goes_on() -> bool:
        if next(going):
            return True
        lines()
        return False

    status_line.EVERY_S, before = 0.0, status_line.EVERY_S
    try:
        status_line.follow(lambda: words, goes_on)
    finally:
        status_line.EVERY_S = before


def test_lines_scroll_above_the_status_and_what_it_says_itself_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lines() -> None:
        log.success("A: response received in 1.00 s", passing=True)
        log.warning("B: connection refused")

    with terminal(monkeypatch) as written:
        assert status_line.possible()
        followed(lines)
        log.info("run files: x", passing=True)
        shown = written()
    status = "\r\x1b[2Kphase1 (1 of 1), round 1 of 3"
    assert "response received" not in shown
    assert shown.startswith(status) and shown.count(status) == 2, "drawn again below the warning"
    erased, warned = shown.split(status)[1], shown.index("B: connection refused")
    assert erased.startswith("\r\x1b[2K[") and warned < shown.rindex(status)
    assert shown.rstrip().endswith("run files: x") and "\x1b[2K" not in shown[shown.index("run files") :]


def test_a_status_never_wraps_and_a_servers_escapes_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as written:
        followed(lambda: None, "\x1b[31m" + "x" * 500)
        shown = written()
    assert "\x1b[31m" not in shown and shown.count("x") < status_line.USUAL_WIDTH


@pytest.mark.parametrize("name", ["", "dumb"])
def test_a_terminal_that_cannot_erase_gets_lines(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with terminal(monkeypatch):
        monkeypatch.setenv("TERM", name)
        assert not status_line.possible()


def test_a_pipe_gets_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert not status_line.possible()
    log.success("A: response received in 1.00 s", passing=True)
    assert capsys.readouterr().err.endswith("[SUCCESS] A: response received in 1.00 s\n")


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--verbose",)], ids=str)
def test_a_run_on_a_terminal_says_where_it_is_or_all(tmp_path: Path, options: tuple[str, ...]) -> None:
    farm = {"machines": [{"policy": "parallel", "each": {"ttft_s": 0.05}, "ports": [{}, {}]}]}
    targets = [{"name": "A", "server": 0}, {"name": "B", "server": 1}]
    servers = [{"kind": "simulator", "farm": farm}]
    file = scenario(tmp_path, servers=servers, targets=targets, phases=[phase("phase1", 2)])
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [*LOCUST, "--headless", "--csv", str(tmp_path / "run"), "--scenario", str(file), *options],
        cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=its, stderr=its, env=os.environ | {"TERM": "xterm"},
    )  # fmt: skip
    os.close(its)
    shown = ""
    try:
        while piece := os.read(ours, 65536):
            shown += piece.decode(errors="replace")
    except OSError:  # what Linux raises once nobody holds the other end
        pass
    os.close(ours)
    assert process.wait(30) in (0, 3)
    assert ("response received" in shown, "\r\x1b[2Kphase1 (1 of 1), " in shown) == (
        bool(options),
        not options,
    )
    assert "PARALLELISM ANALYSIS: phase1" in shown
    assert "\x1b[2K" not in shown[shown.index("run files:") :]
