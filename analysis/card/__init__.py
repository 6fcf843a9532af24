"""A run on one picture and in three lines, for an issue or a forum: nothing on it says where it was measured.

content.py   what stands on the card, from figures and manifest
public.py    texts of a run without hosts, addresses and paths
picture.py   1200×630 SVG
command.py   `python -m analysis card`: PREFIX_card.svg, .png and .md

In: an assessed run. Out: three files beside it. To add a line: a field of `Card` and its place in
`picture.py`; a test plants private words in every field of a run.
"""
