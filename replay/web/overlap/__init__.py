"""The page *Overlap* beside Locust's own: a run while it goes on, and the files that it leaves.

In: the runs of this process (`plan/live.py` is what can be seen of each). Out: pages, behind guard and login.

- `pages.py`: the addresses; `/overlap/data` is asked for once a second, and only hands out
- `overlap.html`, `overlap.css`, `overlap.js`: what the browser draws; the colours are those of the report

To add something to the page: a key in `plan/live.py`, drawn in `overlap.js`. To add a file of a run that can
be opened: its suffix in `pages.FILES`.
"""
