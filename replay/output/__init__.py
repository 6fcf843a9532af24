"""What a run leaves: its files and its lines on the terminal.

prefix.py      where the files go; refuses a prefix in use
recorder.py    rows and manifest, on disk as they come
log.py         the lines of the live log
status_line.py the line at the foot of a terminal
locust_csv.py  Locust's own files, ended without a traceback

In: rows and facts. Out: PREFIX_requests.csv, PREFIX_run.json, stderr. Nothing is lost if the disk is full:
the first problem is remembered and raised between requests.
To add a fact of the run: a field of `Manifest` in analysis/files/run.py, set by `Recorder.update`. To add a
column of the requests: a field of `RequestRecord`. docs/FORMAT.md lists both (a test asks for it).
"""
