"""What a long prompt does to answers that run: do they stand still, for how long, in how many pieces?

In: the rows of a phase of kind `stall`, and when each token of its runners came. Out: a `Finding`.

words.py     the words
chunks.py    PREFIX_chunks.csv: the instants of the runners' tokens
events.py    the steps of the phase, and what one event shows
sizes.py     events of one size and number of runners together, with intervals
verdict.py   the word, and the conditions that it rests on
sentences.py the two lines, the notes and the table
finding.py   all of it put together; begin here

To add a quantity: a field of `Event`, its mean in `sizes.py`, and its key in docs/FORMAT.md.
"""
