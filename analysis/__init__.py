"""What a run means: its files come in, verdicts, figures and reports go out. No request is sent from here.

    files/        PREFIX_run.json, _requests.csv, _witness.csv, _stats.csv read and checked
    phase/        one phase measured: rounds, solo times, speedups, streams that overlapped
    statistics/   estimates with intervals, the fit behind a speedup
    conditions/   the tests that data must pass before a verdict may rest on them
    verdict/      every verdict word, and the rules that give it to a phase and to the run
    prompts/      long prompts beside others, conversations, answers that must be right
    capacity/     how many requests at once, how many are worth having, why, how many people
    advice/       the answer in words, evidence that explains it, and the next steps
    machine/      slots, pace and throughput of the machine behind the ports
    report/       the same figures as text, Markdown, HTML and JSON
    frames/       a run as pandas tables, for notebooks
    card/         a run on one picture and in three lines, to share
    costs/        what the work costs, by the prices of the scenario or the command line
    comparison/   runs side by side, and limits that a run must keep
    locust_only/  bounds for a run of which only Locust's own CSV files exist
    locust_rows/  the same with a row per request, by the recipe: enough for a verdict
    locust_sets/  several runs of Locust, one per number of users: how throughput grows
    entities/     a bot's configuration spread over the ports that a run measured

`assess.py` is the way through them; `__main__.py` is the command. `lanes.py`: one round as lanes, for reports
and the live page. `errors.py`: what can be wrong with an input; `console.py`, `escapes.py`: text for people.
Three lists that everything else reads: `thresholds.py` (every number that decides), `verdict/outcomes.py`
(every verdict), `exit_codes.py`.
To add a figure, a condition, a verdict or a way to write a report: see the `__init__` of its folder.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.frames.locust import LocustTables
    from analysis.frames.run import RunTables, SeveralRuns


def load_run(prefix: str | Path) -> "RunTables":
    """The run as pandas tables; `analysis.frames.run.load_run`, loaded when it is called."""
    from analysis.frames import run

    return run.load_run(prefix)


def load_runs(prefixes: Iterable[str | Path]) -> "SeveralRuns":
    """Several runs as pandas tables; `analysis.frames.run.load_runs`, loaded when it is called."""
    from analysis.frames import run

    return run.load_runs(prefixes)


def locust_run(prefix: str | Path) -> "LocustTables":
    """A run of any locustfile as pandas tables; `analysis.frames.locust.locust_run`, loaded when called."""
    from analysis.frames import locust

    return locust.locust_run(prefix)
