"""Two instruments for one machine check each other: phases and a sweep, people computed and measured."""

from collections.abc import Collection

from analysis.capacity.result import HowMany
from analysis.conditions.condition import Condition
from analysis.machine.model import MachineModel
from analysis.machine.throughput import Throughput, throughputs
from analysis.statistics.estimates import LogEstimate, bonferroni
from analysis.thresholds import SURELY, SWEEP_BAND

NAME, PEOPLE = "sweep and phases agree", "people as computed"
MEASURE_BOTH = "measure both in one run: --how-many --both"


def sweep_agrees(found: HowMany, machine: MachineModel, ports: Collection[str]) -> Condition:
    """The throughput that the phases' machine model foretells for each level, and the streams together.

    Differs: surely outside the band at some level, or both saw where it ends and another number of slots.
    """
    rows = throughputs(machine)
    if not rows:
        return Condition(NAME, None, "cannot be told: no phase of this run says what to expect", MEASURE_BOTH)
    if set(machine.ports) != set(ports):
        return Condition(NAME, None, "cannot be told: the phases used other ports than the sweep")
    pairs = [(row, rate) for row in rows if (rate := _rate(found, row)) is not None]
    if not pairs:
        return Condition(NAME, None, "cannot be told: they have no number of users in common")
    slots = machine.slots.total
    if slots.exact and found.together_exact and slots.streams != found.together:
        text = f"they differ: {slots.streams} together in the phases, {found.together} in the sweep"
        return Condition(NAME, False, text, "run again; or the server changed its slots between them")
    level = bonferroni(SURELY, len(pairs))
    off = [p for p in pairs if _over(*p).surely_outside(SWEEP_BAND, level)]
    row, rate = max(off or pairs, key=lambda pair: abs(_over(*pair).log))
    users = ", ".join(str(pair[0].workers) for pair in pairs)
    return Condition(
        NAME,
        not off,
        f"{'they differ' if off else 'they agree'}, compared with {users} users; the widest, "
        f"{row.workers}: {_foretold(row).value:.3g} tokens/s by the phases, {rate.value:.3g} in the sweep",
        "run again on a quieter machine; or it changed between the phases and the sweep",
    )


def _rate(found: HowMany, row: Throughput) -> LogEstimate | None:
    """Tokens per second of the sweep with as many users; None where one of the two is not measured."""
    if not row.measured or row.output_tokens_per_s is None:
        return None
    return found.tokens_per_s.get(row.workers)


def _foretold(row: Throughput) -> LogEstimate:
    assert row.output_tokens_per_s is not None
    return row.output_tokens_per_s


def _over(row: Throughput, rate: LogEstimate) -> LogEstimate:
    return rate.over(_foretold(row))


def people_as_computed(found: HowMany) -> Condition:
    """Refuted by people that the levels say are carried: one of the two is wrong. It can only refute."""
    seen, computed = found.people_measured, found.people
    if seen is None or computed is None:
        return Condition(PEOPLE, None, "cannot be told: no people were measured", "add --people N")
    if seen.users > computed.about:
        return Condition(
            PEOPLE, None, f"cannot be told: measured with {seen.users} people, computed {computed.about}"
        )
    return Condition(
        PEOPLE,
        not seen.refuted,
        f"about {computed.about} computed; of the answers of {seen.users} people {seen.met} of {seen.of} met "
        "the target",
        "the levels promise too much for people who come in bursts; believe the measurement",
    )
