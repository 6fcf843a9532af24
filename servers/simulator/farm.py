"""A farm: machines, their ports, and what answers there. YAML in, frozen types out; no I/O but the file.

A mistake becomes one line (ScenarioError): the file, the key, what is wrong.
"""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.functional_validators import AfterValidator

from analysis.errors import ScenarioError
from servers.queue_model import ORDERS, POLICIES
from servers.queue_model.slot_cache import SLOT_CHOICES
from servers.simulator.faults import FAULTS
from servers.simulator.texts.keys import TextKeys

DEFAULT_MODEL = "simulated"


def _no_bool(value: object) -> object:
    if isinstance(value, bool):  # careful: pydantic reads `slots: yes` as 1
        raise ValueError(f"must be a number, not {str(value).lower()}")
    return value


def _is_throughput(curve: tuple[float, ...]) -> tuple[float, ...]:
    if curve and curve[0] != 1:
        raise ValueError(f"must begin with 1: one stream alone is worth one, not {curve[0]:g}")
    for n, total in enumerate(curve, start=1):
        if not 0 < total <= n:
            raise ValueError(f"{n} streams are worth more than 0 and at most {n}, not {total:g}")
    return curve


def _is_pace(steps: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    instants = [at_s for at_s, _ in steps]
    if instants != sorted(set(instants)) or min(instants, default=0) < 0:
        raise ValueError("must be [[instant in s, speed], …] in the order of time")
    if min((speed for _, speed in steps), default=1) <= 0:
        raise ValueError("a speed must be more than 0")
    return steps


Whole = Annotated[int, BeforeValidator(_no_bool)]
Count = Annotated[Whole, Field(ge=1)]
Number = Annotated[float, BeforeValidator(_no_bool)]
Seconds = Annotated[Number, Field(ge=0)]
Positive = Annotated[Number, Field(gt=0)]
Curve = Annotated[tuple[Number, ...], AfterValidator(_is_throughput)]
Pace = Annotated[tuple[tuple[Number, Number], ...], AfterValidator(_is_pace)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PortSpec(TextKeys):
    """One port: its program's limits, what an answer takes there alone, and what goes wrong."""

    port: Annotated[Whole, Field(ge=0, le=65535)] = 0  # 0: a free one
    models: Annotated[tuple[str, ...], Field(min_length=1)] = (DEFAULT_MODEL,)
    # Alone: TTFT is ttft_s + prompt_token_s for each prompt token, overhead_s of it delays no other.
    ttft_s: Positive = 0.05
    tpot_s: Seconds = 0.01
    overhead_s: Seconds = 0.0
    prompt_token_s: Seconds = 0.0
    speed: Positive = 1.0  # 2: twice as fast in all this
    jitter: Seconds = 0.0  # standard deviation of the logarithm of both, drawn once per request
    # Limits, as in servers.queue_model.Port; None: as in the machine's policy.
    slots: Count | None = None
    model_slots: Count | None = None
    prefills: Count | None = None
    decode_beside_prefill: Annotated[Number, Field(ge=0, le=1)] = 1.0
    prefill_batch: Count | None = None  # prompt tokens read at a time; between two of them a token for each
    throughput: Curve = ()
    models_in_memory: Count | None = None
    load_s: Seconds = 0.0
    cached_prompts: Annotated[Whole, Field(ge=0)] = 0
    slot_choice: Literal[SLOT_CHOICES] | None = None  # type: ignore[valid-type]  # None: no cache by slot
    similarity: Annotated[Number, Field(ge=0, le=1)] = 0.1
    host_cache: Annotated[Whole, Field(ge=0)] = 0
    tell_cached: Literal["usage", "none", "zero"] = "usage"
    # Answers; every Nth request counts per port.
    stop_after: Count | tuple[Count, Count] | None = None  # tokens after which an answer ends by itself
    stream_usage: bool = True
    timings: bool = False  # as llama.cpp reports them
    lump: bool = False  # a stream comes in one piece at its end
    cached: Annotated[Whole, Field(ge=0)] | None = None  # prompt tokens reported as cached
    fail_every: Count | None = None
    hang_every: Count | None = None
    die_after: Count | None = None  # tokens after which the connection is cut …
    die_every: Count = 1  # … of each Nth request
    fault: Literal[tuple(FAULTS)] | None = None  # type: ignore[valid-type]  # as in servers.simulator.faults
    fault_every: Count = 1

    @model_validator(mode="after")
    def _fits_together(self) -> "PortSpec":
        if self.overhead_s >= self.ttft_s:
            raise ValueError(
                f"overhead_s {self.overhead_s:g} must be less than ttft_s {self.ttft_s:g}, its whole"
            )
        return self


class MachineSpec(_Frozen):
    """One machine: its limits, as in servers.queue_model.Policy, and its ports."""

    policy: Literal[POLICIES] | None = None  # type: ignore[valid-type]
    slots: Count | None = None
    compute: Positive | None = None
    throughput: Curve = ()
    ports_throughput: Curve = ()
    background: Seconds = 0.0  # streams of other programs
    order: Literal[ORDERS] = "fifo"  # type: ignore[valid-type]
    seed: Whole = 7  # of jitter, stops and a random order
    pace: Pace = ()
    drift_per_min: Number = 0.0  # durations grow by this each minute, for an hour
    each: dict[str, Any] = {}  # keys of every port that does not have its own
    ports: Annotated[tuple[PortSpec, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _spread_each(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        ports, each = data.get("ports"), data.get("each") or {}
        if isinstance(ports, str) and ports.isdecimal():  # as the environment gives it
            ports = int(ports)
        if isinstance(ports, int) and not isinstance(ports, bool) and 0 < ports <= 1000:
            ports = [{}] * ports
        if isinstance(ports, list) and isinstance(each, dict):
            ports = [each | p if isinstance(p, dict) else p for p in ports]
        return data | {"ports": ports} if "ports" in data else data

    @model_validator(mode="after")
    def _one_kind_of_change(self) -> "MachineSpec":
        if self.pace and self.drift_per_min:
            raise ValueError("has both pace and drift_per_min; keep one")
        return self


class FarmSpec(_Frozen):
    """All machines of one process."""

    time_scale: Positive = 1.0  # all times are multiplied by it: 0.02 is fifty times faster
    machines: Annotated[tuple[MachineSpec, ...], Field(min_length=1)]

    @property
    def ports(self) -> list[PortSpec]:
        """Those of all machines, in the order they are announced."""
        return [port for machine in self.machines for port in machine.ports]


KEYS = sorted({*FarmSpec.model_fields, *MachineSpec.model_fields, *PortSpec.model_fields})


def read_farm(source: str) -> FarmSpec:
    """The farm in the file of that name or, if `source` begins with a brace, in `source` itself."""
    inline = source.lstrip().startswith("{")
    where = "--farm" if inline else source
    try:
        text = source if inline else Path(source).read_text(encoding="utf-8-sig")
        data = yaml.safe_load(text)
    except OSError as error:
        raise ScenarioError(f"--farm {source}: {error.strerror}; give a file that can be read") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ScenarioError(f"{where}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise ScenarioError(f"{where}: must be a mapping with machines:")
    return make_farm(data, where)


def make_farm(data: dict[str, Any], where: str = "") -> FarmSpec:
    """The farm of such data. Raises ScenarioError; without `where` the keys are named as options."""
    try:
        return FarmSpec.model_validate(data)
    except ValidationError as error:
        first, *more = error.errors(include_url=False)
        steps = [f"[{p}]" if isinstance(p, int) else f".{p}" for p in first["loc"]]
        place = "".join(steps).removeprefix(".") if where else "--" + steps[-1][1:].replace("_", "-")
        rest = f"; and {len(more)} more" if more and where else ""
        raise ScenarioError(": ".join(p for p in (where, place, _words(first)) if p) + rest) from None


def _words(details: Any) -> str:
    if details["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(details["loc"][-1]), KEYS, n=1)
        return f"unknown key; did you mean {close[0]!r}?" if close else "unknown key; see docs/SERVERS.md"
    if details["type"] == "missing":
        return "is missing; add it"
    if details["type"] == "value_error":
        return str(details["ctx"]["error"])
    given = details["input"]
    shown = "" if isinstance(given, dict | list | tuple) else f", not {str(given)[:40]!r}"
    return str(details["msg"]).replace("Input should", "must", 1).lower() + shown
