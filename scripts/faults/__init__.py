"""Ends, stops and interrupts every process of a run at random instants, and counts what that costs.

In: nothing. Out: a table on the terminal, and in docs/RELIABILITY.md.

- `__main__.py`: the matrix of victims, stages and signals, and of places; as many as fit into the time
- `case.py`: one fault: a run against a server of known truth, and what it left
- `victims.py`: which process is struck, and when. `places.py`: odd folders, a full disk, a clock that is set
- `judge.py`: which promises were broken. `fault.py`: the types

To add a victim: its stages and signals in `VICTIMS`, its word in `WORDS`. A place: a case in `place_of`.
"""
