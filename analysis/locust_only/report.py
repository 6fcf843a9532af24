"""The report of a stranger's run: bounds, what they leave open, and the next step. Never a mechanism."""

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from analysis.escapes import for_json
from analysis.escapes import for_markdown as md
from analysis.locust_only.bounds import Bound, Bounds
from analysis.report.words import number
from analysis.verdict.outcomes import Outcome

FORMAT = 1
ANSWER = (
    "Only Locust's own statistics are here. They bound how many requests were in flight, and cannot tell "
    "who waited for whom."
)
NEXT_STEPS = (
    "Run the phases against the same servers for a verdict: "
    "locust --headless --plan phases --target URL --csv PREFIX",
)


def sentences(bounds: Bounds) -> list[str]:
    """What the files say, each with its bounds."""
    total = bounds.total
    said = [
        f"{total.requests} requests, {total.failures} failed; their latencies add up to "
        f"{number(total.latency_s)} s exactly, each "
        f"between {number(total.fastest_s)} and {number(total.slowest_s)} s.",
        f"First send to last end: {_between(bounds.makespan_s)} s.",
        f"Mean in flight: {_between(bounds.mean_in_flight)}"
        + (f", with at most {bounds.users} users" if bounds.users else "")
        + ". It is what the seed calls speedup; it is none.",
    ]
    for name, solo_s in bounds.solo_s.items():
        said.append(f"{name} alone, while there was one user: {number(solo_s)} s on average.")
    for level in bounds.levels:
        speedup = f"speedup {_between(level.speedup)}" if level.speedup else "speedup not identifiable"
        said.append(
            f"{level.users} users for {_between(level.window_s)} s: "
            f"{level.answers} answers, {speedup} (solo time answered per second)."
        )
    if bounds.singles:
        said.append(
            f"{len(bounds.singles)} of {total.requests} requests can be told apart: "
            "their latency is exact, their end known to ±1 s."
        )
    return said


def show(console: Console, bounds: Bounds) -> None:
    """Prints the report."""
    console.print(Text(f"portlap · Locust's statistics alone · {bounds.prefix}", "dim"))
    console.print(Text(Outcome.INCONCLUSIVE.upper(), "bold yellow"))
    console.print(Text(ANSWER, "bold"))
    parts = {"Bounds": sentences(bounds), "Missing": list(bounds.missing), "Next": list(NEXT_STEPS)}
    for title, said in parts.items():
        console.print(Text(f"\n{title}", "bold cyan"))
        for sentence in said:
            console.print(Padding(Text(sentence), (0, 0, 0, 2)))


def markdown(bounds: Bounds) -> str:
    parts = {
        "Hypothesis": ["The servers answered requests in parallel."],
        "Design": ["Unknown: a run of Locust that portlap did not plan."],
        "Measured": sentences(bounds),
        "Verdict": [f"{Outcome.INCONCLUSIVE}: {ANSWER}", *(f"Missing: {m}" for m in bounds.missing)],
        "Next action": list(NEXT_STEPS),
    }
    said = [f"## {title}\n\n" + "\n".join(f"- {md(s)}" for s in lines) for title, lines in parts.items()]
    return "\n\n".join([f"# {md(bounds.prefix.name)}: {Outcome.INCONCLUSIVE}", *said]) + "\n"


def as_json(bounds: Bounds) -> str:
    """report.json of such a run: docs/FORMAT.md; a bound is {"low", "high"}."""
    rows = [{"type": t, "name": name, **asdict(sums)} for (t, name), sums in bounds.rows.items()]
    report: dict[str, Any] = {
        "format": FORMAT,
        "verdict": Outcome.INCONCLUSIVE,
        "answer": ANSWER,
        "next_steps": list(NEXT_STEPS),
        "bounds": {
            "rows": rows,
            "total": asdict(bounds.total),
            "users": bounds.users,
            "makespan_s": asdict(bounds.makespan_s),
            "mean_in_flight": asdict(bounds.mean_in_flight),
            "solo_s": dict(bounds.solo_s),
            "levels": [asdict(level) for level in bounds.levels],
            "single_requests": [asdict(single) for single in bounds.singles],
            "missing": list(bounds.missing),
        },
    }
    return for_json(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"


def _between(bound: Bound) -> str:
    low, high = number(bound.low), number(bound.high)
    return low if low == high else f"between {low} and {high}"
