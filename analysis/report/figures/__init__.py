"""The figures of a run, computed once from its Assessment. None where the data do not allow the number.

run.py       all of them together, the baseline, and each target of a phase
phase.py     one phase: W, G, Gmax, C, K, TTFT, rates
machine.py   the machine model: slots, gains, throughput
arrivals.py  phases whose messages are spaced, or wait in the client
hardware.py  was the machine worth its price?
free.py      the free plan's curve

To add one: a field of the dataclass, which is the key of PREFIX_report.json, and its line in docs/FORMAT.md.
"""
