"""Every key of a scenario: its type, its default, and what it cannot be alone. Frozen.

keys.py        the file as a whole, its targets and request
phase.py       the phases: rounds, matrices, and the kinds stall, talk and right
messages_file.py  a target's own prompts, from a file
own_server.py  servers that the run starts itself

In: plain data from the YAML. Out: `Scenario`, or pydantic's errors, which `messages.py` puts into words.
The most that a key takes is in `limits.py`; keys against each other are in `rules.py`. A key of a phase takes
effect by way of `phases.py` and `analysis/files/plan.py`; `load.py` scales its seconds as well.
A key of a target reaches the manifest by `checks/check.py`, which makes its TargetInfo.
To add a key: a field here, its most in `limits.py`, its row in docs/SCENARIOS.md.
"""

from replay.scenario.schema.keys import KEYS, Costs, RequestSettings, Scenario, Target
from replay.scenario.schema.own_server import OwnServer
from replay.scenario.schema.phase import Phase, PromptsPhase, RightPhase, Rounds, StallPhase, TalkPhase

__all__ = [
    "KEYS",
    "Costs",
    "OwnServer",
    "Phase",
    "PromptsPhase",
    "RequestSettings",
    "RightPhase",
    "Rounds",
    "Scenario",
    "StallPhase",
    "TalkPhase",
    "Target",
]
