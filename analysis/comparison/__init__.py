"""Two or more runs side by side: before and after, one server against another.

ratio.py       the ratio of two measured quantities, with its interval
figures.py     phases of the same name and question: what each run measured, and each over the first
differences.py what differs besides: model, tokens, machine, server
limits.py      `--fail-if`: limits that a run must keep, for a CI
command.py     `python -m analysis compare`
sections.py    the comparison as a `Report`, which the writers of report/ write; and as JSON

In: assessed runs, the first is the base. Out: a report and an exit code. Nothing is written to disk.
To add a quantity: its line in `figures.QUANTITIES`.
"""
