"""What a run is on disk: every file has one reader and one writer, and docs/FORMAT.md explains it to users.

run.py             PREFIX_run.json, the manifest; `read_run` reads all files of a prefix
plan.py            one phase as planned, a part of the manifest
request_record.py  PREFIX_requests.csv, one row per request (the recipe's file of that name: locust_rows/)
server_samples.py  PREFIX_witness.csv, what servers and machine reported of themselves
prefix.py          the prefix, from what a user types
csv_rows.py        dataclasses as CSV rows, for both logs
locust_table.py     a table of Locust's, of any version, in any encoding
locust_stats.py    Locust's own statistics

In: paths. Out: frozen dataclasses, or RunError with file, line, column and remedy. Older and newer files are
read as far as they go. To add a column: a field with a default, and its line in docs/FORMAT.md; a field of
the same name of Request or Response fills it (replay/client), and an instant is listed in INSTANTS there.
"""
