"""Several runs of Locust, one per number of users: how throughput grows, where it stops, and what is gained.

In: prefixes of Locust's CSV files. Out: a report and JSON, for `python -m analysis compare`.

command.py `python -m analysis compare` for such files
read.py    a prefix as one point: so many users, so many answers per second, with bounds
growth.py  the points of a set: each over the run with one user, the limit, where it flattens
chart.py   throughput over users as a picture
report.py  the comparison of one set or several as a `Report`, and as JSON

The run with one user is the solo of the others. To add a figure: a field of `Growth`, and its line in
report.py and docs/COMMAND_LINE.md.
"""
