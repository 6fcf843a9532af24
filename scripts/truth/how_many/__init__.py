"""Servers of known truth under a closed loop: how often the number of `--how-many` is right.

In: servers written down as pace, slots, noise and limits. Out: a table of what was said against what is
true, with a search that looks once at each level beside it. The server and the truth share no code with the
analysis.
`table.py`: start here. `server.py`: one server and its users, event by event. `fleet.py`: the servers.
`play.py`: a run of the search. `one_shot.py`: the rival. To add a server: a line in `fleet.py`.
"""
