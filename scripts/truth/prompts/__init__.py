"""Phases of the kinds stall, talk and right over real sockets, against simulated servers of known truth.

rows.py      every row of known truth: its farm, its phase, and what the report must say
section.py   its place in docs/truth.md
__main__.py  `python -m scripts.truth.prompts [EACH] [WORD …]`: real Locust runs, a table, docs/truth.md

To add one: a `Row` in `rows.py`. A test checks that it is a farm and a scenario; only a run shows its word.
"""
