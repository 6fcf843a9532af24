"""A run on disk: `PREFIX_run.json` (the manifest) and the files beside it that share the prefix."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from analysis.console import plural
from analysis.errors import RunError
from analysis.escapes import for_json, visible_in
from analysis.files.csv_rows import MOST_JSON_BYTES, REMEDY, bytes_of, first_problem
from analysis.files.plan import PlannedPhase, PlannedPrompts, PlannedSweep, Visit
from analysis.files.request_record import RequestLog, read_records
from analysis.files.server_samples import ServerSample, read_server_samples

FORMAT = 1
THIS_HOST, LOOPBACK = "localhost", ("localhost", "::1", "0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """One target as the run used it, with what its server said it is."""

    name: str
    base_url: str
    model: str | None
    kind: str  # of server: llamacpp, openai …
    max_tokens: int | None = None  # as asked in every solo and round; None until the warm-up chose
    prompt_words: int | None = None  # words of our own text: cached tokens beyond the rest are a cache hit
    slots: int | None = None  # as the server says; None: it does not say
    pid: int | None = None  # the process that listens behind the port, where that can be seen
    server: dict[str, Any] = field(default_factory=dict)
    texts: int | None = None  # sent in every request for embeddings; None: it asks for chats

    @property
    def answers_as(self) -> str | None:
        """The other name under which all its warm-up answers came: an alias, not another model."""
        alias = self.server.get("answers_as")
        return alias if isinstance(alias, str) else None

    @property
    def asked(self) -> str:
        """How much a request asks for, in words; "" where nothing is known."""
        if self.texts is not None:
            return plural(self.texts, "vector")
        return "" if self.max_tokens is None else plural(self.max_tokens, "token")

    @property
    def takes_one_connection(self) -> bool:
        """Whether its server serves one connection at a time: a late send is then its queue, not ours."""
        return "connections" in self.server

    @property
    def machine(self) -> str:
        """The address of its machine, as it was resolved; all names of this host are one."""
        host = urlsplit(self.base_url).hostname or ""
        address = str(self.server.get("address") or host)
        return (
            THIS_HOST if host == THIS_HOST or address in LOOPBACK or address.startswith("127.") else address
        )


@dataclass(frozen=True, slots=True)
class ClientHealth:
    """How busy portlap itself was while rounds were open; None where it could not be seen."""

    cpu_percent: float | None = None  # of one core, mean over the open rounds
    loop_lag_p50_s: float | None = None
    loop_lag_p99_s: float | None = None


@with_config(ConfigDict(allow_inf_nan=False))
@dataclass(frozen=True, slots=True)
class Prices:
    """What the scenario's `costs` or `--cost` say of one machine."""

    machine: Annotated[float, Field(gt=0)]
    currency: str = "$"
    years: Annotated[float, Field(gt=0)] = 3.0  # over which the machine's price is spread
    watts: Annotated[float, Field(gt=0)] | None = None  # that it draws while it works
    per_kwh: Annotated[float, Field(gt=0)] | None = None


@with_config(ConfigDict(allow_inf_nan=False))
@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything needed to read the run later; secrets never."""

    scenario_name: str
    clock_origin_epoch_ns: int  # the instant that is 0 s in the log
    plan: str = "phases"  # or `free`, `how-many`
    finished: bool = False
    interrupted: str | None = None  # why it ended early, in words
    started_at: str = ""  # ISO 8601, local time with offset
    scenario: dict[str, Any] = field(default_factory=dict)  # as written, before ${…} is filled
    targets: tuple[TargetInfo, ...] = ()
    phases_planned: tuple[PlannedPhase, ...] = ()
    phases_finished: tuple[str, ...] = ()
    prompts_planned: tuple[PlannedPrompts, ...] = ()  # phases of the kinds stall, talk and right
    prompts_finished: tuple[str, ...] = ()
    sweep: PlannedSweep | None = None  # of the plans `how-many` and `free`
    visits: tuple[Visit, ...] = ()  # its stays at a number of users, as they came
    people_visit: Visit | None = None  # the people with think time, if they were measured
    cuts: tuple[str, ...] = ()  # what the budget left out, with its price
    budget_s: float | None = None
    time_scale: Annotated[float, Field(gt=0)] = 1.0  # seconds here per second of the simulated servers
    prices: Prices | None = None
    client: ClientHealth = ClientHealth()
    quiet: tuple[
        tuple[float, float], ...
    ] = ()  # windows in which the servers were watched, nothing in flight
    locust_witness: bool = True  # False: Locust's CSVs of this run were not written under this prefix
    workers_lost: tuple[str, ...] = ()  # Locust workers that ended before the run did, in words
    host: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Run:
    """A run as read from disk."""

    prefix: Path
    manifest: Manifest
    log: RequestLog
    server_samples: tuple[ServerSample, ...] = ()  # () if nothing was sampled


def keep_files_private() -> None:
    """From now on what this process and its children make is for their user alone (modes 600 and 700).

    A run holds prompts, addresses and the words of servers. Windows has no such modes.
    """
    os.umask(0o077)


def file_of(prefix: Path, suffix: str) -> Path:
    """`runs/x` and `requests.csv` make `runs/x_requests.csv`."""
    return prefix.with_name(f"{prefix.name}_{suffix}")


def write_manifest(prefix: Path, manifest: Manifest) -> None:
    """Replaces `PREFIX_run.json`. Raises OSError."""
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n"
    write_whole(file_of(prefix, "run.json"), for_json(text))


def write_whole(path: Path, text: str) -> None:
    """Replaces the file in one step: a kill or a full disk leaves the old or the new one. Raises OSError."""
    draft = path.with_name(f"{path.name}.part")
    try:
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")  # a folder's name, as it may be
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read_manifest(prefix: Path) -> Manifest:
    """The manifest of the run at `prefix`, of an older or newer format as far as it goes. Raises RunError."""
    path = file_of(prefix, "run.json")
    try:
        data = visible_in(json.loads(bytes_of(path, MOST_JSON_BYTES).decode("utf-8")))
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; give the prefix of a portlap run, as in runs/x") from None
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: not JSON ({_short(error)}); the file is damaged") from None
    try:
        return TypeAdapter(Manifest).validate_python(data)
    except ValidationError as invalid:
        raise RunError(f"{path}: {first_problem(invalid)}; {REMEDY}") from None


def _short(error: Exception) -> str:
    return f"{error}"[:80] or type(error).__name__


def read_run(prefix: Path) -> Run:
    """The run at `prefix`: manifest, request log, and what servers said of themselves. Raises RunError."""
    manifest, log = read_manifest(prefix), read_records(file_of(prefix, "requests.csv"))
    return Run(prefix, manifest, log, read_server_samples(file_of(prefix, "witness.csv")))
