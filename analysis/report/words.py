"""Numbers and findings as short texts, the same in every report. Units stand beside, in the row's label."""

import re
from collections.abc import Sequence

from analysis.assess import Assessment
from analysis.conditions.of_phase import Condition
from analysis.report import served
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import BaselineFigures, RunFigures
from analysis.statistics.estimates import Estimate

NONE = "–"
MARKS: dict[bool | None, str] = {True: "✓", False: "✗", None: "?"}
TOPOLOGIES = {"one-port": "one port", "ports": "ports", "programs": "programs", "machines": "machines"}


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits, without an exponent, and never fewer than the integer part has."""
    if value is None:
        return NONE
    rounded = float(f"{value:.{digits}g}")  # first: 9.996 has two digits before the point
    whole = len(str(int(abs(rounded)))) if abs(rounded) >= 1 else 1
    return f"{value:.{max(digits - whole, 0)}f}"


def interval(estimate: Estimate | None, digits: int = 3) -> str:
    """`1.98 [1.93, 2.03]`; without an interval it says how many values there were."""
    if estimate is None:
        return NONE
    if estimate.low is None or estimate.high is None:
        return f"{number(estimate.value, digits)} (n = {estimate.n})"
    return (
        f"{number(estimate.value, digits)} [{number(estimate.low, digits)}, {number(estimate.high, digits)}]"
    )


def percent(share: float | None, sign: str = "") -> str:
    if share is None:
        return NONE
    return f"{round(share, 2) + 0.0:{sign}.0%}".replace("%", " %")  # + 0.0: never -0 %


def topology(p: PhaseFigures) -> str:
    if p.topology == "programs" and p.ports > 2:
        return f"{p.ports} ports"  # of several programs, but some may be of one
    return "one port" if p.topology == "one-port" else f"{p.ports} {TOPOLOGIES[p.topology]}"


def streams(p: PhaseFigures) -> str:
    """K in total and, over several ports, per port: `2 (1 + 1)`."""
    if p.total.streams is None:
        return NONE
    total = f"{p.total.streams}"
    each = [str(peak.streams) if peak.streams is not None else NONE for peak in p.per_port.values()]
    return f"{total} ({' + '.join(each)})" if len(each) > 1 else total


def ttft(p: PhaseFigures) -> str:
    if p.ttft_s is None:
        return NONE
    return f"{number(p.ttft_s.p50)} / {number(p.ttft_s.p95)} / {number(p.ttft_s.max)}"


def rows(phases: Sequence[PhaseFigures]) -> list[tuple[str, list[str]]]:
    """(label with unit, a text per phase) of every figure, in the order they are shown; the verdict last."""
    columns = [_phase_rows(p) for p in phases]
    made = [(cells[0][0], [text for _, text in cells]) for cells in zip(*columns, strict=True)]
    return [*made[:-1], *served.rows(phases), *made[-1:]]


def _phase_rows(p: PhaseFigures) -> list[tuple[str, str]]:
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
        ("streams together K", streams(p)),
        ("seed formula", number(p.seed_formula)),
        ("  serial server gives", number(p.seed_formula_if_serial)),
        ("TTFT p50/p95/max, s", ttft(p)),
        ("TPOT together/alone", number(p.tpot_ratio)),
        ("responses per minute", number(p.responses_per_min)),
        ("output tokens per s", number(p.output_tokens_per_s)),
        ("failed requests", f"{p.failed} of {p.requests}"),
        ("verdict", p.verdict),
    ]


def seed_sentence(p: PhaseFigures) -> str:
    if p.seed_formula is None or p.seed_formula_if_serial is None:
        return ""
    return (
        f"seed formula {number(p.seed_formula)}, a strictly serial server gives "
        f"{number(p.seed_formula_if_serial)}"
    )


def baseline_row(b: BaselineFigures) -> tuple[str, ...]:
    return (
        b.target,
        f"{interval(b.solo_s)}, n = {b.solo_s.n}",
        str(b.tokens),
        number(b.ttft_s),
        NONE if b.tpot_s is None else number(b.tpot_s * 1e3),
        f"{percent(b.drift, '+')} in {b.phase}",
    )


_DIGITS = re.compile(r"[-+]?[\d.]+")

BASELINE_HEADER = ("target", "solo time, s", "tokens", "TTFT, s", "TPOT, ms", "drift")


def grouped_conditions(assessment: Assessment) -> list[tuple[Condition, tuple[str, ...]]]:
    """Every condition once: the run's, then the phases', joined where they pass in the same words."""
    shown: list[tuple[Condition, tuple[str, ...]]] = [(c, ()) for c in assessment.conditions]
    merged: dict[tuple[str, bool | None, str], tuple[Condition, list[str]]] = {}
    names = dict.fromkeys(c.name for j in assessment.phases for c in j.conditions)
    for name in names:
        for judged in assessment.phases:
            for c in judged.conditions:
                if c.name == name:
                    # What failed or cannot be told is never joined unless it is the same to the digit.
                    key = (name, c.passed, _DIGITS.sub("", c.sentence) if c.passed else c.sentence)
                    merged.setdefault(key, (c, []))[1].append(judged.measured.plan.name)
    return shown + [(c, tuple(phases)) for c, phases in merged.values()]


def condition_sentence(c: Condition, phases: tuple[str, ...], of: int) -> str:
    """The sentence with the phases it holds for; of several that passed, the first one's numbers."""
    if not phases or of == 1:
        return c.sentence
    if len(phases) == 1 or not c.passed:
        return f"{', '.join(phases)}: {c.sentence}"
    return f"{phases[0]}: {c.sentence}; {', '.join(phases[1:])}: passed"


def events(assessment: Assessment, figures: RunFigures) -> list[str]:
    """What the reader must know beside the numbers: ends, cuts, answers not scored, outliers."""
    run = assessment.run
    manifest, said = run.manifest, []
    if manifest.interrupted:
        said.append(f"Interrupted ({manifest.interrupted}): this is a report of what there is.")
    elif not manifest.finished:
        said.append("The run did not finish (killed or crashed): this is a report of what there is.")
    if run.log.torn_line is not None:
        said.append("The last line of the request log is torn; that request is left out.")
    sure = [p.name for p in manifest.phases_planned if p.after is None]
    unmeasured = [name for name in sure if name not in {f.name for f in figures.phases}]
    if unmeasured:
        said.append(f"Not measured: {', '.join(unmeasured)}.")
    said += [f"Cut by the budget: {cut}" for cut in manifest.cuts]
    for judged in assessment.phases:
        said += [f"{judged.measured.plan.name}, not scored: {why}" for why in judged.measured.not_whole]
    for p in figures.phases:
        said += [f"Outlier in {p.name}, kept: {outlier}." for outlier in p.outliers]
    idle = _without_a_user(assessment)
    return said + ([f"No user was dealt to {', '.join(idle)}: nothing is said about it."] if idle else [])


def _without_a_user(assessment: Assessment) -> list[str]:
    dealt = {t for p in assessment.run.manifest.phases_planned for t in p.deal}
    phased = assessment.run.manifest.phases_planned
    return [t.name for t in assessment.run.manifest.targets if phased and t.name not in dealt]


def timing_sentence(figures: RunFigures) -> str:
    late = figures.timing_error
    if late is None:
        return "portlap's own timing error was not recorded"
    return (
        f"portlap saw bytes {late.p50_s * 1e3:.2f} ms late at the median, {late.p99_s * 1e3:.2f} ms at p99 "
        f"(n = {late.n})"
    )
