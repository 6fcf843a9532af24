"""The life of a phase: solo, round, solo, … solo, until a look decides it."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from analysis.files.request_record import BASELINE, BURST, CHAIN_PHASE, RequestRecord
from analysis.files.run import TargetInfo
from analysis.phase.measure import PhaseMeasured, measure_phase
from analysis.phase.rounds import PlannedPhase
from analysis.verdict.certainty import decided
from replay.client.prompt import prompt
from replay.monitor.child import Sampler
from replay.monitor.client_load import HealthSampler
from replay.output import log
from replay.output.recorder import Recorder
from replay.plan import progress as narrate
from replay.plan.budget import BUDGET_ROUNDS, LEAST_TOKENS, solo_targets
from replay.release.dispatch import Dispatch, Seat
from replay.release.orders import Order
from replay.scenario.load import Scenario, Target
from replay.server_kinds import Ask, Way
from replay.web.overlap_page import Shown

TIMEOUT_SOLOS, TIMEOUT_EXTRA_S = 3, 30.0  # a round may take 3·N·T + 30 s before its requests time out


@dataclass
class Conducted:
    """What the conductor works with; it changes as the run goes on."""

    scenario: Scenario
    targets: Mapping[str, Target]
    ways: dict[str, tuple[Way, ...]]  # to ask each target, best first; the warm-up drops those refused
    infos: dict[str, TargetInfo]
    recorder: Recorder
    dispatch: Dispatch
    sampler: Sampler | None = None  # of what the servers say of themselves
    traces: Callable[[], dict[str, str]] = dict  # by address, what changes with each answer there
    health: HealthSampler = field(default_factory=HealthSampler)
    shown: Shown = field(default_factory=Shown)  # on the live page
    seed: int = field(default_factory=lambda: secrets.randbelow(10**9))
    requests: int = 0
    solo_s: dict[str, float] = field(default_factory=dict)  # expected, from the warm-up
    began_s: float = field(default_factory=time.monotonic)

    def left_s(self) -> float | None:
        """Seconds of the budget that are left; None without a budget."""
        if not self.scenario.budget_s:
            return None
        return self.scenario.budget_s - (time.monotonic() - self.began_s)

    def is_spent(self) -> bool:
        left_s = self.left_s()
        return left_s is not None and left_s <= 0


def order_for(
    run: Conducted, seat: Seat, batch: int, phase: str, index: int, kind: str, tokens: int, users: int = 1
) -> Order:
    """The next request of the run, for this user: own prefix, own id. Raises RunError if none is kept."""
    run.recorder.raise_problem()
    run.requests += 1
    target, info = run.targets[seat.target], run.infos[seat.target]
    asked = run.scenario.request
    content = prompt(target.test_message, run.seed, run.requests)
    way = run.ways[seat.target][0]
    slowest_s = max(run.solo_s.values(), default=0.0)  # careful: it may wait for another target's answers
    return Order(
        batch=batch,
        request_id=run.requests,
        worker=seat.worker,
        user=seat.user,
        phase=phase,
        round=index,
        kind=kind,
        target=seat.target,
        base_url=info.base_url,
        model=info.model,
        body=way.body(Ask(content, info.model, tokens, asked.temperature, asked.extra)),
        timeout_s=max(asked.timeout_s, TIMEOUT_SOLOS * users * slowest_s + TIMEOUT_EXTRA_S),
        origin_s=run.recorder.origin_s,
        api_key_env=target.api_key_env,
        path=way.path,
        reader=way.reader,
    )


def ask_alone(run: Conducted, target: str, phase: str, index: int, kind: str, tokens: int) -> RequestRecord:
    """One request with nothing else open."""
    seat = run.dispatch.seat_of(target)
    order = order_for(run, seat, run.dispatch.next_batch(), phase, index, kind, tokens)
    run.dispatch.send([order])
    return run.dispatch.collect([order])[0]


def run_phase(run: Conducted, plan: PlannedPhase, later_s: float) -> PhaseMeasured:
    """One phase with its users at the gate: solo, round, solo, … until a look decides or the plan ends.

    Three rounds are always measured; once the budget is spent there are no more: servers that fight for
    a chip take many times the worst case, which reckons with serial ones.

    `later_s`: what the phases after this one may take, for the progress shown.
    """
    run.health.open()
    solos = _solos(run, plan, gap=0)
    records = list(solos)
    for index in range(plan.max_rounds):
        narrate.sending(plan, index, run.solo_s, later_s)
        burst = _burst(run, plan, index)
        narrate.answered(burst, run.recorder.manifest.clock_origin_epoch_ns)
        run.shown.show_round(plan, index, burst)
        records += burst + _solos(run, plan, gap=index + 1)
        may_stop = plan.min_rounds <= index + 1 < plan.max_rounds
        if may_stop and decided(measure_phase(plan, records, run.infos)):
            break
        if BUDGET_ROUNDS <= index + 1 < plan.max_rounds and run.is_spent():
            log.warning(f"{plan.name} ends after {index + 1} of {plan.max_rounds} rounds: budget spent")
            break
    run.health.close()
    return measure_phase(plan, records, run.infos)


def run_chain(run: Conducted, plan: PlannedPhase) -> None:
    """The phase's requests once more, one after another: do the solos tell the truth about a busy server?"""
    for index, target in enumerate(plan.deal):
        ask_alone(run, target, CHAIN_PHASE, index, BASELINE, run.infos[target].max_tokens or LEAST_TOKENS)


def _solos(run: Conducted, plan: PlannedPhase, gap: int) -> list[RequestRecord]:
    return [
        ask_alone(run, t, plan.name, gap, BASELINE, run.infos[t].max_tokens or LEAST_TOKENS)
        for t in solo_targets(plan, gap)
    ]


def _burst(run: Conducted, plan: PlannedPhase, index: int) -> list[RequestRecord]:
    """One round: every user of the deal has its order, and all leave the gate together."""
    taken: list[Seat] = []
    batch = run.dispatch.next_batch()
    orders = []
    for i, target in enumerate(plan.deal):
        seat = run.dispatch.seat_of(target, taken)
        taken.append(seat)
        tokens = run.infos[target].max_tokens or LEAST_TOKENS
        order = order_for(run, seat, batch, plan.name, index, BURST, tokens, plan.users)
        orders.append(replace(order, offset_s=i * plan.spacing_s, workers=plan.workers))
    run.dispatch.send(orders)
    return run.dispatch.collect(orders)
