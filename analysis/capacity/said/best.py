"""Of several settings: the best, in a headline and a sentence."""

from collections.abc import Sequence

from analysis.capacity.said.words import headline
from analysis.capacity.settings import Rank, Setting


def best_of(settings: Sequence[Setting]) -> str:
    """The best by name, with those that tie with it; the fewest words where none is."""
    best = [s.target for s in settings if s.rank is Rank.BEST]
    ties = [s.target for s in settings if s.rank is Rank.TIE]
    if not best:
        return "none of the settings"
    return f"{best[0]} (a tie with {', '.join(ties)})" if ties else best[0]


def best_headline(settings: Sequence[Setting]) -> str:
    return f"best: {best_of(settings)}"


def best_answer(settings: Sequence[Setting]) -> str:
    """The best setting and what it carries, and each of the others."""
    each = "; ".join(f"{s.target} {headline(s.found)}" for s in settings)
    best = next((s for s in settings if s.rank is Rank.BEST), None)
    if best is None:
        return f"No setting is shown to be the best: {each}."
    if any(s.rank is Rank.TIE for s in settings):
        return f"Best is {best_of(settings)}: they cannot be told apart. {each}."
    return f"Best is {best.target}. {each}."
