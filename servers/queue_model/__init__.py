"""Who is served when, and how fast: a queueing model without a clock.

arrivals + Policy -> `simulate` -> for each request its arrival, admission, first token, token times, end.

policy.py   the limits of a machine and of each port        pace.py     a machine that changes its speed
request.py  a job, and what became of it                    memory.py   models in memory, prompts cached
sharing.py  who leaves the queue, and how fast everyone is  machine.py  the state, and its course
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
