"""A run of another locustfile, from Locust's CSV files alone: bounds and an answer, never a mechanism.

In: `PREFIX_stats.csv` and, if they are there, `_stats_history.csv` and `_failures.csv`. Out: a `LocustRun`
(`read.read_locust_run`), a report, and report.json.

bounds.py    the types: Bound, Level, LocustRun
read.py      the files, checked against each other
parts.py     rows that measure a part of a request and are none
times/       when rows were written; how long requests take alone; first send to last end
levels.py    what each number of users got done
judge.py     outcomes and words; advice.py: plain Locust commands that would tell more

To add one: a bound is a field of `Level` or `LocustRun`, a line of report.py, and its line in docs/FORMAT.md.
"""
