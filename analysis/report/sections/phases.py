"""The phases: a table of their figures, what each one says, its lanes, and the pairs of a matrix."""

from collections.abc import Mapping, Sequence

from analysis.assess import Assessment
from analysis.report.figures.arrivals import ArrivalFigures
from analysis.report.figures.pace import AnswerPace
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import RunFigures, TargetFigures
from analysis.report.sections.machines import servers
from analysis.report.sections.section import (
    MEASURED,
    Chart,
    FigureTable,
    Lanes,
    PhaseSentence,
    PhaseSentences,
    Section,
    Table,
    section,
    sentences,
)
from analysis.report.words import NONE, SUMMED_PORTS, interval, number, percent, topology
from analysis.verdict.limit import Pair, groups

REMARK = "value [95 % interval] over n = the scored rounds; TTFT and TPOT over their requests"
TARGETS_HEADER = (
    "phase", "target", "users", "failed", "TTFT alone, s", "together p50 / max", "tokens/s of one",
)  # fmt: skip
OF_TARGETS = "each target by itself; tokens/s of one answer: alone → together"
TEXTS = "texts per s"
MOST_TARGETS = 8  # with more a row for each phase too would bury the report
PAIRS_HEADER = ("together", "apart by", "G of at most", "verdict", "found")


def phase_sections(assessment: Assessment, figures: RunFigures) -> list[Section]:
    listed = figures.listed
    drawn = tuple(j.measured for j in assessment.phases if j.measured.plan.pair_of is None)
    rows = tuple((label, tuple(cells)) for label, cells in figure_rows(listed))
    curves = [Chart(name) for name in ("speedup", "staircase", "map", "pace", "throughput")]
    targets, lanes = Table(TARGETS_HEADER, _targets(figures)), Lanes(drawn, assessment.run.server_samples)
    pairs = tuple(_pair_row(p) for p in assessment.matrix)
    return [
        *section(
            "Phases",
            MEASURED,
            FigureTable(listed, rows),
            PhaseSentences(_sentences(listed)),
            remark=REMARK,
        ),
        *section("Targets", MEASURED, targets, remark=OF_TARGETS, terminal=False),
        *section("Arrivals", MEASURED, sentences(_arrivals(figures.arrivals))),
        *section(
            "Lanes",
            MEASURED,
            lanes,
            *curves,
            remark="one round of each phase, to scale",
        ),
        *section(
            "Pairs",
            MEASURED,
            Table(PAIRS_HEADER, pairs),
            *([Chart("matrix")] if pairs else []),
            sentences(pair_sentences(assessment.matrix)),
            remark="every two targets together, against each alone",
        ),
    ]


def figure_rows(phases: Sequence[PhaseFigures]) -> list[tuple[str, list[str]]]:
    """(label with its unit, a text per phase) of every figure, in the order shown; the verdict last."""
    if not phases:
        return []
    columns = [_cells(p) for p in phases]
    joined = [(cells[0][0], [text for _, text in cells]) for cells in zip(*columns, strict=True)]
    joined = [row for row in joined if row[0] != TEXTS or set(row[1]) != {NONE}]  # only of embeddings
    return [*joined[:-1], *servers.rows(phases), *joined[-1:]]


def _cells(p: PhaseFigures) -> list[tuple[str, str]]:
    return [
        ("users, over", f"{p.users}, {topology(p)}"),
        ("rounds scored", f"{p.rounds_scored} of {p.rounds}"),
        ("wall clock W, s", interval(p.wall_s)),
        ("speedup G, ×", interval(p.speedup)),
        ("  without overhead G_net", interval(p.speedup_net)),
        ("  while decoding G_dec", interval(p.speedup_decode)),
        ("  of at most (Gmax)", number(p.speedup_max)),
        ("  efficiency G/Gmax", percent(p.efficiency)),
        ("decode overlap C", interval(p.decode_overlap)),
        ("streams together K", _streams(p)),
        ("naive speedup", number(p.naive_speedup)),
        ("  on a serial server", number(p.naive_speedup_if_serial)),
        ("TTFT p50/p95/max, s", _ttft(p)),
        ("TPOT together/alone", number(p.tpot_ratio)),
        ("tokens/s of one answer", pace_of_one(p.answer_tokens_per_s)),
        ("responses per minute", number(p.responses_per_min)),
        ("output tokens per s", number(p.output_tokens_per_s)),
        (TEXTS, number(p.texts_per_s)),
        ("failed requests", f"{p.failed} of {p.requests}"),
        ("verdict", p.verdict),
    ]


def _streams(p: PhaseFigures) -> str:
    """K in total, and per port over several: `2 (1 + 1)`, `32 (1 per port)`, `1 (≤ 1 per port)`."""
    if p.decode_peak is None:
        return NONE
    each = list(p.decode_peak_per_port.values())
    known = [peak for peak in each if peak is not None]
    if len(each) < 2 or not known:
        return str(p.decode_peak)
    adds_up = len(known) == len(each) and sum(known) == p.decode_peak
    if adds_up and len(each) <= SUMMED_PORTS:
        return f"{p.decode_peak} ({' + '.join(map(str, known))})"
    least, most = min(known), max(known)
    span = str(most) if least == most else f"{least}-{most}"
    return f"{p.decode_peak} ({'' if adds_up else '≤ '}{span} per port)"


def _ttft(p: PhaseFigures) -> str:
    if p.ttft_s.p50 is None:
        return NONE
    return f"{number(p.ttft_s.p50)} / {number(p.ttft_s.p95)} / {number(p.ttft_s.max)}"


def pace_of_one(pace: AnswerPace) -> str:
    """`39.7 → 21.4`: alone, together."""
    if pace.together is None:
        return NONE
    return f"{number(pace.alone.value if pace.alone else None)} → {number(pace.together.value)}"


def _sentences(phases: Sequence[PhaseFigures]) -> tuple[PhaseSentence, ...]:
    """What was found of each phase; evidence that several share once, at the first of them."""
    holds: dict[str, list[str]] = {}
    for p in phases:
        for why in p.why:
            holds.setdefault(why, []).append(p.name)
    return tuple(_sentence(p, holds) for p in phases)


def _sentence(p: PhaseFigures, holds: Mapping[str, Sequence[str]]) -> PhaseSentence:
    naive = (
        [
            f"naive speedup (sum of durations / wall clock) {number(p.naive_speedup)}; "
            f"a strictly serial server reads {number(p.naive_speedup_if_serial)}"
        ]
        if p.naive_speedup is not None and p.naive_speedup_if_serial is not None
        else []
    )
    own = [why for why in p.why if holds[why][0] == p.name]
    shared = {why: f" (in {', '.join(holds[why][1:])} too)" if holds[why][1:] else "" for why in own}
    evidence = [f"evidence: {why}{too}" for why, too in shared.items()]
    return PhaseSentence(p.name, p.verdict, p.sentence, (*naive, *evidence))


def _targets(figures: RunFigures) -> tuple[tuple[str, ...], ...]:
    """Every target of every phase; of more than MOST_TARGETS only in the phase with the most users."""
    shown = figures.targets
    names = {t.target for t in shown}
    if len(names) < 2:
        return ()
    if len(names) > MOST_TARGETS:
        widest = max(figures.listed, key=lambda p: p.users).name
        shown = tuple(t for t in shown if t.phase == widest)
    return tuple(_target_row(t) for t in shown)


def _target_row(t: TargetFigures) -> tuple[str, ...]:
    return (
        t.phase, t.target, str(t.users), f"{t.failed} of {t.requests}", number(t.ttft_alone_s),
        f"{number(t.ttft_s.p50)} / {number(t.ttft_s.max)}", pace_of_one(t.answer_tokens_per_s),
    )  # fmt: skip


def _arrivals(found: Sequence[ArrivalFigures]) -> list[str]:
    lines = [_arrival(f) for f in found]
    if found and found[0].time_scale != 1:
        factor = number(1 / found[0].time_scale)
        lines.append(f"These are seconds of the simulated servers, {factor} times what was measured here.")
    return lines


def _arrival(f: ArrivalFigures) -> str:
    through = f" through {f.workers} workers" if f.workers else ""
    text = f"{f.phase}: {f.users} messages {number(f.spacing_s)} s apart{through}: "
    text += f"first message to last answer {interval(f.wall_s)} s"
    if f.answer_s.p50 is not None:
        text += f"; arrival to answer {number(f.answer_s.p50)} s at the median"
        text += f", {number(f.answer_s.max)} s at most"
    if f.queue_s.p50 is not None:
        text += f"; {number(f.queue_s.p50)} s of it in the client's queue at the median"
        text += f", {number(f.queue_s.max)} s at most"
    return f"{text}."


def _pair_row(p: Pair) -> tuple[str, ...]:
    g = p.phase.speedup.estimate() if p.phase.speedup else None
    of = f"{interval(g)} of {number(p.phase.speedup_max)}"
    return (f"{p.a} + {p.b}", p.separation, of, p.outcome, p.sentence)


def pair_sentences(pairs: Sequence[Pair]) -> list[str]:
    names = {name for p in pairs for name in (p.a, p.b)}
    every = len(names) * (len(names) - 1) // 2
    some = [f"{len(pairs)} of {every} pairs were measured"] if pairs and len(pairs) < every else []
    return groups(pairs) + some
