"""The plan of a run: which request is sent next, and when there are enough.

In: the checked targets, the phases of the scenario and the users that Locust has started.
Out: orders for these users; the rows they send back become the run's files, its log lines and its live page.

- `phases.py`: the plan `phases` from the warm-up to the last phase; begin here
- `warm_up.py`: what the first answers show of each target, and the length of all later ones
- `one_phase.py`: one phase, solo, round, solo, until it is decided
- `budget.py`: what all this costs, and what is left out where it costs too much
- `free.py`: the plan `free`, in which users ask again as soon as they are answered
- `how_many/`: the plan `how-many`, which finds how many users a server carries
- `run_state.py`: what is known of the run, as all of these get it
- `progress.py`, `live.py`: what the terminal and the page *Overlap* show (its parts: `replay/live/`)

To add a plan: a file beside `free.py`, its name in `options.PLANS` and its branch in `lifecycle`.
"""

# The longest waits of this room, in seconds
LOCUST_SPAWNS_S = 30.0  # until Locust has started the users with which a run begins
FIRST_USERS_READY_S = 60.0  # until each target has a user, in the plan free: people ramp up slowly
TIMEOUT_SOLOS, TIMEOUT_EXTRA_S = 3, 30.0  # a request among n users may take 3·n solos and 30 s
NO_NEWS_S = 60.0  # in the plan free: then users are looked at again without news
AFTER_FAILURE_S = 1.0  # in the plan free: a server that refuses is not asked as fast as it can refuse
