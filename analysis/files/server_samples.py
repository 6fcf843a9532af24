"""What the servers and the machine reported of themselves while the run went on: `PREFIX_witness.csv`.

A row is one question to one port, or one look at the machine that measures (`base_url` empty) or at one of
its graphics processors (`gpu`). Instants are seconds since the run's start; what was not told is an empty
cell, an answer that failed is a row with `error`. docs/FORMAT.md explains each column to a user.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, with_config

from analysis.errors import RunError
from analysis.files.csv_rows import read_rows


@with_config(ConfigDict(allow_inf_nan=False))
@dataclass(frozen=True, slots=True)
class ServerSample:
    """Counters are as the server says; a total only ever grows, from whenever its owner started."""

    asked_s: float  # just before it was asked
    at_s: float  # when the answer was there
    base_url: str | None = None  # None: the machine as a whole
    busy: int | None = None  # requests being worked on
    waiting: int | None = None  # requests in the server's own queue
    slots: int | None = None  # requests it is set to work on at once
    loaded: int | None = None  # models in memory
    decodes: int | None = None  # decode steps, total
    busy_per_decode: float | None = None  # requests per decode step, mean since the server's start
    drafted: int | None = None  # tokens of speculative decoding, total
    accepted: int | None = None  # of those, total
    preempted: int | None = None  # requests pushed out of memory for others, total
    cpu_s: float | None = None  # processor time, total: of the process behind the port, or of the machine
    memory_mb: float | None = None  # of a process resident, of the machine free for programs, of a GPU in use
    memory_total_mb: float | None = None  # of a GPU with memory of its own
    swapped_mb: float | None = None  # memory written out to disk, total
    stalled_s: float | None = None  # time some program waited for memory, total (Linux)
    pressure: str | None = None  # on memory: normal, warning, critical (macOS)
    thermal: str | None = None  # nominal, moderate, heavy, trapping, sleeping (macOS), throttled (Linux)
    gpu_percent: float | None = None  # of the busiest graphics processor, or of this one
    gpu: str | None = None  # its number and name: the row is of one graphics processor
    sampler_cpu_s: float | None = None  # processor time that all this asking took, total
    error: str | None = None  # why the server told nothing

    @property
    def of_machine(self) -> bool:
        """Whether it is of the machine as a whole."""
        return self.base_url is None and self.gpu is None


def read_server_samples(path: Path) -> tuple[ServerSample, ...]:
    """The samples in the order they came; () if the run has none. Raises RunError if they are damaged."""
    try:
        return read_rows(path, ServerSample).rows
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}; remove it to report without it") from None
