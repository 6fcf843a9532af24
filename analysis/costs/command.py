"""`python -m analysis cost PREFIX …`: what the work costs, and how many smaller machines do the same."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from analysis import exit_codes
from analysis.comparison.command import short_names
from analysis.comparison.differences import differences
from analysis.comparison.figures import ComparedRun
from analysis.costs.figures import Cost, cost_of, fleets
from analysis.costs.words import cost_sentences, fleet_sentence
from analysis.errors import RunError
from analysis.files.run import Prices
from analysis.report.command import judged


def cost(
    prefixes: Sequence[Path], machine: Sequence[float], **changed: float | str | None
) -> tuple[str, int]:
    """(the sentences, the exit code). `machine`: a price per run, in their order; the others as in `Prices`.

    Raises RunError: a run without a price, or without a throughput; prices that are none.
    """
    if machine and len(machine) != len(prefixes):
        raise RunError(f"--cost: give one for each of the {len(prefixes)} runs, in their order, or none")
    runs = [
        ComparedRun(name, *judged(path)) for name, path in zip(short_names(prefixes), prefixes, strict=True)
    ]
    costs = [_cost(r, machine[i] if machine else None, changed) for i, r in enumerate(runs)]
    lines = []
    for run, found in zip(runs, costs, strict=True):
        lines += [f"{run.name}:", *(f"  {s}" for s in cost_sentences(found))]
        if run.figures.verdict is not None and not run.figures.verdict.decided:
            lines.append(f"  The verdict of this run is {run.figures.verdict}: take its figures as rough.")
    base = runs[0]
    lines += [
        fleet_sentence(base.name, run.name, costs[0], found, fleet)
        for run, found, fleet in zip(runs[1:], costs[1:], fleets(costs), strict=True)
    ]
    if len(runs) > 1 and (others := differences(runs)):
        lines += ["What differs besides:", *(f"  {line}" for line in others)]
    return "".join(f"{line}\n" for line in lines), exit_codes.OK


def _cost(run: ComparedRun, machine: float | None, changed: dict[str, float | str | None]) -> Cost:
    prices = run.assessment.run.manifest.prices
    if machine is not None:
        prices = replace(prices, machine=machine) if prices else Prices(machine)
    if prices is None:
        raise RunError(f"{run.name}: no price is known; give --cost, as in --cost 10999")
    given = {name: value for name, value in changed.items() if value is not None}
    prices = replace(prices, **given)  # type: ignore[arg-type]
    if min(prices.machine, prices.years, *(v for v in (prices.watts, prices.per_kwh) if v is not None)) <= 0:
        raise RunError("--cost, --years, --watts and --per-kwh: must be more than 0")
    found = cost_of(run.assessment, run.figures, prices)
    if found is None:
        raise RunError(f"{run.name}: no phase has a throughput; run the phases first")
    return found
