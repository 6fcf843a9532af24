"""A run as pandas tables, for notebooks: `analysis.load_run(prefix)`, and of any Locust `locust_run(prefix)`.

run.py            the tables: requests, rounds, phases, targets
charts.py         what notebooks draw of them, by altair
locust.py         the tables of a run of any locustfile: rows, history, levels
locust_charts.py  what notebooks draw of these

In: a prefix. Out: a `RunTables`, whose numbers are numbers, and NaN where one is missing. They are those of
the report. pandas is loaded here and nowhere else on the way to a verdict.
To add a column: its line in the function of its table, and in docs/NOTEBOOKS.md.
"""
