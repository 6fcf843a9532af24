"""Servers of known truth by the thousand, judged as a run would be: `make truth` writes docs/truth.md.

In: random farms, and odd ones. Out: how often the verdict was right, wrong or inconclusive, per kind of farm,
against criteria that must hold.
`page.py`: start here; the criteria and the page. `grid.py`: random farms, their truth and their verdict.
`odd.py`: a farm with oddities and its log; `odd_families.py`: which oddities there are; `odd_table.py`: how
they are judged. `how_many/`: servers under `--how-many`. `right/`: servers that tell codes back, or do not.
`scatter/`: how often the interval of G holds under heavy tails, and clocks that ramp up.
`sockets.py`, `over_sockets.py`: farms as real servers over sockets. `words.py`: tables.

To add one: an oddity in `odd_families.py`; a random limit in `grid.py`; a criterion in `page.py`.
"""
