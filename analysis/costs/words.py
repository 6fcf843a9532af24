"""Costs in sentences. Every one names what it takes for granted."""

from analysis.console import plural
from analysis.costs.figures import TOKENS, Cost, Fleet
from analysis.report.words import interval, number
from analysis.statistics.estimates import Estimate

COMPUTED = "(computed: machines share nothing)"


def cost_sentences(cost: Cost) -> list[str]:
    """Of what was measured, then of a second machine like it."""
    prices, work = cost.prices, cost.work
    price = money(prices.machine * cost.machines, prices.currency)
    rates = f"{interval(work.answers_per_min)} answers per minute"
    rates += f" and {interval(work.tokens_per_s)} tokens/s" if work.tokens_per_s else ""
    each = _span(cost.per_answer_per_min, prices.currency)
    sentences = [
        f"{plural(cost.machines, 'machine')} for {price} gave {rates} at most ({work.where}): "
        f"{each} for each answer a minute."
    ]
    if cost.per_million_tokens is not None:
        energy = "energy not counted"
        if cost.energy_per_million_tokens is not None:
            energy = f"{money(cost.energy_per_million_tokens, prices.currency)} of it energy"
        each, time = _span(cost.per_million_tokens, prices.currency), f"{prices.years:g} years"
        sentences.append(
            f"A million output tokens cost {each} ({energy}) if it works so without a pause for {time}; with "
            "a tenth of that work the machine's part is ten times as much."
        )
    if cost.second_machine_per_min is not None:
        price = money(2 * prices.machine, prices.currency)
        sentences.append(
            f"A second machine like it: about {number(cost.second_machine_per_min)} answers per minute for "
            f"{price}, the same cost per token {COMPUTED}."
        )
    return sentences


def fleet_sentence(a: str, b: str, cost_a: Cost, cost_b: Cost, fleet: Fleet) -> str:
    """`3 of mini do what one of studio does`, with what it costs and how fast each answer is."""
    low, high = min(fleet.low, fleet.count), max(fleet.high or fleet.count, fleet.count)
    span = f" ({low} to {high} within the intervals)" if low < high else ""
    unit = "tokens/s" if fleet.by == TOKENS else "answers per minute"
    of = "one" if cost_a.machines == 1 else str(cost_a.machines)
    there, here = cost_b.work.pace, cost_a.work.pace
    paces = f"; one answer runs there at {number(there)} tokens/s, here at {number(here)}"
    do = "does" if fleet.count == 1 else "do"
    return (
        f"{fleet.count} of {b}{span} {do} the {unit} of {of} of {a}, for "
        f"{money(fleet.price, cost_b.prices.currency)} in place of "
        f"{money(fleet.instead_of, cost_a.prices.currency)}{paces if there and here else ''} {COMPUTED}."
    )


def money(value: float, currency: str) -> str:
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value >= 0.1 else f"{value:.3g}"
    return f"{currency}{shown}" if len(currency) == 1 else f"{shown} {currency}"


def _span(e: Estimate, currency: str) -> str:
    if e.low is None or e.high is None:
        return money(e.value, currency)
    return f"{money(e.value, currency)} [{money(e.low, currency)}, {money(e.high, currency)}]"
