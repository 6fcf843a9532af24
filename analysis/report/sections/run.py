"""What a report says of the run itself: design, notes, baseline, the next step."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from analysis.assess import FREE_PLAN, HOW_MANY_PLAN, Assessment
from analysis.console import few, plural
from analysis.files.plan import PlannedPhase
from analysis.files.request_record import AFTER_END, FAULTY_ENDS, FREE, STOPPED, USUAL_ENDS, RequestRecord
from analysis.files.run import Run
from analysis.report.figures.free import curve
from analysis.report.figures.run import BaselineFigures, RunFigures
from analysis.report.sections.section import (
    DESIGN,
    HYPOTHESIS,
    MEASURED,
    NEXT,
    Section,
    Steps,
    Table,
    section,
    sentences,
)
from analysis.report.words import NONE, interval, number, percent
from analysis.thresholds import LUMP_GAP_S, LUMPED

BASELINE_HEADER = ("target", "solo time, s", "tokens", "TTFT, s", "TPOT, ms", "drift")
TARGETS_HEADER = ("target", "address", "model", "kind", "asked")
PLANS_HEADER = ("phase", "users", "targets", "rounds", "spacing, s")
FREE_NEXT = ("Run the phases for a verdict: locust --headless --plan phases --scenario FILE --csv PREFIX",)
HOW = (
    "Each round releases all its requests at one instant; each gap between rounds holds one request sent "
    "alone. Speedup G is the time one after another over the time together; the naive one is the sum of the "
    "durations over the wall clock."
)
LOOP = (
    "Users ask again as soon as they are answered. Their number is doubled, then narrowed, until one is "
    "shown to be carried and a higher one is not; answers count in the order in which they were asked for."
)
BY_HAND = "Users ask again as soon as they are answered; somebody adds them one by one, as Locust does."


def design_sections(assessment: Assessment) -> list[Section]:
    """What the phases of bursts put to the test; of a sweep, and of users by hand, how they ask."""
    manifest = assessment.run.manifest
    ports = len({t.base_url for t in manifest.targets})
    where = f"{ports} ports" if ports > 1 else "one port"
    claim = f"Requests sent to {where} at the same instant are answered in parallel."
    targets = tuple((t.name, t.base_url, t.model or NONE, t.kind, t.asked or NONE) for t in manifest.targets)
    plans = tuple(_planned(p) for p in manifest.phases_planned)
    how = [HOW] if manifest.phases_planned else []
    how += [LOOP] if manifest.plan == HOW_MANY_PLAN else [BY_HAND] if manifest.plan == FREE_PLAN else []
    return [
        *section(
            "Hypothesis", HYPOTHESIS, sentences([claim] if manifest.phases_planned else []), terminal=False
        ),
        *section(
            "Design",
            DESIGN,
            sentences(how),
            Table(TARGETS_HEADER, targets),
            Table(PLANS_HEADER, plans),
            terminal=False,
        ),
    ]


def _planned(p: PlannedPhase) -> tuple[str, ...]:
    rounds = str(p.max_rounds) if p.min_rounds == p.max_rounds else f"{p.min_rounds} to {p.max_rounds}"
    return p.name, str(p.users), ", ".join(p.targets), rounds, f"{p.spacing_s:g}"


def free_sections(run: Run) -> list[Section]:
    """A free run has no rounds and no verdict, but a curve."""
    records = [r for r in run.log.records if r.kind == FREE]
    stopped = sum(r.error == STOPPED for r in records)
    failed = sum(r.error is not None for r in records) - stopped
    levels = [
        f"{level.in_flight:>3} in flight: {level.speedup:.2f} s of solo time answered per second, "
        f"over {level.window_s:.1f} s, in which {plural(level.answers, 'answer')} ended"
        for level in curve(run.log.records)
    ]
    cut = f", {stopped} stopped with the run" if stopped else ""
    first = f"{len(records)} requests, {failed} failed{cut}. Free use has no rounds, so no verdict is stated."
    return section("Without a plan", MEASURED, sentences([first, *levels, "Run the phases for a verdict."]))


def note_sections(assessment: Assessment, figures: RunFigures) -> list[Section]:
    return section("Notes", MEASURED, sentences(notes(assessment, figures)))


def notes(assessment: Assessment, figures: RunFigures) -> list[str]:
    """What the reader must know beside the numbers: ends, cuts, answers not scored, outliers."""
    run = assessment.run
    manifest, lines = run.manifest, []
    if manifest.interrupted:
        lines.append(f"Interrupted ({manifest.interrupted}): this is a report of what there is.")
    elif not manifest.finished:
        lines.append("The run did not finish (killed or crashed): this is a report of what there is.")
    if run.log.torn_line is not None:
        lines.append("The last line of the request log is torn; that request is left out.")
    if run.log.lacks:
        lines.append(f"The request log is of another version; it lacks {', '.join(run.log.lacks)}.")
    sure = [p.name for p in manifest.phases_planned if p.after is None]
    unmeasured = [name for name in sure if name not in {f.name for f in figures.phases}]
    if unmeasured:
        lines.append(f"Not measured: {', '.join(unmeasured)}.")
    lines += [f"Cut by the budget: {cut}" for cut in manifest.cuts]
    for judged in assessment.phases:
        lines += [f"{judged.measured.plan.name}, not scored: {why}" for why in judged.measured.not_whole]
    for p in figures.phases:
        lines += [f"Outlier in {p.name}, kept: {outlier}." for outlier in p.outliers]
    lines += _lumps(run.log.records)
    unusual = Counter(r.finish_reason for r in run.log.records if r.error is None)
    for word, count in unusual.items():
        if word not in (*USUAL_ENDS, *FAULTY_ENDS):
            lines.append(f"{plural(count, 'answer')} ended with {word!r}, taken as a stop.")
    lines += _after_end(run.log.records)
    idle = _without_a_user(assessment)
    return lines + ([f"No user was dealt to {few(idle)}: the report does not speak of it."] if idle else [])


def _lumps(records: Sequence[RequestRecord]) -> list[str]:
    """Targets whose tokens a proxy gathers: what it holds back is no time of the server."""
    lumped: dict[str, list[float]] = {}
    for r in records:
        if r.chunks and r.arrivals and r.error is None:
            size = r.chunks / r.arrivals if (r.longest_gap_s or 0.0) > LUMP_GAP_S else 1.0
            lumped.setdefault(r.target, []).append(size)
    return [
        f"{target}: tokens come in lumps of {median(sizes):.0f}: TTFT and TPOT are the proxy's, which holds "
        "them back (nginx: proxy_buffering off; HAProxy: option http-no-delay)."
        for target, sizes in lumped.items()
        if median(sizes) > LUMPED
    ]


def _after_end(records: Sequence[RequestRecord]) -> list[str]:
    """What connections did behind whole answers, once for each target."""
    seen = Counter((r.target, r.after_end) for r in records if r.after_end in AFTER_END)
    return [
        f"{target}: {AFTER_END[habit]} ({plural(count, 'answer')})."
        for (target, habit), count in seen.items()
        if habit is not None
    ]


def _without_a_user(assessment: Assessment) -> list[str]:
    dealt = {t for p in assessment.run.manifest.phases_planned for t in p.deal}
    phased = assessment.run.manifest.phases_planned
    return [t.name for t in assessment.run.manifest.targets if phased and t.name not in dealt]


def baseline_sections(figures: RunFigures) -> list[Section]:
    rows = tuple(_baseline_row(b) for b in figures.baseline)
    remark = "each target alone, with its 95 % interval over n solos"
    return section("Baseline", MEASURED, Table(BASELINE_HEADER, rows), remark=remark)


def _baseline_row(b: BaselineFigures) -> tuple[str, ...]:
    return (
        b.target,
        f"{interval(b.solo_s)}, n = {b.solo_s.n}",
        str(b.tokens or NONE),
        number(b.ttft_s),
        NONE if b.tpot_s is None else number(b.tpot_s * 1e3),
        f"{percent(b.drift, '+')} in {b.phase}",
    )


def client_sections(figures: RunFigures) -> list[Section]:
    late = figures.timing_error_ms
    text = (
        "portlap's own timing error was not recorded"
        if late.p50 is None or late.p99 is None
        else f"first and last tokens are sure to {late.p50:.2f} ms at the median, {late.p99:.2f} ms at p99 "
        f"(n = {figures.timed})"
    )
    return section("Client", MEASURED, sentences([text]))


def next_sections(assessment: Assessment, figures: RunFigures) -> list[Section]:
    only_prompts = figures.verdict is None and assessment.run.manifest.prompts_planned
    free = () if only_prompts else FREE_NEXT
    steps = free if figures.verdict is None else assessment.answer.next_steps
    return section("Next", NEXT, Steps(steps))
