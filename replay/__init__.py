"""HOW requests are sent: from the command line to the rows of a run.

In: a scenario (YAML) and Locust. Out: the files of a run; `analysis` says what they mean.

A run, in order: `options.py` (the command line) → `sources.py` (the scenario) → `start.py` (checks, own
servers, wiring) → `lifecycle.py` (the runs of this process) → `plan/` and `prompts/` (which request is
next) → `release/` and `client/` (all at one instant) → `output/` (rows on disk) → `shutdown.py` (order and
waits of the end: to stop faster, begin here). Beside them: `live/` (what can be seen meanwhile),
`signals.py` (Ctrl-C), `children.py` (child processes), `own_servers.py`, `web/`, `monitor/`, `scenario/`
(every key of the YAML), `server_kinds/` (one file per kind), `recall/` (whose text an answer holds),
`checks/` (health before a run).

To add an option: `options.py`; a key of a scenario: `scenario/schema/`; a kind of server: `server_kinds/`.
"""
