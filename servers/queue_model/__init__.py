"""Who is served when, and how fast: a queueing model without a clock.

In: arrivals of jobs, and a `Policy`. Out: for each request its arrival, admission, token times and end.
`machine.py`: start here; the state and its course, `simulate`. `request.py`: a job, and what became of it.
`policy.py`: the limits of a machine and of each port. `sharing.py`: who leaves the queue, and the speed
of each. `pace.py`: a machine that changes its speed. `memory.py`: models in memory, prompts cached;
`slot_cache.py`: prompts cached by slot.

To add a limit: a field in `policy.py`, its effect in `sharing.py` (a share of speed) or `machine.py` (who may
start), a test against its closed form, and its key in `servers/simulator/farm.py`.
"""

from servers.queue_model.machine import Machine, Token, simulate
from servers.queue_model.pace import Pace, drifting
from servers.queue_model.policy import ORDERS, POLICIES, Policy, Port, named
from servers.queue_model.request import Job, Request

__all__ = [
    "ORDERS",
    "POLICIES",
    "Job",
    "Machine",
    "Pace",
    "Policy",
    "Port",
    "Request",
    "Token",
    "drifting",
    "named",
    "simulate",
]
