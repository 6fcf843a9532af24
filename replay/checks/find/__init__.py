"""The LLM servers that run on this host. In: ports, or none for all. Out: `Found` for each that answers.

`discover.py`: asks them, and writes a scenario of those that can be measured (`--scenario auto`).
`command.py`: `python -m servers find`, and the choice of a model by number.

To add one: another form of the list is an option of `command.main`; a reason why a server cannot be measured
is a `remark` of `Found`.
"""
