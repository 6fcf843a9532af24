"""Servers started by a command line of one's own: settings of one binary beside each other.

In: a JSON object per server (the keys of `fleet.CommandSpec`). Out: as from every room of `servers/`.
A command is split into words as a shell would, without a shell; `{port}`, `{slots}`, `{threads}` and
`{model}` in it are filled, and words `NAME=value` before the program go into its environment.
`fleet.py`: start here; what is wrong with a command, then its start. `guard.py`: runs one command, and ends
it with all that it started once its stdin closes.

To add a placeholder: a field of `CommandSpec`, named in `PLACEHOLDERS`; a key of `OwnServer` in
`replay/scenario/schema/own_server.py`, and a row of docs/SCENARIOS.md.
"""
