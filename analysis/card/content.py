"""What stands on a card: verdict, machine, model, server, and the naive speedup's claim against the truth."""

from collections.abc import Collection
from dataclasses import dataclass

from analysis.assess import Assessment
from analysis.capacity.said import words
from analysis.card.public import each, hosts_of, public
from analysis.console import plural
from analysis.errors import RunError
from analysis.files.run import THIS_HOST, Manifest
from analysis.lanes import Lane, lanes, representative_round
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import RunFigures
from analysis.report.sections.how_many import headline
from analysis.report.sections.phases import pace_of_one
from analysis.report.words import interval, number, topology

PARALLEL, HOW_MANY = (
    "Do these LLM servers really work in parallel?",
    "How many users do these LLM servers carry?",
)
DATE = 10  # characters of ISO 8601: the time and its zone say where


@dataclass(frozen=True, slots=True)
class Card:
    question: str
    verdict: str
    colour: str
    meaning: str
    machine: str
    server: str  # how many ports of what
    model: str
    made: str  # portlap, its version and the day
    phase: PhaseFigures | None  # with the most users of those that are decided; None: no speedup was measured
    lanes: tuple[Lane, ...]  # of its median round
    sentences: tuple[str, ...]  # of a sweep, which has no phases


def card_of(assessment: Assessment, figures: RunFigures, machine: str = "") -> Card:
    """`machine`: what its owner calls it, in place of what the run knows. Raises RunError: the plan free."""
    manifest = assessment.run.manifest
    hosts = hosts_of(manifest.targets)
    phase = _widest(figures)
    found = assessment.how_many
    if assessment.says_how_many:
        line = headline(assessment)
        verdict, colour, meaning = line.words, line.colour, words.answer(found)
    elif figures.verdict is not None:
        verdict, colour = str(figures.verdict), figures.verdict.colour
        meaning = _meaning(figures.verdict.meaning, phase)
    else:
        raise RunError(f"{assessment.run.prefix}: the plan free states no verdict; run the phases for a card")
    return Card(
        question=PARALLEL if manifest.sweep is None else HOW_MANY,
        verdict=verdict,
        colour=colour,
        meaning=meaning,
        machine=machine.strip() or _machine(manifest),
        server=_server(manifest, hosts),
        model=each((t.model for t in manifest.targets), hosts) or "model unknown",
        made=f"portlap {public(manifest.versions.get('portlap', ''), hosts)}, {manifest.started_at[:DATE]}",
        phase=phase,
        lanes=_lanes(assessment, phase),
        sentences=tuple(words.sentences(found)) if found is not None else (),
    )


def markdown_lines(card: Card) -> tuple[str, str, str]:
    """Verdict; what was measured; the figures."""
    p = card.phase
    if p is None:
        figures = " ".join(card.sentences) or "No speedup was measured."
    else:
        figures = f"{title(p)}: {'; '.join(filter(None, (pace(p), claim(p))))}, {truth(p)}"
    return (
        f"**{card.verdict}**: {card.meaning}",
        f"{card.server} · {card.model} · {card.machine} · {card.made}",
        figures,
    )


def title(p: PhaseFigures) -> str:
    return f"{plural(p.users, 'request')} at once on {topology(p)}"


def pace(p: PhaseFigures) -> str:
    """ "" where answers do not stream."""
    if p.answer_tokens_per_s.together is None:
        return ""
    return f"tokens/s of one answer {pace_of_one(p.answer_tokens_per_s)} (alone → together)"


def claim(p: PhaseFigures) -> str:
    return f"naive speedup (Σ durations / wall clock) claims {number(p.naive_speedup)}"


def truth(p: PhaseFigures) -> str:
    return f"true speedup {interval(p.speedup)} of at most {number(p.speedup_max)}"


def _widest(figures: RunFigures) -> PhaseFigures | None:
    timed = [p for p in figures.listed if p.speedup is not None and p.naive_speedup is not None]
    decided = [p for p in timed if p.verdict.decided]
    return max(decided or timed, key=lambda p: p.users, default=None)


def _meaning(text: str, phase: PhaseFigures | None) -> str:
    """With the number of streams in the place of K."""
    streams = phase.decode_peak if phase else None
    return text.replace(" K ", " a few " if streams is None else f" {streams} ")


def _machine(manifest: Manifest) -> str:
    """Of servers elsewhere only that they are: the run knows the machine that measured."""
    host, places = manifest.host, {t.machine for t in manifest.targets}
    parts = [str(host.get("system") or "").partition(" ")[0], str(host.get("machine") or "")]
    parts += [f"{host['cpus']} CPUs"] if host.get("cpus") else []
    parts += [f"{host['memory_gb']} GB"] if host.get("memory_gb") else []
    here = ", ".join(filter(None, parts)) or "machine unknown"
    if places <= {THIS_HOST}:
        return here
    return f"servers on {plural(len(places), 'machine')}, measured from {here}"


def _server(manifest: Manifest, hosts: Collection[str]) -> str:
    targets = manifest.targets
    versions = [str(t.server.get("build_info") or t.server.get("version") or "") for t in targets]
    named = (f"{t.kind} {public(v, hosts)}".strip() for t, v in zip(targets, versions, strict=True))
    ports = plural(len({t.base_url for t in targets}), "port")
    return f"{', '.join(dict.fromkeys(named)) or 'server unknown'}, {ports}"


def _lanes(assessment: Assessment, phase: PhaseFigures | None) -> tuple[Lane, ...]:
    measured = next((j.measured for j in assessment.phases if phase and j.plan.name == phase.name), None)
    shown = representative_round(measured) if measured is not None else None
    return tuple(lanes(shown, measured.ports)) if measured is not None and shown is not None else ()
