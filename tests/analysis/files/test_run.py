"""The manifest: of another version it is read as far as it goes, and damage is one line with its place."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.errors import RunError
from analysis.files.run import file_of, read_manifest, read_run
from tests.support.checkout import RUNS
from tests.support.farm import farm, phase
from tests.support.runs import watched, write_run


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    write_run(tmp_path / "x", watched(farm("serial", [phase(2)]), slots=1))
    return tmp_path / "x"


def with_manifest(prefix: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = file_of(prefix, "run.json")
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_run_of_the_first_version_is_still_read() -> None:
    run = read_run(RUNS / "two-ports")
    assert "longest_gap_end_s" in run.log.lacks
    assert len(run.log.records) == 111


def test_keys_no_one_knows_and_another_format_are_read_as_far_as_they_go(prefix: Path) -> None:
    before = read_manifest(prefix)
    with_manifest(prefix, lambda d: d.update(format=2, mood="good"))
    assert read_manifest(prefix).targets == before.targets


def test_what_has_a_default_may_be_missing(prefix: Path) -> None:
    with_manifest(prefix, lambda d: d.pop("client"))
    assert read_manifest(prefix).client.cpu_percent is None


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d.pop("clock_origin_epoch_ns"), "clock_origin_epoch_ns: missing"),
        (lambda d: d["phases_planned"][0].update(users="many"), "phases_planned.0.users: 'many'"),
        (lambda d: d["phases_planned"][0].update(users=10**30), "phases_planned.0.users"),
        (lambda d: d["phases_planned"][0].update(targets=[]), "phases_planned.0.targets"),
        (lambda d: d["targets"][0].pop("base_url"), "targets.0.base_url: missing"),
        (lambda d: d.update(time_scale=0), "time_scale"),
        (lambda d: d.update(targets=7), "targets: 7"),
    ],
)
def test_damage_is_one_line_with_its_place(
    change: Callable[[dict[str, Any]], None], where: str, prefix: Path
) -> None:
    with_manifest(prefix, change)
    with pytest.raises(RunError) as refused:
        read_manifest(prefix)
    assert where in str(refused.value) and "x_run.json" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"format": 1', "[]", "7", "null", "\udcff"])
def test_what_is_no_manifest_is_one_line(text: str, prefix: Path) -> None:
    file_of(prefix, "run.json").write_text(text, errors="surrogateescape")
    with pytest.raises(RunError, match=r"x_run\.json") as refused:
        read_manifest(prefix)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("suffix", ["run.json", "requests.csv", "witness.csv"])
def test_a_folder_in_place_of_a_file_is_one_line(suffix: str, prefix: Path) -> None:
    file_of(prefix, suffix).unlink()
    file_of(prefix, suffix).mkdir()
    with pytest.raises(RunError, match=f"x_{suffix}"):
        read_run(prefix)


@pytest.mark.parametrize("suffix", ["run.json", "requests.csv", "witness.csv"])
@pytest.mark.parametrize("device", ["/dev/zero", "pipe"])
def test_what_has_no_end_is_one_line(suffix: str, device: str, prefix: Path) -> None:
    path = file_of(prefix, suffix)
    path.unlink(missing_ok=True)
    if device == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(device)
    with pytest.raises(RunError, match="not a file") as caught:
        read_run(prefix)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_manifest_that_is_too_large_is_not_read(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.files.run.MOST_JSON_BYTES", 100)
    with pytest.raises(RunError, match="more than 100 bytes"):
        read_run(prefix)
