"""Values with their uncertainty, for all of the analysis; nothing here knows of requests or servers.

    estimates.py  an estimate with its interval, Student's t, percentile, band, Bonferroni
    fit.py        the speedup of a phase by least squares of log duration over its solos and rounds

Replay and report use these too: no second quantile or percentile elsewhere.
"""
