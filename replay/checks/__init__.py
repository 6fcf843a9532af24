"""Checks before anything is sent: is each target reachable, an LLM server, fit to be measured? GET only.

In: targets of a scenario. Out: `Checked` per target (model, slots, endpoints), or one line with the remedy.
`check.py`: one target, from its address to the model. `http_get.py`: the one GET client, and why it failed.
`hazards.py`: what may spoil the measurement although all answer. `check_table.py`: what `--check` prints.
`find/`: the servers on this host (`python -m servers find`, `--scenario auto`). `local_ports.py`: ports and
processes of this host. `connections.py`: does a server take one at a time? `capacity.py`: has this
machine the files and the memory that the plan needs?

To add one: a hazard is a function in `hazards.py` that yields a `Hazard`; a reason for a failed GET is a
case of `http_get.reason`.
"""
