"""What is known and hard to see: heavy tails against the interval of G, clocks that ramp up.

In: a distribution, or a ramp. Out: how often the interval holds the true G, and how often a gain is said that
is none.
`coverage.py`: the interval. `ramps.py`: the ramps.

To add one: a distribution in `SCATTER`, a ramp in `RAMPS`.
"""
