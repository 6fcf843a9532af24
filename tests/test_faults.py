"""What `make faults` strikes; the tool itself takes ten minutes."""

from collections import Counter

from scripts.faults.__main__ import matrix, table
from scripts.faults.fault import PLACE, STOP, Fault, Outcome
from scripts.faults.places import PLACES
from scripts.faults.victims import STAGES, VICTIMS


def test_every_victim_is_struck_in_its_stages_by_its_signals_equally_often() -> None:
    each = sum(len(stages) * len(signals) for stages, signals in VICTIMS.values()) + len(PLACES)
    cells = Counter((f.victim, f.stage, f.signal) for f in matrix(2 * each))
    assert len(cells) == each
    assert set(cells.values()) == {2}
    assert {f.victim for f in matrix(each)} == {*VICTIMS, PLACE}
    assert all(stage in STAGES for stages, _ in VICTIMS.values() for stage in stages)


def test_the_table_counts_what_was_struck() -> None:
    fault = Fault("worker", "rounds", STOP, 0)
    good = Outcome(fault, True, 0, "serial", 0, 0, 2.0, ())
    bad = Outcome(
        fault, True, None, "ports-parallel", 2, 1, 30.0, ("verdict ports-parallel", "it hung for 90 s")
    )
    late = Outcome(fault, False, 0, "serial", 0, 0, 2.0, ())
    assert table([good, bad, late]).splitlines()[2:] == [
        "| worker | 2 | 2 | 1 | 1 | 1 | 30.0 | 1 |",
        "| all | 2 | 2 | 1 | 1 | 1 | 30.0 | 1 |",
    ]
