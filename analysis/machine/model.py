"""The machine behind the ports: slots, gain table, factor over busy ports, and whether the phases agree."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.machine.gain_tables import (
    PORT_FACTOR,
    STREAM_GAIN,
    Asked,
    FittedTables,
    PhaseLoad,
    fit_mechanism,
    fit_tables,
)
from analysis.machine.slots import SlotsSeen, slots_seen
from analysis.phase.measure import PhaseMeasured
from analysis.phase.rounds import SoloJob, serial_s
from analysis.statistics.estimates import LogEstimate
from analysis.thresholds import PREDICTED_BAND, SURELY

NO_PHASE = "no phase with whole answers and passed conditions was measured"
NO_END = "the fit of its speed to the phases does not come to an end"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One phase's wall clock predicted from the other phases; `why_not` says why there is none."""

    phase: str
    users: int
    wall_s: LogEstimate  # measured, at the phase's middle
    predicted_s: LogEstimate | None
    why_not: str | None = None

    @property
    def residual(self) -> float | None:
        """Predicted over measured, less 1."""
        return None if self.predicted_s is None else self.predicted_s.value / self.wall_s.value - 1

    @property
    def surely_off(self) -> bool:
        """99 % sure that the prediction misses by more than a tenth."""
        off = self.predicted_s and self.predicted_s.over(self.wall_s)
        return off is not None and off.surely_outside(PREDICTED_BAND, SURELY)


@dataclass(frozen=True, slots=True)
class MachineModel:
    """What all phases show together. `fitted` is None where they show nothing; `why_not` gives the reason."""

    slots: SlotsSeen
    ports: tuple[str, ...]  # of the widest phase: what "all ports" means below
    solo_s: LogEstimate | None  # of one answer, mean over the targets
    overhead_share: float  # of that, before a request asks for a slot; 0 where no server tells
    tokens: float | None  # of one answer, mean over the targets
    users: int  # in the largest phase
    points: tuple[
        tuple[int, float], ...
    ]  # users and speedup of the phases over all ports, all at one instant
    fitted: FittedTables | None
    predictions: tuple[Prediction, ...]
    why_not: str | None = None

    @property
    def gains(self) -> dict[int, LogEstimate | None]:
        """Total pace of n streams, in solo streams; None where only a product with a factor is known."""
        return self._table(STREAM_GAIN)

    @property
    def factors(self) -> dict[int, LogEstimate | None]:
        """What each port keeps of its pace when a ports are busy."""
        return self._table(PORT_FACTOR)

    def _table(self, table: str) -> dict[int, LogEstimate | None]:
        if self.fitted is None:
            return {}
        return {key[1]: self.fitted.entry(key) for key in self.fitted.keys if key[0] == table}


def machine_model(phases: Sequence[PhaseMeasured]) -> MachineModel:
    """The machine that most of these phases used; several models on a port tell of something else.

    Never raises for what numbers do: the verdict and the rest of the report need no machine.
    """
    used = _of_one_machine([p for p in phases if p.fit is not None])
    seen = slots_seen(used)
    if not used:
        return MachineModel(seen, (), None, 0.0, None, 0, (), None, (), NO_PHASE)
    try:
        return _fitted(used, seen)
    except (ArithmeticError, ValueError) as error:
        return MachineModel(
            seen, (), None, 0.0, None, 0, (), None, (), f"its speed cannot be computed ({error})"
        )


def _fitted(used: Sequence[PhaseMeasured], seen: SlotsSeen) -> MachineModel:
    loads = [_load(p) for p in used]
    fitted = fit_tables(loads, seen.slots())
    widest = max(used, key=lambda p: (len(p.ports), -p.plan.users))
    return MachineModel(
        slots=seen,
        ports=widest.ports,
        solo_s=_mean_solo(widest, used),
        overhead_share=sum(map(widest.overhead_share, widest.plan.deal)) / widest.plan.users,
        tokens=sum(widest.alone[t].tokens for t in widest.plan.deal) / widest.plan.users,
        users=max(p.plan.users for p in used),
        points=tuple(
            (p.plan.users, p.speedup.value)
            for p in used
            if p.speedup is not None and set(p.ports) == set(widest.ports) and not p.plan.spacing_s
        ),
        fitted=fitted,
        predictions=tuple(_predicted(i, used, loads, fitted.kind) for i in range(len(used)))
        if fitted
        else (),
        why_not=None if fitted else NO_END,
    )


def _of_one_machine(phases: Sequence[PhaseMeasured]) -> list[PhaseMeasured]:
    """Of the phases with one model a port, or of those with several: whichever asked more models."""
    plain = [p for p in phases if p.plan.pair_of is None]
    single = [p for p in plain if len(p.ports) == len(_models(p))]
    several = [p for p in plain if p not in single]
    most_models = [max((len(_models(p)) for p in group), default=0) for group in (single, several)]
    alike = single if most_models[0] >= most_models[1] else several
    hosts = Counter(host for p in alike if (host := _host(p)) is not None)
    if not hosts:
        return []
    most = hosts.most_common(1)[0][0]
    return [p for p in alike if _host(p) == most]


def _models(phase: PhaseMeasured) -> set[tuple[str, str | None]]:
    """What is asked, and where: several users or personas of one model on one port are one of these."""
    infos = (phase.targets[t] for t in phase.plan.deal)
    return {(info.base_url, info.model) for info in infos}


def _host(phase: PhaseMeasured) -> str | None:
    """The machine of a phase; None if it used several."""
    hosts = {info.machine for info in phase.targets.values() if info.base_url in phase.ports}
    return hosts.pop() if len(hosts) == 1 else None


def _load(phase: PhaseMeasured) -> PhaseLoad:
    assert phase.speedup is not None
    plan = phase.plan
    requests = tuple(
        _asked(i * plan.spacing_s, phase.targets[t].base_url, phase.solo_s[t], phase.overhead_share(t))
        for i, t in enumerate(plan.deal)
    )
    serial = serial_s([SoloJob(r.due_s, 0.0, r.overhead_s + r.work_s) for r in requests])
    return PhaseLoad(plan.name, plan.users, requests, plan.workers, serial, phase.speedup)


def _asked(due_s: float, port: str, solo_s: float, overhead_share: float) -> Asked:
    overhead_s = solo_s * overhead_share
    return Asked(due_s, port, solo_s - overhead_s, overhead_s)


def _predicted(
    index: int, phases: Sequence[PhaseMeasured], loads: Sequence[PhaseLoad], kind: str
) -> Prediction:
    """What the other phases say of this one: their slots, their tables, its own schedule and solos."""
    load = loads[index]
    log_serial = math.log(load.serial_s)
    wall_s = LogEstimate(log_serial - load.speedup.log, load.speedup.se, load.speedup.df, load.speedup.n)
    others = [p for i, p in enumerate(phases) if i != index]
    known = slots_seen(others)
    unseen = next((r.port for r in load.requests if r.port not in known.per_port), None)
    if not others or unseen is not None:
        where = f" used {unseen}" if others else ""
        return Prediction(load.name, load.users, wall_s, None, f"no other phase{where}")
    slots = known.slots()
    fitted = fit_mechanism([other for i, other in enumerate(loads) if i != index], slots, kind)
    if fitted is None:
        return Prediction(load.name, load.users, wall_s, None, NO_END)
    running = load.running(slots)
    unknown = fitted.tables.unmeasured(running) or known.never_seen(running)
    if unknown is not None:
        return Prediction(load.name, load.users, wall_s, None, f"no other phase had {unknown}")
    predicted_s = fitted.estimate(lambda tables: math.log(load.wall_s(slots, tables)))
    why_not = "the other phases do not determine it" if predicted_s is None else None
    return Prediction(load.name, load.users, wall_s, predicted_s, why_not)


def _mean_solo(widest: PhaseMeasured, phases: Sequence[PhaseMeasured]) -> LogEstimate:
    """Mean over the deal of the widest phase, each target's solo averaged over all its phases."""
    deal = Counter(widest.plan.deal)
    mean, variance, df, n = 0.0, 0.0, math.inf, 0
    for target, times in deal.items():
        solos = [p.fit.solo_s[target] for p in phases if p.fit is not None and target in p.fit.solo_s]
        share_s = times / deal.total() * math.exp(sum(e.log for e in solos) / len(solos))
        mean += share_s
        variance += (share_s * math.hypot(*(e.se for e in solos)) / len(solos)) ** 2
        df, n = min(df, *(e.df for e in solos)), n + sum(e.n for e in solos)
    return LogEstimate(math.log(mean), math.sqrt(variance) / mean, df, n)
