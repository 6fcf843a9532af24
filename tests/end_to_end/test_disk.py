"""A disk that takes no more: the run ends with one line, keeps what it has, and never hangs."""

import errno
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from analysis.errors import ScenarioError
from analysis.files.request_record import read_records
from analysis.files.server_samples import read_server_samples
from replay.output.prefix import refuse_shut_folder
from tests.end_to_end.test_dying import OWN
from tests.support.checkout import CHECKOUT
from tests.support.locusts import LOCUST, analysis, locust, phase, rows_of, scenario

LIMITED = ("bash", "-c", 'ulimit -f 3 && exec "$@"', "bash")  # no file beyond 3 kB: as if the disk were full


def test_a_run_whose_rows_are_not_taken_ends_with_one_line_and_what_it_has(tmp_path: Path) -> None:
    prefix = tmp_path / "run"
    path = scenario(tmp_path, **OWN, request={"max_tokens": 5}, phases=[phase("phase1", 8, 9)])
    run = subprocess.run(
        [*LIMITED, *LOCUST, "--headless", "--csv", str(prefix), "--scenario", str(path)],
        cwd=CHECKOUT,
        env=os.environ | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert f"{prefix}_*: cannot be written: File too large; make room, or choose another --csv" in run.stderr
    assert "locust.portlap" not in run.stderr, "no traceback of ours"
    assert not list(tmp_path.glob("*.part"))
    assert len(rows_of(prefix)) >= 8
    read = analysis("report", str(prefix))
    assert read.stderr == ""
    assert read.returncode in (3, 4)  # Locust may have counted what the log lacks


@pytest.mark.parametrize("read", [read_records, read_server_samples])
def test_a_file_without_its_first_line_holds_no_rows(tmp_path: Path, read) -> None:
    path = tmp_path / "run_file.csv"
    path.touch()
    found = read(path)
    assert (found.records if hasattr(found, "records") else found) == ()


def test_a_report_that_cannot_be_written_is_printed_all_the_same(tmp_path: Path) -> None:
    run = locust(tmp_path, "--scenario", str(scenario(tmp_path, **OWN, phases=[phase("phase1", 2)])))
    report = tmp_path / "run_report.json"
    report.unlink()
    report.mkdir()
    read = analysis("report", str(run.prefix))
    assert read.returncode == 2
    assert read.stdout.startswith("portlap")
    assert read.stderr.startswith(f"{report}: cannot be written: ") and read.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*.part"))


def test_a_prefix_below_what_is_no_folder_is_refused_before_anything_starts() -> None:
    run = subprocess.run(
        [*LOCUST, "--headless", "--csv", "/dev/null/run"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 2
    assert "--csv /dev/null/run: /dev/null is not writable for user" in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_folder_that_is_shut_is_refused_and_one_that_is_not_there_yet_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_shut_folder(str(tmp_path / "new" / "newer" / "run"))
    assert list(tmp_path.iterdir()) == []

    def refused(**_: object) -> None:  # root may write everywhere
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    with pytest.raises(ScenarioError, match=r"is not writable for user \d+ \(Permission denied\)"):
        refuse_shut_folder(str(tmp_path / "new" / "run"))
