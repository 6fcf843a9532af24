"""Ways to write a report: each takes the sections (as_json: the figures) and knows nothing of a run.

as_text.py      the terminal, by rich
as_screen.py    the terminal after a run: the answer on one screen
as_markdown.py  Markdown, in the chapters of an experiment
as_html.py      one HTML file, with report.html.j2 beside it
as_json.py      PREFIX_report.json, the contract of docs/FORMAT.md
in_form.py      one of these, by the name of its form

To add one: a module with a `render`, its suffix in `analysis.__main__`, and the test that compares figures.
"""
