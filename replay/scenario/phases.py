"""What one phase of a scenario becomes: larger ones after it, or a pair for every two targets."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from replay.scenario.schema import Phase, Target

MOST_PAIRS: Final = 12  # of a contention matrix: each takes ten solo times with three rounds


def sizes_grown(phase: Phase) -> list[int]:
    """The users of the phases that may follow this one: doubled again and again."""
    sizes, users = [], 2 * phase.users
    while users <= (phase.grow_to or 0):
        sizes.append(users)
        users *= 2
    return sizes


def pairs(targets: Sequence[Target]) -> list[tuple[str, str]]:
    """At most 12 pairs: machines first, then programs, then ports; neighbours of the list before others."""
    found = [
        ((*_alike(a, b), k - i, i), (a.name, b.name))
        for i, a in enumerate(targets)
        for k, b in enumerate(targets[i + 1 :], start=i + 1)
    ]
    return [names for _, names in sorted(found)][:MOST_PAIRS]


def _alike(a: Target, b: Target) -> tuple[bool, bool]:
    """Same machine, same port; as far as the scenario knows."""
    hosts = [urlsplit(t.base_url or "").hostname for t in (a, b)]
    return hosts[0] == hosts[1], (a.base_url, a.server) == (b.base_url, b.server)
