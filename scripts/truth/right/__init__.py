"""Servers of known truth under `right`: how often the word is right.

In: servers that tell codes back, with a fault or without. Out: a table of what was said of each.
The answers are those of the simulator (servers/simulator/texts), the questions those of a run; the sockets
and the clock are left out. `table.py`: start here. `play.py`: one run.
"""
