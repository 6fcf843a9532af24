"""Any finite log is judged: within a second, without an exception, and with no gain that is not there."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.assess import Assessment, assess
from analysis.files.request_record import BASELINE, BURST, RequestRecord
from analysis.files.run import Run
from analysis.report.figures.run import run_figures
from analysis.report.sections import report_of
from analysis.report.writers import as_json, as_markdown
from tests.support.farm import farm, phase
from tests.support.farm_log import FarmTarget

Durations = st.one_of(
    st.floats(1e-6, 1e6),
    st.sampled_from([0.0, 1e-6, 0.5, 1.0, 1.0, 2.0, 1e6]),  # ties and zeros
)
Piece = tuple[float, float, int, bool]  # of an answer: to its first token, then to its last; tokens; failed
Pieces = st.tuples(
    Durations, st.one_of(Durations, st.just(0.0)), st.sampled_from([1, 2, 8, 37, 37, 37]), st.booleans()
)


def judged(run: Run) -> Assessment:
    """The run's assessment; every report of it can be written."""
    assessment = assess(run)
    figures = run_figures(assessment)
    json.loads(as_json.render(assessment, figures))
    as_markdown.render(report_of(assessment, figures))
    return assessment


def answered(r: RequestRecord, start_s: float, piece: Piece) -> RequestRecord:
    wait_s, decode_s, tokens, failed = piece
    end_s = start_s + wait_s + decode_s
    return replace(
        r,
        scheduled_s=start_s,
        send_s=start_s,
        first_token_s=start_s + wait_s,
        last_token_s=end_s,
        end_s=end_s,
        output_tokens=tokens,
        chunks=tokens,
        finish_reason="stop" if tokens == 8 else "length",
        server_prefill_s=min(wait_s, 0.2),
        server_decode_s=decode_s,
        error="ConnectError: refused" if failed else None,
    )


def retimed(run: Run, pieces: Sequence[Piece], failing: bool = True, in_turn: bool = False) -> Run:
    """The run with these times, in turn, for its own; a round's requests at once, or one after another."""
    times, records, now_s = cycle(pieces), [], 1.0
    for group in sent_together(run.log.records):
        due_s = start_s = now_s
        for r in group:
            wait_s, decode_s, tokens, failed = next(times)
            one = answered(r, start_s, (wait_s, decode_s, tokens, failed and failing))
            records.append(replace(one, scheduled_s=due_s, send_s=due_s))
            now_s = max(now_s, one.end_s or now_s)
            start_s = now_s if in_turn else due_s
        now_s += 0.01
    targets = tuple(replace(t, max_tokens=None) for t in run.manifest.targets)
    log = replace(run.log, records=tuple(records))
    return replace(run, log=log, manifest=replace(run.manifest, targets=targets))


def sent_together(records: Sequence[RequestRecord]) -> list[list[RequestRecord]]:
    """The rounds, and each other request by itself."""
    groups: dict[object, list[RequestRecord]] = {}
    for r in records:
        groups.setdefault((r.phase, r.round) if r.kind == BURST else r.request_id, []).append(r)
    return list(groups.values())


@settings(max_examples=150)
@given(
    pieces=st.lists(Pieces, min_size=1, max_size=40),
    rounds=st.integers(1, 5),
    users=st.integers(2, 6),
    spacing_s=st.sampled_from([0.0, 0.0, 0.3, 1e5]),
    failing=st.booleans(),
)
def test_any_log_of_finite_times_is_judged_and_reported(
    pieces: list[Piece], rounds: int, users: int, spacing_s: float, failing: bool
) -> None:
    plans = [phase(users, 2, rounds, "p", spacing_s=spacing_s), phase(2, 1, rounds, "control")]
    judged(retimed(farm("parallel", plans), pieces, failing))


@settings(max_examples=100)
@given(
    scale_s=st.floats(1e-4, 1e5),
    decode=st.floats(0.3, 50.0),
    pieces=st.lists(
        st.tuples(st.floats(0.97, 1.03), st.sampled_from([True, True, True, False])), min_size=3, max_size=60
    ),
    users=st.integers(2, 8),
)
def test_one_at_a_time_is_no_gain_whatever_comes_in_one_piece(
    scale_s: float, decode: float, pieces: list[tuple[float, bool]], users: int
) -> None:
    """A strictly serial server; some answers, alone or together, arrive as one lump at their end."""
    times = [
        (scale_s * slow * (1.0 if streams else 1 + decode), scale_s * slow * decode * streams, 37, False)
        for slow, streams in pieces
    ]
    run = retimed(farm("serial", [phase(users, 2, 5, "p"), phase(2, 1, 5, "control")]), times, in_turn=True)
    assessment = judged(run)
    assert not assessment.answer.outcome.gains
    assert [j.plan.name for j in assessment.phases if j.outcome.gains] == []


def test_three_rounds_of_a_server_whose_times_scatter_threefold_are_reported() -> None:
    """Few degrees of freedom and a wide error: a bound beyond what a float holds is null."""
    walls = (0.07, 0.9, 0.1, 0.31, 2.1, 0.07, 0.6, 0.12, 0.9)
    pieces = [(wall / 3, wall * 2 / 3, 37, False) for wall in walls]
    assessment = judged(retimed(farm("parallel", [phase(2, 2, 3, "p")]), pieces))
    assert not assessment.answer.outcome.gains


@pytest.mark.parametrize("prefix", ["one-piece", "solo-of-one-piece"])
def test_a_solo_in_one_piece_changes_no_verdict(prefix: str) -> None:
    run = farm("port-serial", jitter=0.02)
    solo = next(r for r in run.log.records if r.phase == "phase1" and r.kind == BASELINE)
    first_s = solo.end_s if prefix == "one-piece" else solo.last_token_s
    lump = replace(solo, first_token_s=first_s, last_token_s=first_s)
    records = tuple(lump if r is solo else r for r in run.log.records)
    with_lump = judged(replace(run, log=replace(run.log, records=records)))
    without = assess(run)
    assert with_lump.answer.outcome == without.answer.outcome
    speedups = [
        j.measured.speedup.value for a in (with_lump, without) for j in a.phases if j.measured.speedup
    ]
    half = len(speedups) // 2
    assert speedups[:half] == pytest.approx(speedups[half:], rel=1e-9)
    decode = [a.phases[0].measured.speedup_decode for a in (with_lump, without)]
    assert decode[0] is not None and decode[1] is not None
    assert decode[0].value == pytest.approx(decode[1].value, rel=0.05)


@pytest.mark.parametrize("decode_ratio", [1e-3, 0.07, 1.0])
def test_unequal_first_tokens_do_not_keep_the_machine_from_ending(decode_ratio: float) -> None:
    targets = (
        FarmTarget("Ulysses", 0, prefill_s=3.0, tpot_s=0.05 * decode_ratio),
        FarmTarget("Eternal", 1, prefill_s=0.2, tpot_s=0.05),
    )
    began_s = time.process_time()
    assessment = judged(farm("parallel", [phase(4, 2, 5, "p")], targets=targets, jitter=0.02))
    assert time.process_time() - began_s < 2.0
    assert all(e is None or e.log <= math.log(1.1 * n) for n, e in assessment.machine.gains.items())
    assert all(e is None or e.log <= math.log(1.1) for e in assessment.machine.factors.values())
