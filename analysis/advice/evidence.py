"""Why there is no gain: evidence from servers and machine. It explains a verdict and never makes one."""

from collections.abc import Mapping
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from analysis.advice.causes import drafting, reads_anew
from analysis.console import plural
from analysis.phase.measure import PhaseMeasured
from analysis.phase.server_load import MachineLoad, PortLoad, ServerLoad
from analysis.thresholds import (
    BUSY_SHARE,
    IDLE_SHARE,
    MAX_SPREAD,
    ONE_CORE,
    OTHERS_CORES,
    OTHERS_SHARE,
    QUEUED_SHARE,
    QUIET_GPU_PERCENT,
    STALLED_SHARE,
    SWAPPED_MB,
)
from analysis.verdict.outcomes import Outcome
from analysis.verdict.said import Verdict

EXPLAINED = (Outcome.SERIAL, Outcome.SLICED, Outcome.CONTENTION, Outcome.PARTLY)
HOT = ("heavy", "trapping", "sleeping", "throttled")


def evidence(
    phase: PhaseMeasured, verdict: Verdict, load: ServerLoad | None, host: Mapping[str, Any]
) -> tuple[str, ...]:
    """Evidence for the phase's outcome, most telling first; () where it gains, or nothing is known."""
    drafts = drafting(phase, load)
    causes = ([drafts] if drafts else []) + reads_anew(phase, load)
    if verdict.outcome == Outcome.INCONCLUSIVE:
        machine = load.machine if load is not None else None
        crowded = _crowded(machine, host.get("cpus")) if machine is not None and _scatters(phase) else ()
        return (*causes, *crowded)
    if verdict.outcome not in EXPLAINED:
        return ()
    waited = _queued(phase)
    if load is None:
        return (*waited, *causes)
    sentences = [s for port, own in load.ports.items() if (s := _admitted(phase, port, own))]
    sentences += [*waited, *causes]
    sentences += [s for port, own in load.ports.items() if (s := _swapped_models(port, own))]
    if load.machine is not None:
        sentences += _memory(load.machine)
        sentences += _graphics(load.machine, verdict.outcome)
        if verdict.outcome != Outcome.PARTLY:
            sentences += _compute(load.machine, host.get("cpus"))
        if load.machine.thermal in HOT:
            sentences.append(f"the machine was slowed by heat (thermal state: {load.machine.thermal})")
    return tuple(sentences)


def _admitted(phase: PhaseMeasured, port: str, load: PortLoad) -> str | None:
    """How many requests the server let in, against those it was sent."""
    sent = sum(phase.targets[t].base_url == port for t in phase.plan.deal)
    if load.busy_peak is None or sent < 2:
        return None
    has = f" of its {plural(load.slots, 'slot')}" if load.slots is not None else ""
    if load.busy_peak >= sent:
        return f"{_where(port)} worked on all {sent} requests at once, by its own count"
    waited = f", up to {load.waiting_peak} waited in its own queue" if load.waiting_peak else ""
    busy = f"on {load.busy_peak}{has}" if has else f"on {plural(load.busy_peak, 'request')}"
    return f"{_where(port)} was sent {sent} requests and worked {busy} at most{waited}"


def _queued(phase: PhaseMeasured) -> tuple[str, ...]:
    """What the servers' own durations say of waiting: some tell it with each answer."""
    waits = [r.server_queue_s for a in phase.scored for r in a.requests if r.server_queue_s is not None]
    if not waits or median(waits) < QUEUED_SHARE * min(phase.solo_s.values()):
        return ()
    return (
        f"by the servers' own timings, requests waited {median(waits):.2f} s (median) and up to "
        f"{max(waits):.2f} s in a queue there",
    )


def _swapped_models(port: str, load: PortLoad) -> str | None:
    if len(load.loaded) < 2:
        return None
    seen = " or ".join(str(n) for n in load.loaded)
    return f"{_where(port)} had {seen} models in memory during the rounds: it loads and unloads them"


def _memory(machine: MachineLoad) -> list[str]:
    signs = []
    if (machine.swapped_mb or 0.0) >= SWAPPED_MB:
        signs.append(f"{machine.swapped_mb:.0f} MB of memory were written out to disk")
    if (machine.stalled_share or 0.0) >= STALLED_SHARE:
        signs.append(f"programs waited for memory {machine.stalled_share:.0%} of the time".replace("%", " %"))
    if machine.pressure in ("warning", "critical"):
        signs.append(f"the system's memory pressure was {machine.pressure}")
    if not signs:
        return []
    free = f" ({machine.free_mb:.0f} MB free at the least)" if machine.free_mb is not None else ""
    return [f"{', '.join(signs)}{free}: too many or too large models for this memory"]


def _graphics(machine: MachineLoad, outcome: Outcome) -> list[str]:
    """Which of several graphics processors worked; of one, whether it was full."""
    cards = {f"GPU {g.name}": g.percent for g in machine.gpus if g.percent is not None}
    if len(cards) < 2:
        if outcome == Outcome.PARTLY or not _is_full(machine.gpu_percent):
            return []
        alone = f", {machine.gpu_percent_alone:.0f} % with one" if machine.gpu_percent_alone else ""
        return [f"the graphics processor was busy {machine.gpu_percent:.0f} %{alone}: it is shared"]
    each = ", ".join(f"{name} {percent:.0f} %" for name, percent in cards.items())
    idle = [name for name, percent in cards.items() if percent < QUIET_GPU_PERCENT]
    if leaves_a_card_idle(machine):
        return [f"of {len(cards)} graphics processors only {len(cards) - len(idle)} worked ({each} busy)"]
    if outcome == Outcome.PARTLY or idle:
        return []
    if all(_is_full(percent) for percent in cards.values()):
        return [f"all {len(cards)} graphics processors were busy ({each}): they are shared"]
    return [f"not all graphics processors were full ({each} busy)"]


def leaves_a_card_idle(machine: MachineLoad) -> bool:
    """Whether one graphics processor worked and another did not."""
    idle = [g.percent < QUIET_GPU_PERCENT for g in machine.gpus if g.percent is not None]
    return any(idle) and not all(idle)


def _is_full(percent: float | None) -> bool:
    return percent is not None and percent >= 100 * BUSY_SHARE


def _compute(machine: MachineLoad, cpus: int | None) -> list[str]:
    """Which processors were full: all cores, or one thread's; [] where a graphics processor was."""
    cards: list[float | None] = [g.percent for g in machine.gpus if g.percent is not None]
    if any(map(_is_full, cards or [machine.gpu_percent])):
        return []
    if machine.cores is None or machine.server_cores is None or not cpus:
        return []
    servers, alone_cores = machine.server_cores, machine.server_cores_alone
    as_alone = f" ({alone_cores:.1f} with one request)" if alone_cores is not None else ""
    if machine.cores >= BUSY_SHARE * cpus:
        others = machine.cores - servers
        named = f", other programs {others:.1f}" if others >= OTHERS_SHARE * cpus else ""
        return [
            f"{machine.cores:.1f} of {cpus} cores were busy, the servers took {servers:.1f}{as_alone}{named}"
            ": the processors are full, and all requests share them"
        ]
    if all(ONE_CORE[0] <= c <= ONE_CORE[1] for c in (servers, alone_cores or 0.0)) and cpus > 1:
        return [
            f"the servers kept {servers:.1f} of {cpus} cores busy{as_alone}: one thread did all the work, "
            "so a lock or a limit on threads holds them"
        ]
    if servers <= IDLE_SHARE * cpus:
        unseen = " and no graphics processor can be seen" if machine.gpu_percent is None else ""
        return [
            f"the servers kept {servers:.1f} of {cpus} cores busy{as_alone}: the processors were not the "
            f"limit{unseen}"
        ]
    return [f"the servers kept {servers:.1f} of {cpus} cores busy{as_alone}"]


def _scatters(phase: PhaseMeasured) -> bool:
    """Whether times that scatter may be why a phase decides nothing, and not answers that failed."""
    fit = phase.fit
    return fit is not None and not phase.not_whole and max(fit.solo_scatter, fit.round_scatter) > MAX_SPREAD


def _crowded(machine: MachineLoad, cpus: int | None) -> tuple[str, ...]:
    """Why nothing is decided: who else was at work."""
    if machine.cores is None or machine.server_cores is None or not cpus:
        return ()
    others = machine.cores - machine.server_cores
    if others < max(OTHERS_SHARE * cpus, OTHERS_CORES):
        return ()
    return (
        f"programs other than the servers, portlap among them, kept {others:.1f} of {cpus} cores busy: they "
        "may be what scatters the times",
    )


def _where(port: str) -> str:
    return f"the server at {urlsplit(port).netloc}"
