"""Inputs that are worse than they should be: the verdict is right, or honestly inconclusive, and says why."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.files.request_record import BASELINE, BURST, WARMUP, RequestRecord
from analysis.files.run import Run
from analysis.verdict.outcomes import Outcome
from tests.support.farm import POLICIES, farm, phase, targets_on
from tests.support.runs import changed, judged

RIGHT = {  # of four users on one port; two slots
    "serial": {Outcome.SERIAL},
    "port-serial": {Outcome.SERIAL},
    "time-sliced": {Outcome.SLICED},
    "slots": {Outcome.PARTLY},
    "parallel": {Outcome.FULLY, Outcome.PARALLEL},
    "contention": {Outcome.CONTENTION},
}
WITHOUT_STREAMS = RIGHT | {"slots": set()}  # two waves of ends: nobody can tell slots from anything else

Change = Callable[[RequestRecord], RequestRecord]


def whole_at_once(r: RequestRecord) -> RequestRecord:
    """As a server that does not stream."""
    return replace(
        r, first_token_s=None, last_token_s=None, longest_gap_s=None, chunks=None, server_prefill_s=None,
        server_decode_s=None,
    )  # fmt: skip


def flushed_at_once(r: RequestRecord) -> RequestRecord:
    """As a server, or a proxy, that keeps all tokens back until the last one."""
    return replace(
        r, first_token_s=r.last_token_s, longest_gap_s=0.0, server_prefill_s=None, server_decode_s=None
    )


def held_back_by_a_proxy(r: RequestRecord) -> RequestRecord:
    """The same, but the server's own timings came with the last token."""
    return replace(r, first_token_s=r.last_token_s, longest_gap_s=0.0)


def dead(r: RequestRecord, error: str) -> RequestRecord:
    """As it is written when nobody listens any more."""
    return replace(
        r, send_s=None, first_token_s=None, last_token_s=None, end_s=r.scheduled_s, output_tokens=None,
        chunks=None, longest_gap_s=None, finish_reason=None, answered_model=None, error=error,
    )  # fmt: skip


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("degraded", [whole_at_once, flushed_at_once])
def test_without_single_tokens_the_ends_decide_or_the_phase_is_inconclusive(
    policy: str, degraded: Change
) -> None:
    for seed in range(5):
        for users in (2, 4, 8):
            found = judged(changed(farm(policy, [phase(users, 1)], jitter=0.03, seed=seed), degraded))
            assert found.measured.total.streams is None
            allowed = WITHOUT_STREAMS[policy] | {Outcome.INCONCLUSIVE}
            if policy == "slots":
                allowed |= {Outcome.PARALLEL, Outcome.FULLY if users == 2 else Outcome.PARTLY}
            assert found.verdict.outcome in allowed, (users, seed)


@pytest.mark.parametrize("degraded", [whole_at_once, flushed_at_once])
def test_without_single_tokens_a_lock_is_still_seen(degraded: Change) -> None:
    found = judged(changed(farm("serial", [phase(4, 1)], jitter=0.02), degraded))
    assert found.verdict.outcome == Outcome.SERIAL
    assert "end a solo time apart" in found.verdict.sentence


@pytest.mark.parametrize("policy", POLICIES)
def test_tokens_that_a_proxy_holds_back_are_noticed_by_the_servers_own_timings(policy: str) -> None:
    found = judged(changed(farm(policy, [phase(4, 1)], jitter=0.02), held_back_by_a_proxy))
    assert found.verdict.outcome == Outcome.INCONCLUSIVE
    assert "server's timings" in found.verdict.sentence and "proxy" in found.verdict.hint


@pytest.mark.parametrize("policy", POLICIES)
def test_one_failed_request_costs_its_round_and_nothing_else(policy: str) -> None:
    def fails(r: RequestRecord) -> RequestRecord:
        hit = (r.kind, r.round, r.user) == (BURST, 2, 1)
        return replace(r, error="HTTP 500: out of memory", output_tokens=None) if hit else r

    found = judged(changed(farm(policy, [phase(4, 1)], jitter=0.02), fails))
    assert len(found.measured.scored) == 4
    assert found.measured.not_whole == ("round 3: Ulysses: HTTP 500: out of memory",)
    assert found.verdict.outcome in RIGHT[policy]


def dies_in_round(index: int, phase_name: str) -> Callable[[Run], Run]:
    """The port of `Eternal` answers nothing from that round of that phase on."""

    def kill(run: Run) -> Run:
        since = min(
            r.request_id for r in run.log.records if (r.phase, r.round, r.kind) == (phase_name, index, BURST)
        )
        return changed(
            run,
            lambda r: (
                dead(r, "ConnectError: 127.0.0.1:1235 refused")
                if r.request_id >= since and r.target == "Eternal"
                else r
            ),
        )

    return kill


@pytest.mark.parametrize("policy", POLICIES)
def test_a_port_that_dies_early_leaves_no_verdict_but_its_reason(policy: str) -> None:
    run = dies_in_round(1, "phase1")(farm(policy, [phase(2), phase(2, 1, name="control")], jitter=0.02))
    first, control = (judged(run, i) for i in (0, 1))
    assert first.verdict.outcome == Outcome.INCONCLUSIVE
    assert "refused" in first.verdict.sentence
    assert len(first.measured.scored) == 1
    assert control.verdict.outcome in RIGHT[policy] | (
        {Outcome.FULLY, Outcome.PARALLEL} if policy == "slots" else set()
    )
    assert assess(run).answer.outcome == Outcome.INCONCLUSIVE


@pytest.mark.parametrize("policy", ["serial", "time-sliced", "parallel"])
def test_a_port_that_dies_at_the_end_costs_one_round(policy: str) -> None:
    found = judged(dies_in_round(4, "phase1")(farm(policy, [phase(2)], jitter=0.02)))
    assert len(found.measured.scored) == 4
    assert found.verdict.outcome in RIGHT[policy]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("speed", [1.5, 4.0])
def test_unequal_models_are_judged_by_what_they_could_reach_or_not_at_all(policy: str, speed: float) -> None:
    targets = targets_on(2, speeds=[speed])
    found = judged(farm(policy, [phase(2)], targets=targets, jitter=0.02))
    if speed > 2:
        assert found.verdict.outcome == Outcome.INCONCLUSIVE
        assert "too unequal" in found.verdict.sentence
    else:
        both = {"port-serial", "slots", "parallel"}  # a port each: nothing is shared
        assert found.verdict.outcome in (
            {Outcome.FULLY, Outcome.PARALLEL} if policy in both else RIGHT[policy]
        )


@pytest.mark.parametrize("policy", POLICIES)
def test_two_rounds_decide_nothing(policy: str) -> None:
    verdict = judged(farm(policy, [phase(4, 1, rounds=2)])).verdict
    assert verdict.outcome == Outcome.INCONCLUSIVE
    assert "2 of 2 rounds can be scored, 3 are needed" in verdict.sentence


@pytest.mark.parametrize("kind", [WARMUP, BASELINE])
def test_failed_solos_and_warmups_claim_nothing(kind: str) -> None:
    run = changed(farm("time-sliced", [phase(4, 1)]), lambda r: dead(r, "HTTP 503") if r.kind == kind else r)
    found = judged(run).verdict.outcome
    assert not found.gains
    if kind == BASELINE:
        assert found == Outcome.INCONCLUSIVE
