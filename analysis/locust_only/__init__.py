"""A run of another locustfile: bounds from Locust's CSV files alone, never a mechanism.

In: `PREFIX_stats.csv` and, if they are there, `_stats_history.csv` and `_failures.csv`. Out: `Bounds`, and a
report in text, Markdown and JSON.
`bounds.py`: what the files allow. `parts.py`: rows that may be no requests. `report.py`: the words.

To add one: a bound is a field of `Bounds`, a line of `report.py`, and a line in docs/FORMAT.md.
"""
