"""A scenario: which servers are asked what, how often and by how many users at once.

In: a YAML file or `--target` URLs, and the environment. Out: a `Scenario`, and its phases as planned. A
mistake is one line (ScenarioError): the file, the key, what is wrong and what to do.
`load.py`: start here; the order of the steps. `schema/`: every key, its type and default. `limits.py`: the
most that each key takes, in one place. `rules.py`: keys against each other. `phases.py`: growth, pairs, the
usual phases. `yaml_file.py`: YAML without its traps, `${NAME}`. `messages.py`: the words for a mistake.
`base_url.py`: one way to write an address. `python -m replay.scenario` lists those that are shipped.

To add a key: a field in `schema/`; its most in `limits.py` and the table of docs/SCENARIOS.md (tests
compare both); what it may not stand beside in `rules.py`.
"""
