"""Where the limit is: requests that share less and less (model, port, program, machine), and who gains.

The contention matrix is the same comparison for every pair of targets: who shares a lock or a chip with whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from analysis.files.run import TargetInfo
from analysis.phase.measure import PhaseMeasured
from analysis.verdict.outcomes import COMPUTE, LOCK, NOTHING, PART, Outcome
from analysis.verdict.phase_judged import PhaseJudged

# What tells two requests apart, from nothing to everything; behind each what it takes away from the shared.
REQUESTS, MODELS, PORTS, PROGRAMS, MACHINES = "requests", "models", "ports", "programs", "machines"
SEPARATIONS = (REQUESTS, MODELS, PORTS, PROGRAMS, MACHINES)
LIMITS = ("model", "port", "program", "machine")  # LIMITS[i] is shared up to SEPARATIONS[i], not beyond
REQUEST = "request"  # nothing holds requests back but the time each takes by itself


APART = {
    REQUESTS: "requests to one model",
    MODELS: "two models on one port",
    PORTS: "ports of one program",
    PROGRAMS: "programs on one machine",
    MACHINES: "machines",
}
OUTSIDE = "something outside the servers: the client, the network or a proxy"


@dataclass(frozen=True, slots=True)
class Compared:
    """One phase with one request per target (or two to one target): what they share, and the outcome."""

    separation: str
    phase: PhaseMeasured
    outcome: Outcome

    @property
    def gains(self) -> bool:
        return self.outcome.gains

    @property
    def named(self) -> str:
        g = self.phase.speedup
        return f"{APART[self.separation]} ({self.phase.plan.name}): {self.outcome}" + (
            f", speedup {g.value:.2f}" if g is not None else ""
        )


@dataclass(frozen=True, slots=True)
class Localisation:
    """`limits`: what may hold requests back, several where the run cannot tell them apart, () if unknown."""

    limits: tuple[str, ...]
    sentence: str
    compared: tuple[Compared, ...]
    missing: tuple[str, ...]  # separations that would narrow it down


def separation(a: TargetInfo, b: TargetInfo) -> str:
    """How far apart two targets are."""
    if a.machine != b.machine:
        return MACHINES
    if a.base_url != b.base_url:
        return PROGRAMS if a.kind != b.kind else PORTS
    return REQUESTS if a.name == b.name else MODELS


def separation_of(phase: PhaseMeasured) -> str | None:
    """Of all its targets alike, with one user each (two or more for a single target); None if mixed."""
    infos = [phase.targets[t] for t in dict.fromkeys(phase.plan.deal)]
    if len(infos) == 1:
        return REQUESTS
    if len(infos) != phase.plan.users:
        return None
    separations = {separation(a, b) for i, a in enumerate(infos) for b in infos[:i]}
    return separations.pop() if len(separations) == 1 else None


def localise(judged: Sequence[PhaseJudged]) -> Localisation:
    """The limit, by the farthest separation that brings nothing and the nearest beyond it that does."""
    compared = tuple(
        Compared(apart, j.measured, j.outcome)
        for j in judged
        if (apart := separation_of(j.measured)) is not None and j.outcome.decided
    )
    compared = tuple(sorted(compared, key=lambda c: SEPARATIONS.index(c.separation)))
    by_level = {s: [c for c in compared if c.separation == s] for s in SEPARATIONS}
    known = {s: level for s, level in by_level.items() if level}
    if not known:
        return Localisation((), "unknown: no comparison was decided", (), SEPARATIONS)
    mixed = [s for s, level in known.items() if len({c.gains for c in level}) > 1]
    if mixed:
        text = f"not one for all: among {APART[mixed[0]]} some gain and some do not; see the pairs"
        return Localisation((), text, compared, ())
    held = [s for s, level in known.items() if not level[0].gains]
    if not held:
        return _nothing_held(compared, known)
    return _held(compared, known, held[-1])


def _nothing_held(compared: tuple[Compared, ...], known: dict[str, list[Compared]]) -> Localisation:
    missing = tuple(s for s in (REQUESTS, PORTS) if s not in known)
    phases = "; ".join(c.named for c in compared)
    if all(c.outcome == Outcome.FULLY for c in compared):
        return Localisation(
            (REQUEST,),
            f"the single request: so many do not hold each other back ({phases})",
            compared,
            missing,
        )
    return Localisation(
        (), f"no lock was found; requests gain, but not undisturbed ({phases})", compared, missing
    )


def _held(compared: tuple[Compared, ...], known: dict[str, list[Compared]], farthest: str) -> Localisation:
    level = SEPARATIONS.index(farthest)
    if farthest == MACHINES:
        text = f"not the servers but {OUTSIDE} ({known[farthest][0].named})"
        return Localisation((), text, compared, ())
    freed = next((s for s in SEPARATIONS[level + 1 :] if s in known), None)  # all beyond `farthest` gain
    until = len(LIMITS) if freed is None else SEPARATIONS.index(freed)
    limits = LIMITS[level:until]
    first = known[farthest][0]
    computes = first.outcome.shares == COMPUTE
    if computes and level >= SEPARATIONS.index(PORTS):
        limits = (
            tuple(x for x in limits if x == "machine") or limits
        )  # two servers at work: no lock of a program
    what = "the compute" if computes else "a lock or queue"
    phases = first.named if freed is None else f"{first.named}; {known[freed][0].named}"
    missing = tuple(s for s in SEPARATIONS[level + 1 : until + (freed is None)] if len(limits) > 1)
    shared = " or ".join(filter(None, (", ".join(limits[:-1]), limits[-1])))
    return Localisation(limits, f"{what} of the {shared} ({phases})", compared, missing)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two targets together against each alone; `shares`: lock, compute, part, nothing, None if unknown."""

    a: str
    b: str
    separation: str
    phase: PhaseMeasured
    outcome: Outcome
    shares: str | None
    sentence: str


def contention_matrix(judged: Sequence[PhaseJudged]) -> tuple[Pair, ...]:
    """The pairs of the run's contention matrix in the order they were measured."""
    return tuple(_pair(j) for j in judged if j.plan.pair_of is not None)


def _pair(judged: PhaseJudged) -> Pair:
    a, b = (judged.measured.targets[t] for t in judged.plan.deal[:2])
    apart, shares = separation(a, b), judged.outcome.shares
    text = _shared(a, apart, shares) if shares is not None else judged.verdict.sentence
    return Pair(a.name, b.name, apart, judged.measured, judged.outcome, shares, text)


def _shared(one: TargetInfo, apart: str, shares: str) -> str:
    if shares == NOTHING:
        return "they share nothing"
    if shares == PART:
        return "they disturb each other, but gain"
    if apart == MACHINES:
        return f"they share {OUTSIDE}"
    host = urlsplit(one.base_url).hostname
    if shares == COMPUTE:
        return (
            "they share the compute behind their port"
            if apart == MODELS
            else f"they share the chip of {host}"
        )
    return {
        MODELS: "they share a lock of their port",
        PORTS: f"they share a lock of {one.kind} or of {host}, or one server is behind both ports",
        PROGRAMS: f"they share a lock of {host}",
    }[apart]


def groups(pairs: Sequence[Pair]) -> list[str]:
    """Who shares with whom, in sentences: those tied by a lock or by compute, and those that are free."""
    sentences = []
    for shares, what in ((LOCK, "take turns"), (COMPUTE, "share one compute")):
        for group in _tied([(p.a, p.b) for p in pairs if p.shares == shares]):
            sentences.append(f"{', '.join(group)} {what}")
    tied = {name for p in pairs if p.shares != NOTHING for name in (p.a, p.b)}
    free = [name for name in dict.fromkeys(n for p in pairs for n in (p.a, p.b)) if name not in tied]
    return sentences + ([f"{', '.join(free)}: shares nothing with any other"] if free else [])


def _tied(edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Connected names, in the order they come."""
    groups: list[list[str]] = []
    for edge in edges:
        touched = [g for g in groups if set(edge) & set(g)]
        merged = list(dict.fromkeys([name for g in touched for name in g] + list(edge)))
        groups = [g for g in groups if g not in touched] + [merged]
    return groups
