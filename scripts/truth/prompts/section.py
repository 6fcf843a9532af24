"""The part of docs/truth.md that these runs write; `make truth` writes all else and keeps it."""

from typing import Final

TITLE: Final = "## Prompts over sockets"


def with_section(page: str, section: str) -> str:
    """The page with this section in place of the one of the same title, at its end."""
    return f"{page.partition(TITLE)[0].rstrip()}\n\n{section}\n"


def kept_section(page: str) -> str:
    """The section as it stands in a page; "" if it has none."""
    _, title, rest = page.partition(TITLE)
    return f"{title}{rest.rstrip()}" if title else ""
