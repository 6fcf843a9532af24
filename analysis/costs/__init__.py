"""What the measured work costs: per million tokens and per answer a minute; more machines, smaller machines.

figures.py   price, energy and throughput of one run; how many machines of one run do the work of another's
words.py     the same in sentences
command.py   `python -m analysis cost`

In: judged runs and prices (of the manifest or the command line). Out: sentences and JSON. A run without a
price has no costs. To add a price: a field of `Prices` (files/run.py), of the scenario's `costs`
(replay/scenario/schema/), and its place in `figures.cost_per_hour`.
"""
