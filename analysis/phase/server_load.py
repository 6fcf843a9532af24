"""What servers and machine report of themselves during one phase: the other side of what the client saw.

Only what lies within the scored rounds counts (`alone`: within the solos). Totals are read between samples
by straight lines, so a phase whose rounds are shorter than the pauses between samples says little.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from statistics import fmean

from analysis.files.server_samples import ServerSample
from analysis.phase.intervals import within
from analysis.phase.measure import PhaseMeasured
from analysis.statistics.growth import Window, growth, rate

ENCLOSED_S = 60.0  # a sample that encloses a window lies no farther from it
PRESSURES = ("normal", "warning", "critical")
THERMALS = ("nominal", "moderate", "throttled", "heavy", "trapping", "sleeping")


@dataclass(frozen=True, slots=True)
class PortLoad:
    """One port during the rounds of a phase; None where the server does not report it."""

    samples: int  # answers with counters that came within the rounds
    busy_peak: int | None
    busy_mean: float | None
    waiting_peak: int | None
    slots: int | None
    loaded: tuple[int, ...]  # numbers of models in memory that were seen, smallest first
    busy_per_decode: float | None  # requests per decode step
    cores: float | None  # processor time of its process over the rounds' time
    cores_alone: float | None  # the same over the solos
    memory_mb: float | None  # the most; of a process with several ports at the first of them
    drafted: int | None = None  # tokens of speculative decoding in the rounds, by its counters
    accepted: int | None = None  # of those
    drafted_alone: int | None = None  # the same in the solos
    accepted_alone: int | None = None
    preempted: int | None = None  # requests pushed out in the rounds


@dataclass(frozen=True, slots=True)
class GpuLoad:
    """One graphics processor of the machine that measures, during the rounds."""

    name: str  # with its number in front
    percent: float | None  # mean
    percent_alone: float | None
    memory_mb: float | None  # in use, the most
    memory_total_mb: float | None  # None where it has no memory of its own


@dataclass(frozen=True, slots=True)
class MachineLoad:
    """The machine that measured, during the rounds; servers elsewhere are not on it."""

    cores: float | None  # busy ones, by any program
    server_cores: float | None  # of these, in the processes behind the ports
    server_cores_alone: float | None
    free_mb: float | None  # the least
    swapped_mb: float | None  # written out to disk during the rounds
    stalled_share: float | None  # of the rounds' time some program waited for memory
    pressure: str | None  # the worst
    thermal: str | None  # the worst
    gpu_percent: float | None  # mean, of the busiest
    gpu_percent_alone: float | None
    gpus: tuple[GpuLoad, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """What servers and machine report of themselves during a phase."""

    ports: Mapping[str, PortLoad]  # by base URL: those that report anything
    machine: MachineLoad | None


def server_load(phase: PhaseMeasured, samples: Sequence[ServerSample]) -> ServerLoad | None:
    """None if nothing was sampled while the phase's rounds were open."""
    rounds = [(r.start_s, r.end_s) for r in phase.scored if r.start_s is not None and r.end_s is not None]
    alone = [(s.send_s, s.end_s) for s in phase.solos if s.send_s is not None and s.end_s is not None]
    samples = _near(samples, [*rounds, *alone])
    machine = [s for s in samples if s.of_machine and s.error is None]
    gpus = _gpus([s for s in samples if s.gpu is not None], rounds, alone)
    by_port: dict[str, list[ServerSample]] = {port: [] for port in phase.ports}
    for s in samples:
        if s.error is None and s.base_url in by_port:
            by_port[s.base_url].append(s)
    configured = {phase.targets[t].base_url: phase.targets[t].slots for t in phase.plan.deal}
    loads = {p: _port(samples_there, rounds, alone, configured[p]) for p, samples_there in by_port.items()}
    ports = _memory_once(phase, {p: load for p, load in loads.items() if load is not None})
    of_machine = (
        _machine(machine, rounds, alone, _servers(phase, ports), gpus)
        if samples_within(machine, rounds)
        else None
    )
    return ServerLoad(ports, of_machine) if ports or of_machine else None


def _port(
    samples: Sequence[ServerSample], rounds: Sequence[Window], alone: Sequence[Window], slots: int | None
) -> PortLoad | None:
    during = samples_within(samples, rounds)
    if not during:
        return None
    slots_reported = [s.slots for s in during if s.slots is not None]
    busy = [s.busy for s in during if s.busy is not None]
    worked = totals(
        samples, lambda s: None if s.busy_per_decode is None else s.busy_per_decode * (s.decodes or 0)
    )
    decodes = growth(totals(samples, attrgetter("decodes")), rounds)
    cpu = totals(samples, attrgetter("cpu_s"))
    requests = growth(worked, rounds)
    return PortLoad(
        samples=len(busy),
        busy_peak=max(busy, default=None),
        busy_mean=fmean(busy) if busy else None,
        waiting_peak=_most(s.waiting for s in during),
        slots=max(slots_reported, default=slots),
        loaded=tuple(sorted({s.loaded for s in during if s.loaded is not None})),
        busy_per_decode=requests / decodes if requests is not None and decodes else None,
        cores=rate(cpu, rounds),
        cores_alone=rate(cpu, alone),
        memory_mb=_most(s.memory_mb for s in during),
        drafted=_grown(samples, attrgetter("drafted"), rounds),
        accepted=_grown(samples, attrgetter("accepted"), rounds),
        drafted_alone=_grown(samples, attrgetter("drafted"), alone),
        accepted_alone=_grown(samples, attrgetter("accepted"), alone),
        preempted=_grown(samples, attrgetter("preempted"), rounds),
    )


def _memory_once(phase: PhaseMeasured, ports: Mapping[str, PortLoad]) -> dict[str, PortLoad]:
    pids = {phase.targets[t].base_url: phase.targets[t].pid for t in phase.plan.deal}
    first = {pids[port]: port for port in reversed(list(ports))}
    return {
        port: load if pids[port] is None or first[pids[port]] == port else replace(load, memory_mb=None)
        for port, load in ports.items()
    }


def _servers(phase: PhaseMeasured, ports: Mapping[str, PortLoad]) -> tuple[float | None, float | None]:
    """Cores of all server processes together, each process once: in the rounds, and alone."""
    pids = {phase.targets[t].base_url: phase.targets[t].pid for t in phase.plan.deal}
    one_each = {pids[port]: load for port, load in ports.items()}.values()
    return _sum([load.cores for load in one_each]), _sum([load.cores_alone for load in one_each])


def _sum(values: Sequence[float | None]) -> float | None:
    """None if one of them is missing, or there are none."""
    known = [v for v in values if v is not None]
    return sum(known) if known and len(known) == len(values) else None


def _machine(
    samples: Sequence[ServerSample],
    rounds: Sequence[Window],
    alone: Sequence[Window],
    servers: tuple[float | None, float | None],
    gpus: tuple[GpuLoad, ...],
) -> MachineLoad:
    during = samples_within(samples, rounds)
    return MachineLoad(
        cores=rate(totals(samples, attrgetter("cpu_s")), rounds),
        server_cores=servers[0],
        server_cores_alone=servers[1],
        free_mb=min((s.memory_mb for s in during if s.memory_mb is not None), default=None),
        swapped_mb=growth(totals(samples, attrgetter("swapped_mb")), rounds),
        stalled_share=rate(totals(samples, attrgetter("stalled_s")), rounds),
        pressure=_worst(PRESSURES, (s.pressure for s in during)),
        thermal=_worst(THERMALS, (s.thermal for s in during)),
        gpu_percent=_mean(s.gpu_percent for s in during),
        gpu_percent_alone=_mean(s.gpu_percent for s in samples_within(samples, alone)),
        gpus=gpus,
    )


def _gpus(
    samples: Sequence[ServerSample], rounds: Sequence[Window], alone: Sequence[Window]
) -> tuple[GpuLoad, ...]:
    """Each card that was seen during the rounds, in the order of their rows."""
    loads = []
    for name in dict.fromkeys(s.gpu for s in samples if s.gpu is not None):
        own = [s for s in samples if s.gpu == name]
        if during := samples_within(own, rounds):
            loads.append(
                GpuLoad(
                    name=name,
                    percent=_mean(s.gpu_percent for s in during),
                    percent_alone=_mean(s.gpu_percent for s in samples_within(own, alone)),
                    memory_mb=_most(s.memory_mb for s in during),
                    memory_total_mb=_most(s.memory_total_mb for s in during),
                )
            )
    return tuple(loads)


def _near(samples: Sequence[ServerSample], windows: Sequence[Window]) -> list[ServerSample]:
    """Those that can lie within the windows, or enclose one: a phase does not walk through the whole run."""
    first_s = min((start for start, _ in windows), default=0.0) - ENCLOSED_S
    last_s = max((end for _, end in windows), default=0.0) + ENCLOSED_S
    return [s for s in samples if first_s <= s.asked_s <= last_s]


def samples_within(samples: Sequence[ServerSample], windows: Sequence[Window]) -> list[ServerSample]:
    held = within(windows)
    return [s for s in samples if held(s.asked_s, s.at_s)]


def totals(
    samples: Sequence[ServerSample], value: Callable[[ServerSample], float | None]
) -> list[tuple[float, float]]:
    """(instant, total) of the samples that tell it."""
    told = zip(samples, map(value, samples), strict=True)
    return [((s.asked_s + s.at_s) / 2, v) for s, v in told if v is not None]


def _grown(
    samples: Sequence[ServerSample], value: Callable[[ServerSample], int | None], windows: Sequence[Window]
) -> int | None:
    """The same of a counter, in whole steps."""
    grown = growth(totals(samples, value), windows)
    return None if grown is None else round(grown)


def _most(values: Iterable[int | float | None]) -> int | None:
    return max((round(v) for v in values if v is not None), default=None)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return fmean(known) if known else None


def _worst(levels: Sequence[str], values: Iterable[str | None]) -> str | None:
    return max((v for v in values if v in levels), key=levels.index, default=None)
