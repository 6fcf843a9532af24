"""Every verdict word of a phase and of a run: what it claims, what it says is shared, and how it is shown.

All that reads, prints or compares a verdict takes the word from here. To add one: a word and its line of
`_FACTS` below, a row in analysis/advice/next_steps.yaml (a test asks for it), and the rule that gives it:
of_phase.py (a phase), ports.py or of_run.py (a run), analysis/advice/answer.py (data that allow none). One
that claims no gain belongs into `EXPLAINED` of analysis/advice/evidence.py, and one of two targets into
limit.py, which places pairs by what they share. Tables in README.md and docs/METHODOLOGY.md list it as well.
"""

from dataclasses import dataclass
from enum import StrEnum

LOCK, COMPUTE, PART, NOTHING = "lock", "compute", "part", "nothing"  # what requests share


class Outcome(StrEnum):
    """The first eight are of a phase, and of a run whose phases agree; the others of a run only."""

    SERIAL = "serial"
    PARTLY = "partly-parallel"
    SLICED = "time-sliced"
    CONTENTION = "contention"
    PARALLEL = "parallel"
    FULLY = "fully-parallel"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    PORTS_PARALLEL = "ports-parallel"
    ONE_PORT = "one-port-suffices"
    SHARED = "shared-compute"
    MODEL_SWAP = "model-swap"
    GAIN = "gain"  # these two: of files that show how much is gained, and not how
    NO_GAIN = "no-gain"

    @property
    def gains(self) -> bool:
        """True if it claims that requests together are faster than one after another."""
        return _FACTS[self].gains

    @property
    def shares(self) -> str | None:
        """What it says requests share; None where the word does not say."""
        return _FACTS[self].shares

    @property
    def colour(self) -> str:
        return _FACTS[self].colour

    @property
    def headline(self) -> str:
        return _FACTS[self].headline

    @property
    def meaning(self) -> str:
        """What it says in a few words, as the README has them. K: as many streams as were seen together."""
        return _FACTS[self].meaning

    @property
    def decided(self) -> bool:
        """True if it states how the servers work."""
        return self not in (Outcome.INCONCLUSIVE, Outcome.INVALID)


@dataclass(frozen=True, slots=True)
class _Facts:
    gains: bool
    shares: str | None
    colour: str
    headline: str
    meaning: str


_CONFIRMED = "PARALLEL PROCESSING CONFIRMED"
_FACTS = {
    Outcome.SERIAL: _Facts(False, LOCK, "yellow", "SERIAL PROCESSING DETECTED", "one answer at a time"),
    Outcome.PARTLY: _Facts(True, None, "green", "PARTLY PARALLEL", "only K at a time, the others wait"),
    Outcome.SLICED: _Facts(
        False, COMPUTE, "yellow", "TIME-SLICED", "all at once, but no faster than one after another"
    ),
    Outcome.CONTENTION: _Facts(False, COMPUTE, "red", "CONTENTION", "together slower than one after another"),
    Outcome.PARALLEL: _Facts(
        True, PART, "green", _CONFIRMED, "faster together, but they slow each other down"
    ),
    Outcome.FULLY: _Facts(True, NOTHING, "green", _CONFIRMED, "nothing holds these requests back"),
    Outcome.INCONCLUSIVE: _Facts(
        False,
        None,
        "yellow",
        "INCONCLUSIVE",
        "the data do not decide, or a condition failed; the report names the reason",
    ),
    Outcome.INVALID: _Facts(
        False,
        None,
        "red",
        "INVALID",
        "the data are not good: rows are missing, or Locust counted differently",
    ),
    Outcome.PORTS_PARALLEL: _Facts(
        True,
        None,
        "green",
        "PORTS WORK IN PARALLEL",
        "the ports work in parallel; one port alone gains nothing, or even loses",
    ),
    Outcome.ONE_PORT: _Facts(
        True,
        None,
        "green",
        "ONE PORT SUFFICES",
        "the ports work in parallel, but one port alone does as well",
    ),
    Outcome.SHARED: _Facts(
        False,
        COMPUTE,
        "yellow",
        "PORTS SHARE ONE COMPUTE",
        "the ports answer side by side, but share one chip: no gain",
    ),
    Outcome.MODEL_SWAP: _Facts(
        False, None, "yellow", "MODELS EVICT EACH OTHER", "the models push each other out of memory"
    ),
    Outcome.GAIN: _Facts(True, None, "green", "A GAIN", "faster together; what brings the gain is unknown"),
    Outcome.NO_GAIN: _Facts(
        False,
        None,
        "yellow",
        "NO GAIN",
        "no faster than one after another; whether requests wait or share the chip is unknown",
    ),
}
