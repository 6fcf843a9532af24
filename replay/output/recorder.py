"""The run on disk while it happens: a row as each request ends, the manifest as phases end."""

import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypedDict, Unpack

import psutil

from analysis.errors import RunError
from analysis.escapes import for_json
from analysis.files.csv_rows import RowWriter
from analysis.files.plan import PlannedPhase, Visit
from analysis.files.request_record import RequestRecord
from analysis.files.run import ClientHealth, Manifest, TargetInfo, file_of, write_manifest

NAMED_VERSIONS = ("portlap", "locust", "gevent", "numpy", "scipy")


class Changes(TypedDict, total=False):
    """What of the manifest becomes known while the run goes on."""

    targets: tuple[TargetInfo, ...]
    phases_planned: tuple[PlannedPhase, ...]
    prompts_finished: tuple[str, ...]
    phases_finished: tuple[str, ...]
    visits: tuple[Visit, ...]
    people_visit: Visit
    cuts: tuple[str, ...]
    client: ClientHealth
    quiet: tuple[tuple[float, float], ...]
    locust_witness: bool
    workers_lost: tuple[str, ...]
    interrupted: str
    finished: bool


class Recorder:
    """One run's files. The clock's 0 s is the instant this is made.

    A disk that takes no more is remembered, not raised: rows come in the midst of a user's work.
    """

    def __init__(self, prefix: Path, manifest: Manifest) -> None:
        self.prefix = prefix
        self.problem: str | None = None  # why nothing more can be written, one line
        self.origin_s = time.monotonic()
        self.rows = 0  # so far; they themselves are on disk, not in memory
        self.manifest = replace(
            manifest,
            clock_origin_epoch_ns=time.time_ns(),
            started_at=datetime.now().astimezone().isoformat(timespec="seconds"),
            host=host_facts(),
            versions={"python": platform.python_version()} | _versions(),
            arguments=tuple(a.encode(errors="backslashreplace").decode() for a in sys.argv[1:]),
        )
        try:
            prefix.parent.mkdir(parents=True, exist_ok=True)
            self._writer = RowWriter(file_of(prefix, "requests.csv"), RequestRecord)
            write_manifest(prefix, self.manifest)
        except OSError as error:
            raise RunError(_not_written(prefix, error)) from None

    def record(self, record: RequestRecord) -> None:
        """A row, on disk at once. After the first that could not be written there are no more."""
        self.rows += 1
        try:
            if self.problem is None:
                self._writer.write(record)
        except OSError as error:
            self.problem = _not_written(self.prefix, error)

    def keep_evidence(self, answer: Mapping[str, Any]) -> None:
        """A line of `PREFIX_evidence.jsonl`: an answer that shows something wrong, as it was read."""
        try:
            with file_of(self.prefix, "evidence.jsonl").open("a", encoding="utf-8") as file:
                file.write(for_json(json.dumps(answer, ensure_ascii=False)) + "\n")
        except OSError as error:
            self.problem = self.problem or _not_written(self.prefix, error)

    def keep(self, suffix: str, rows: Sequence[Any]) -> None:
        """Appends rows of one kind to a file beside the log, on disk at once."""
        path = file_of(self.prefix, suffix)
        try:
            if rows:
                writer = RowWriter(path, type(rows[0]), append=path.exists())
                for row in rows:
                    writer.write(row)
                writer.close()
        except OSError as error:
            self.problem = self.problem or _not_written(self.prefix, error)

    def update(self, **changes: Unpack[Changes]) -> None:
        """Changes the manifest, on disk too; where the disk is full, the one before stays."""
        self.manifest = replace(self.manifest, **changes)
        try:
            write_manifest(self.prefix, self.manifest)
        except OSError as error:
            self.problem = self.problem or _not_written(self.prefix, error)

    def raise_problem(self) -> None:
        """RunError if something could not be written."""
        if self.problem is not None:
            raise RunError(self.problem)

    def exists(self) -> bool:
        """Whether the run is still where it was written."""
        return file_of(self.prefix, "run.json").exists()

    def close(self) -> None:
        self._writer.close()


def _not_written(prefix: Path, error: OSError) -> str:
    return f"{prefix}_*: cannot be written: {error.strerror}; make room, or choose another --csv"


def _versions() -> dict[str, str]:
    found = {}
    for name in NAMED_VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # portlap itself, run from a checkout that is not installed
            continue
    return found


def host_facts() -> dict[str, Any]:
    """The machine that measured: no names of people or hosts."""
    try:
        memory_gb = round(psutil.virtual_memory().total / 1e9, 1)
    except (OSError, psutil.Error):  # a container without /proc
        memory_gb = None
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpus": psutil.cpu_count(),
        "memory_gb": memory_gb,
    }


def free_prefix(prefix: Path) -> Path:
    """`prefix`, or `prefix-2`, `prefix-3` … if runs of this web UI have used it."""
    candidate, number = prefix, 1
    while file_of(candidate, "requests.csv").exists():
        number += 1
        candidate = prefix.with_name(f"{prefix.name}-{number}")
    return candidate
