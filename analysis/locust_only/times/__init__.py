"""Times from Locust's history: a row of sums a second, stamped with whole seconds.

In: snapshots of `files/locust_stats.py`. Out: bounds.

windows.py   when a row was written, how old its counts may be, the longest stretch with so many users
solo.py      how long requests take alone
first_tokens.py   what rows for first tokens say of waiting and of the time alone
makespan.py  first send to last end

To add one: a function that returns a `Bound`, and its derivation in docs/METHODOLOGY.md.
"""
