"""Answers that mean something: a simulated server that tells codes back, and ways to get that wrong.

In: the words of a prompt and who else is open. Out: the pieces of an answer, one per token.
`keys.py`: the keys of a port. `answering.py`: what is answered, to whom.

To add a fault: a key in `keys.py`, its text in `answering.py`, a row in docs/SERVERS.md.
"""
