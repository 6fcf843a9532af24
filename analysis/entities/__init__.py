"""`config-aientities.json`: a bot's file of models, hosts and ports, read and, as a proposal, changed.

In: the file and a report. Out: the targets of a scenario; a changed copy in which every other byte stays.
`entities.py`: its three forms. `json_edit.py`: values in a JSON text. `propose.py`: what the run speaks for.

To add one: a form is a reader in `entities.py`.
"""
