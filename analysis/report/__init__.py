"""What a person, a program or a notebook gets to see of a run.

In: an Assessment (`analysis.assess`). Out: text, Markdown, HTML and JSON with the same figures.

figures/   every number, computed once; the fields are the keys of PREFIX_report.json
sections/  what is said, once: sections of sentences, tables, lanes and charts
writers/   the ways to write it down: as_text, as_markdown, as_html, as_json
pictures/  lanes in text, charts for HTML and notebooks
words.py   numbers as short texts
command.py `python -m analysis report` and `check`

To add a figure of a phase: a field of `PhaseFigures` and a line of `sections/phases.py`; docs/FORMAT.md
explains the key (a test asks for it). To add a section: see sections/__init__.py.
"""
