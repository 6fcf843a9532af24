"""Texts of a run as strangers may read them: no path, no host, no address, no port of a network."""

import re
from collections.abc import Collection, Iterable
from typing import Final
from urllib.parse import urlsplit

from analysis.escapes import visible
from analysis.files.run import LOOPBACK, TargetInfo

WITHHELD: Final = "(name withheld)"
ADDRESS: Final = re.compile(r"\d{1,3}(\.\d{1,3}){3}|[0-9a-f]{1,4}(:[0-9a-f]{0,4}){3,}|:\d{4,5}\b", re.I)
LONGEST: Final = 60


def hosts_of(targets: Iterable[TargetInfo]) -> set[str]:
    """Every name and address of the run's servers, in lower case; loopback is no secret."""
    found = {text for t in targets for text in (urlsplit(t.base_url).hostname, t.server.get("address"))}
    return {str(text).lower() for text in found if text} - {*LOOPBACK, "127.0.0.1"}


def public(text: str, hosts: Collection[str]) -> str:
    """The last part of a path or URL; WITHHELD where even that names a host or looks like an address."""
    last = re.split(r"[/\\]", visible(text).strip().rstrip("/\\"))[-1].strip()
    if ADDRESS.search(last) or any(host in last.lower() for host in hosts):
        return WITHHELD
    return last if len(last) <= LONGEST else f"{last[: LONGEST - 1]}…"


def each(texts: Iterable[str | None], hosts: Collection[str]) -> str:
    """All of them, each once."""
    return ", ".join(dict.fromkeys(public(t, hosts) for t in texts if t and t.strip()))
