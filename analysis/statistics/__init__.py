"""Values with their uncertainty, for all of the analysis; nothing here knows of requests or servers.

    estimates.py  an estimate with its interval, Student's t, percentile, band, Bonferroni
    fit.py        the speedup of a phase by least squares of log duration over its solos and rounds
    growth.py     by how much a total grew within windows

In: numbers. Out: `Estimate` (value, interval, n) and `LogEstimate`, which is one of a logarithm.
Replay and report use these too: no second quantile or percentile elsewhere. To add a quantity: compute it in
phase/ from a `LogEstimate` or by `mean_estimate`; intervals are of `thresholds.REPORT_LEVEL`.
"""
