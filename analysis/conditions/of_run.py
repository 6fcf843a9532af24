"""Conditions of a whole run: counts agree, the right models, warm, distinct servers, a fair baseline."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.conditions.condition import NOT_SURELY, Condition, surely_within
from analysis.files.request_record import BASELINE, BURST, WARMUP, RequestRecord
from analysis.files.run import Run, TargetInfo
from analysis.machine.model import MachineModel
from analysis.phase.intervals import busy_s
from analysis.phase.measure import PhaseMeasured
from analysis.phase.rounds import Round, rounds_of_phase
from analysis.statistics.estimates import LogEstimate
from analysis.thresholds import CHAIN_BAND, SWAP_JUMP, SWAP_JUMP_S, SWAP_SHARE

ADD_PHASES = "phases with other numbers of users on the same targets"
MAYBE = 3  # first tokens of which it is open whether the target changed: fewer tell nothing


def accounted_for(run: Run) -> Condition:
    """Every request that was released left a row, and no user had two open at once."""
    records, manifest = run.log.records, run.manifest
    missing = []
    for plan in manifest.phases_planned:
        rounds = rounds_of_phase(records, plan.name)
        last = None if plan.name in manifest.phases_finished or not rounds else rounds[-1]
        missing += [
            f"{plan.name} round {r.index + 1} has {len(r.requests)} of {plan.users} rows"
            for r in rounds
            if len(r.requests) > plan.users or (r is not last and len(r.requests) < plan.users)
        ]
        seen = {r.index for r in rounds}
        gone = [i for i in range(max(seen, default=0)) if i not in seen]
        missing += [f"{plan.name} round {i + 1} left no row" for i in gone]
    twice = _two_at_once(records)
    sentence = (missing + twice + [f"all {len(records)} requests left a row"])[0]
    return Condition(
        "all accounted for",
        not missing and not twice,
        sentence,
        "a process of portlap died or its files were changed: run again",
    )


def _two_at_once(records: Sequence[RequestRecord]) -> list[str]:
    by_user = defaultdict(list)
    for r in records:
        if r.kind == BURST and r.send_s is not None and r.end_s is not None:
            by_user[r.worker, r.user, r.phase, r.target].append((r.send_s, r.end_s))
    return [
        f"user {user} on {target} had two requests open at once in {phase}"
        for (_, user, phase, target), spans in by_user.items()
        for (_, end), (start, _) in zip(sorted(spans), sorted(spans)[1:], strict=False)
        if start < end
    ]


def right_model(records: Sequence[RequestRecord]) -> Condition:
    named = {r.answered_model for r in records if r.answered_model is not None}
    wrong = [r for r in records if r.error is None and "in place of" in (r.not_whole_because(None) or "")]
    if not named:
        return Condition("right model", None, "the answers name no model")
    return Condition(
        "right model",
        not wrong,
        f"answered by {', '.join(sorted(named))}" + (f"; {len(wrong)} by another model" if wrong else ""),
        "load the model that the scenario names",
    )


def warm(records: Sequence[RequestRecord]) -> Condition:
    """A model swap shows in most first tokens after a change of target, and in few without one.

    Judged over all requests that were sent alone; the first answer of each target may load its model.
    """
    lone = [r for r in records if r.kind in (WARMUP, BASELINE) and _first_token_s(r) is not None]
    if not any(r.kind == WARMUP for r in lone):
        return Condition("warm", None, "no warm-up was recorded")
    by_target: dict[str, list[float]] = {}
    for r in lone:
        by_target.setdefault(r.target, []).append(_first_token_s(r) or 0.0)
    warm_s = {target: min(found) for target, found in by_target.items()}
    late = _late_first_tokens(records, warm_s)
    seldom = len(late.maybe) > MAYBE and sum(late.maybe) <= SWAP_SHARE / 2 * len(late.maybe)
    mostly = len(late.after) > 1 and sum(late.after) > SWAP_SHARE * len(late.after)
    if mostly and not seldom and sum(late.without) <= SWAP_SHARE * len(late.without):
        return Condition(
            "warm",
            False,
            f"model swap: {sum(late.after)} of {len(late.after)} first tokens after a change of target came "
            f"late, {sum(late.without)} of {len(late.without)} without one",
            "keep all models loaded at once (switch auto-evict off, or use less memory)",
        )
    cold_s = max((found[0] - warm_s[target] for target, found in by_target.items()), default=0.0)
    return Condition("warm", True, f"all models stayed loaded; a first answer cost {cold_s:.2f} s more")


def _first_token_s(r: RequestRecord) -> float | None:
    """Send to first token, less the tokens that were counted and not shown: they may have come before it."""
    if r.ttft_s is None or r.output_tokens is None or r.chunks is None or r.chunks < 2 or r.decode_s is None:
        return r.ttft_s
    return r.ttft_s - max(r.output_tokens - r.chunks, 0) * r.decode_s / (r.chunks - 1)


@dataclass(frozen=True, slots=True)
class LateFirstTokens:
    """Of each lone request but its target's first, whether its first token was late."""

    after: list[bool]  # another target was asked just before
    without: list[bool]  # the same target was
    maybe: list[bool]  # a round of several targets went before: it is open which model is in memory


def _late_first_tokens(records: Sequence[RequestRecord], warm_s: Mapping[str, float]) -> LateFirstTokens:
    found = LateFirstTokens([], [], [])
    asked: set[str] = set()
    before: set[str] = set()  # the targets of the request or round that went before
    in_round = False
    for r in sorted(records, key=lambda r: (r.send_s or 0.0, r.request_id)):
        if r.kind == BURST:
            before, in_round = (before | {r.target} if in_round else {r.target}), True
            continue
        first_s = _first_token_s(r)
        if r.target in asked and r.target in warm_s and first_s is not None:
            late = first_s > SWAP_JUMP * warm_s[r.target] and first_s - warm_s[r.target] > SWAP_JUMP_S
            kind = (
                found.without if before == {r.target} else found.maybe if r.target in before else found.after
            )
            kind.append(late)
        before, in_round = {r.target}, False
        asked.add(r.target)
    return found


def distinct_servers(targets: Sequence[TargetInfo]) -> Condition:
    """A process of its own per port is a server of its own; one process may be one server or several."""
    by_port = {t.base_url: t for t in targets}
    behind = {t.name: str(t.server["behind"]) for t in targets if "behind" in t.server}
    if len(by_port) < 2:
        return Condition("distinct servers", True, _one_port(behind))
    for address, sharing in _sharing(behind).items():
        if len({t.base_url for t in targets if t.name in sharing}) > 1:
            return Condition(
                "distinct servers",
                False,
                f"one server, {address}, stands behind {' and '.join(sharing)}, as the proxies before it say",
                "start a second server for the second port, or measure one port",
            )
    for t in targets:
        if "also_counted_at" in t.server:
            return Condition(
                "distinct servers",
                False,
                f"a lone request to {t.name} was counted at {t.server['also_counted_at']} as well: "
                "one server stands behind both ports, or another program sent requests to it",
                "start a second program for the second port, or measure one port",
            )
    pids = [t.pid for t in by_port.values()]
    if None in pids:
        return Condition(
            "distinct servers",
            None,
            "the processes behind the ports cannot be seen from here",
            "run portlap on the servers' own machine",
        )
    if len(set(pids)) < len(pids):
        return Condition(
            "distinct servers", None, "one process listens on several of the ports: they may be one server"
        )
    return Condition("distinct servers", True, "a process of its own listens on each port")


def _sharing(behind: Mapping[str, str]) -> dict[str, list[str]]:
    """The targets that each address answers, where it answers several."""
    found: dict[str, list[str]] = {}
    for target, address in behind.items():
        found.setdefault(address, []).append(target)
    return {address: sharing for address, sharing in found.items() if len(sharing) > 1}


def _one_port(behind: Mapping[str, str]) -> str:
    """What stands behind the only port, where its proxy says so."""
    if len(behind) < 2:
        return "one port, one server"
    addresses = sorted(set(behind.values()))
    names = " and ".join(behind)
    if len(addresses) == 1:
        return f"one port, one server: {names} are names of {addresses[0]}, behind the proxy"
    return f"one port, {len(addresses)} servers behind its proxy: {', '.join(addresses)}"


def chain_fair(chain: Round | None, phase: PhaseMeasured | None) -> Condition:
    """ΣB / W of the smallest phase's requests sent one after another: 1, or the solos are no fair baseline.

    Fails only when the ratio is *surely* outside the band (99 %, with the scatter the solos showed).
    `W` leaves out the instants between an answer and the next send, which are the client's own.
    """
    if chain is None or phase is None or phase.fit is None:
        return Condition("chain", None, "no chain of requests was measured")
    asked = {name: info.max_tokens for name, info in phase.targets.items()}
    if any(r.not_whole_because(asked.get(r.target)) for r in chain.requests):
        return Condition("chain", None, "the chain holds an answer that is not whole")
    spans = [(r.start_s or 0.0, r.end_s or 0.0) for r in chain.requests]
    fit, links, open_s = phase.fit, len(chain.requests), busy_s(spans)
    if open_s <= 0 or not {r.target for r in chain.requests} <= set(fit.solo_s):
        return Condition("chain", None, "the chain holds requests that were never measured alone")
    ratio = sum(map(phase.expected_s, chain.requests)) / open_s
    since_s = (spans[0][0] + spans[-1][1]) / 2 - fit.middle_s
    scatter = fit.scatter * math.sqrt(1 / links + 1 / len(phase.solos))
    estimate = LogEstimate(math.log(ratio), math.hypot(scatter, fit.drift_se * since_s), fit.df, links)
    passed = surely_within(estimate, CHAIN_BAND)
    open_question = f" [{estimate.low():.2f}, {estimate.high():.2f}]: {NOT_SURELY}" if passed is None else ""
    return Condition(
        "chain",
        passed,
        f"the solo times of {links} requests come to {ratio:.2f} of what the same took one after another"
        f"{open_question}",
        "run again on a quieter machine",
    )


def machine_consistent(machine: MachineModel) -> Condition:
    """Each phase predicted from the others. It decides only whether the machine's figures are stated."""
    predicted = [p for p in machine.predictions if p.residual is not None]
    if not predicted:
        return Condition("machine model", None, "no phase can be predicted from the others", ADD_PHASES)
    off = [p for p in predicted if p.surely_off]
    worst = max(off or predicted, key=lambda p: abs(p.residual or 0.0))
    return Condition(
        "machine model",
        not off,
        f"{len(predicted)} of {len(machine.predictions)} phases predicted from the others; the worst, "
        f"{worst.phase}: {worst.predicted_s.value if worst.predicted_s else 0:.2f} s predicted, "
        f"{worst.wall_s.value:.2f} s measured ({(worst.residual or 0.0) * 100:+.1f} %)",
        "more rounds; or the machine changed between phases",
    )
