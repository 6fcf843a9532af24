"""The plan `how-many`: users who ask again and again, more of them and fewer, until their number is shown.

In: the checked targets and what the user wants of an answer. Out: rows of kind `level`, and the visits in
`run.json`; what they mean is worked out in `analysis/capacity`, here and in the report alike.

- `search.py`: which number of users is next: a generator without a socket; begin here
- `orders.py`: one stay at a number of users, and when it has lasted long enough
- `forecast.py`: where the next levels will miss, and how long they take
- `loop.py`: the users of one stay, kept in flight
- `spells.py`: the visits where a person sets the number of users, in the plan `free`
- `so_far.py`: what the page shows meanwhile, of this plan and of `free`
- `settings.py`: what a scenario or an option may set
- `conduct.py`: the whole plan, from the warm-up to the last request

To add a rule of the search: in `search.py`, then `make truth`, which plays it against servers of known truth.
"""
