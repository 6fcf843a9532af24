"""What the pages of `make truth` are written with."""

from collections.abc import Iterable, Sequence

Criterion = tuple[str, str, str, bool]  # the claim, its bound, what was found, and whether it holds


def share(part: int, of: int) -> str:
    return f"{part} of {of}" + (f" ({100 * part / of:.1f} %)" if of else "")


def marked(found: Iterable[Criterion]) -> list[tuple[str, ...]]:
    return [(claim, bound, what, "yes" if holds else "**no**") for claim, bound, what, holds in found]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows])
