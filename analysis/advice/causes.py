"""Causes that tokens show: drafts that were refused, and prompts that were read anew in company."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from urllib.parse import urlsplit

from analysis.console import plural
from analysis.files.request_record import RequestRecord
from analysis.phase.measure import PhaseMeasured
from analysis.phase.server_load import PortLoad, ServerLoad
from analysis.thresholds import READ_ANEW_SHARE, READ_ANEW_TOKENS


@dataclass(frozen=True, slots=True)
class Drafts:
    """Tokens of speculative decoding; none were drafted: 0."""

    drafted: int
    accepted: int

    def __str__(self) -> str:
        return f"{self.accepted} of {self.drafted}"


def drafting(phase: PhaseMeasured, load: ServerLoad | None) -> str | None:
    """What speculative decoding did alone and in company; None if no server drafts, or tells it."""
    alone, together = _drafts(phase, load)
    users = phase.plan.users
    if together and together.drafted:
        before = f"{alone} drafted tokens were accepted alone, {together}" if alone and alone.drafted else ""
        found = f"{before or f'{together} drafted tokens were accepted'} with {users} at once"
    elif together and alone and alone.drafted:
        return (
            f"speculative decoding: {alone} drafted tokens were accepted alone, and with {users} at once "
            "none was drafted: alone an answer has a help that it lacks in company"
        )
    else:
        return None
    if together.accepted == together.drafted:
        return f"speculative decoding: {found}"
    return f"speculative decoding: {found}; each refused one took compute that the other requests lacked"


def reads_anew(phase: PhaseMeasured, load: ServerLoad | None) -> list[str]:
    """What of a prompt cache was lost in company: by the answers' own counts, and by the server's."""
    loads = load.ports.items() if load else ()
    return [s for s in (_lost(phase), *(_pushed_out(port, own) for port, own in loads)) if s]


def _drafts(phase: PhaseMeasured, load: ServerLoad | None) -> tuple[Drafts | None, Drafts | None]:
    """(alone, together), as told with each answer, else by the servers' counters; None: not known.

    An answer that tells none had none, where others of the phase tell some: so llama.cpp does it.
    """
    alone = _told(phase.solos)
    together = _told(r for a_round in phase.scored for r in a_round.requests)
    if alone or together:
        return alone or Drafts(0, 0), together or Drafts(0, 0)
    ports = load.ports.values() if load else ()
    return (
        _sum([(p.drafted_alone, p.accepted_alone) for p in ports]),
        _sum([(p.drafted, p.accepted) for p in ports]),
    )


def _told(requests: Iterable[RequestRecord]) -> Drafts | None:
    return _sum([(r.drafted_tokens, r.accepted_tokens) for r in requests])


def _sum(pairs: Sequence[tuple[int | None, int | None]]) -> Drafts | None:
    """Of the pairs that are complete and can be true; None if there are none."""
    known = [(d, a) for d, a in pairs if d is not None and a is not None and a <= d]
    return Drafts(sum(d for d, _ in known), sum(a for _, a in known)) if known else None


def _lost(phase: PhaseMeasured) -> str | None:
    """Compared by target: two prompts may be of different lengths."""
    alone = {t: _cached(r for r in phase.solos if r.target == t) for t in phase.alone}
    requests = [r for a in phase.scored for r in a.requests if alone.get(r.target)]
    together = _cached(requests)
    if not together:
        return None
    means = {t: fmean(c for c, _ in pairs) for t, pairs in alone.items() if pairs}
    expected = fmean(means[r.target] for r in requests if _counts(r))
    cached, prompt = (fmean(values) for values in zip(*together, strict=True))
    lost = expected - cached
    if lost < READ_ANEW_TOKENS or lost < READ_ANEW_SHARE * prompt:
        return None
    return (
        f"prompt cache: alone {expected:.0f} of {prompt:.0f} prompt tokens were cached, with "
        f"{phase.plan.users} at once {cached:.0f}: the rest is read anew, because each slot has a cache of "
        "its own or the requests push each other's prompts out (cache thrash)"
    )


def _counts(r: RequestRecord) -> bool:
    """Whether its server tells both figures, and they can be true."""
    return r.cached_tokens is not None and r.prompt_tokens is not None and r.cached_tokens <= r.prompt_tokens


def _cached(requests: Iterable[RequestRecord]) -> list[tuple[int, int]]:
    return [(r.cached_tokens or 0, r.prompt_tokens or 0) for r in requests if _counts(r)]


def _pushed_out(port: str, load: PortLoad) -> str | None:
    if not load.preempted:
        return None
    return (
        f"the server at {urlsplit(port).netloc} pushed requests out to make room for others "
        f"({plural(load.preempted, 'preemption')}): its cache is too small for so many at once, and what was "
        "pushed out is read anew"
    )
