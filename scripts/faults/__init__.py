"""Ends, stops and interrupts every process of a run at random instants, and counts what that costs.

In: nothing. Out: a table on the terminal, and docs/RELIABILITY.md.

- `case.py`: one fault: a run against a simulator of known truth, one signal, and the verdict on what is left
- `__main__.py`: the matrix of victims, stages and signals; as many rounds of it as fit into the time

To add a victim: `VICTIMS` in case.py says how it is found, `STAGES_OF` in `__main__.py` when it is there.
"""
