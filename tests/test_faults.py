"""What `make faults` strikes; the tool itself takes ten minutes."""

from collections import Counter

from scripts.faults.__main__ import SIGNALS, STAGES_OF, matrix, table
from scripts.faults.case import STOP, VICTIMS, Fault, Outcome


def test_every_victim_is_struck_in_every_stage_by_every_signal_equally_often() -> None:
    cells = Counter((f.victim, f.stage, f.signal) for f in matrix(168))
    assert len(cells) == sum(map(len, STAGES_OF.values())) * len(SIGNALS)
    assert set(cells.values()) == {2}
    assert {"conductor", "master", "server", *VICTIMS} == set(STAGES_OF)


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
