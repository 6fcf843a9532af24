"""The one reader of a metrics page in Prometheus' text format."""

import re
from collections.abc import Mapping

_LINE = re.compile(r"^([\w:]+)(?:\{.*\})?[ \t]+(\S+)", re.MULTILINE)


def metrics(text: str) -> dict[str, list[str]]:
    """The values of each metric, one per label set (model, engine), as written."""
    values: dict[str, list[str]] = {}
    for name, value in _LINE.findall(text):
        values.setdefault(name, []).append(value)
    return values


def total(values: Mapping[str, list[str]], name: str) -> float | None:
    """The sum over all label sets; None if the page lacks the metric. Raises ValueError at no number."""
    return sum(map(float, values[name])) if name in values else None
