"""The report as Markdown, in the seed's frame: hypothesis, design, measured, verdict, next action."""

from collections.abc import Iterable, Sequence

from analysis.assess import Assessment
from analysis.phase.rounds import PlannedPhase
from analysis.report import arrivals, free, hardware, machine_words, served, words
from analysis.report.pictures.lanes import picture
from analysis.report.figures.run import RunFigures

LANES_WIDTH = 96


def render(assessment: Assessment, figures: RunFigures) -> str:
    parts = [
        f"# {assessment.run.manifest.scenario_name}: {figures.verdict or 'no verdict'}",
        assessment.answer.sentence if figures.verdict is not None else "A free run: no verdict is stated.",
        "## Hypothesis",
        _hypothesis(assessment),
        "## Design",
        *_design(assessment),
        "## Measured",
        *_measured(assessment, figures),
        "## Verdict",
        *_verdict(assessment, figures),
        "## Next action",
        _numbered(assessment.answer.next_steps if figures.verdict is not None else free.NEXT_STEPS),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _hypothesis(assessment: Assessment) -> str:
    ports = len({t.base_url for t in assessment.run.manifest.targets})
    if ports > 1:
        return f"Requests sent to {ports} ports at the same instant are answered in parallel."
    return "Requests sent to one port at the same instant are answered in parallel."


def _design(assessment: Assessment) -> list[str]:
    manifest = assessment.run.manifest
    targets = [
        (t.name, t.base_url, t.model or words.NONE, t.kind, str(t.max_tokens or words.NONE))
        for t in manifest.targets
    ]
    return [
        "Each round releases all its requests at one instant; each gap between rounds holds one request sent "
        "alone. Speedup G is the time one after another over the time together, not the seed's formula.",
        _table(("target", "address", "model", "kind", "tokens asked"), targets),
        _table(
            ("phase", "users", "targets", "rounds", "spacing, s"),
            (_planned(p) for p in manifest.phases_planned),
        ),
    ]


def _planned(p: PlannedPhase) -> tuple[str, ...]:
    rounds = str(p.max_rounds) if p.min_rounds == p.max_rounds else f"{p.min_rounds} to {p.max_rounds}"
    return p.name, str(p.users), ", ".join(p.targets), rounds, f"{p.spacing_s:g}"


def _measured(assessment: Assessment, figures: RunFigures) -> list[str]:
    if figures.verdict is None:
        return [_bullets(free.sentences(assessment.run))]
    rows = [(label.strip(), *cells) for label, cells in words.rows(figures.listed)]
    pictures = (
        picture(j.measured, LANES_WIDTH) for j in assessment.phases if j.measured.plan.pair_of is None
    )
    return [
        "Value [95 % interval] over the scored rounds.",
        _table(("", *(p.name for p in figures.listed)), rows),
        _bullets(arrivals.sentences(arrivals.arrival_figures(assessment))),
        *("```text\n" + "\n".join(lines) + "\n```" for lines in pictures if lines),
        _table(machine_words.PAIRS_HEADER, machine_words.pair_rows(assessment.matrix)),
        _table(words.BASELINE_HEADER, (words.baseline_row(b) for b in figures.baseline)),
        _bullets(
            [
                *words.events(assessment, figures),
                *served.sentences(assessment.run.witness),
                words.timing_sentence(figures),
            ]
        ),
    ]


def _verdict(assessment: Assessment, figures: RunFigures) -> list[str]:
    if figures.verdict is None:
        return ["None: run the phases."]
    seeds = {p.name: words.seed_sentence(p) for p in figures.phases}
    said = [
        " ".join(
            filter(None, [f"**{p.name}: {p.verdict}**: {p.sentence}.", seeds[p.name], *_evidence(p.why)])
        )
        for p in figures.listed
    ]
    rows = [
        (
            words.MARKS[c.passed],
            c.name,
            words.condition_sentence(c, phases, len(assessment.phases)),
            c.hint if c.passed is False else "",
        )
        for c, phases in words.grouped_conditions(assessment)
    ]
    return [
        f"**{figures.verdict}**: {assessment.answer.sentence}",
        _bullets(said),
        _table(("", "condition", "found", "do"), rows),
        _bullets([*machine_words.machine_sentences(figures), *_limit(assessment)]),
        _table(machine_words.THROUGHPUT_HEADER, machine_words.throughput_rows(figures.machine)),
        _bullets(hardware.sentences(hardware.hardware_figures(assessment, figures))),
    ]


def _evidence(why: Sequence[str]) -> list[str]:
    return [f"Evidence: {'; '.join(why)}."] if why else []


def _limit(assessment: Assessment) -> list[str]:
    said = machine_words.limit_sentences(assessment)
    return [f"the limit: {s}" if i == 0 else s for i, s in enumerate(said)] + (
        machine_words.pair_sentences(assessment.matrix)
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    if not body:
        return ""
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {s}" for s in sentences)


def _numbered(sentences: Sequence[str]) -> str:
    return "\n".join(f"{i}. {s}" for i, s in enumerate(sentences, start=1))
