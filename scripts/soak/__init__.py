"""Long runs: do memory, descriptors, greenlets and the timing error stay flat after the warm-up?

In: nothing. Out: a table on the terminal, and in docs/RELIABILITY.md.

- `__main__.py`: the two runs, 256 users for 10 minutes and 8 users for 30 minutes with the live page open
- `watched.py`: one run: a simulator, Locust with the web UI, and what its process holds, second by second
- `greenlets.py`: a locustfile beside ours that counts the greenlets from within

To add a figure: a field of `Sample`, and its row in `__main__.py`.
"""
