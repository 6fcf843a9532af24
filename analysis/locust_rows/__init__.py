"""A run of another locustfile that wrote a row per request: PREFIX_requests.csv of recipes/request_log.py.

In: that file. Out: a verdict by the words of a run of portlap's, with its conditions, and a report.

rows.py       the file, and which rows are requests: TTFT and the like are parts of one
alone.py      requests that were surely alone: the solo time of each name
stretches.py  what was answered while there were n users, and which answers were decoded together
judge.py      the conditions, and the verdict of each number of users
report.py     the words

There are no rounds and no planned solos: users go on by themselves. docs/METHODOLOGY.md derives each figure.
To add one: a figure is a field of `Stretch`, a column in report.py, and a line in docs/ANY_LOCUSTFILE.md.
"""
