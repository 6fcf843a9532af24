"""Fuzzing of everything that reads what others wrote: `make fuzz`, or `python -m scripts.fuzz [EXAMPLES]`.

In: the number of examples (default: 100,000, shared among the readers). Out: a line per reader, exit code 1
with the smallest example that broke one. `inputs.py`: the odd documents, bytes and files. `servers.py`: the
readers of what servers send (streams, probes, load counters). `files.py`: the readers of what people and
runs leave on disk (scenario, entities, run files). `__main__.py`: the command.

To add one: a function `NAME(data)` in `servers.py` or `files.py`, and its name in the list at its end. It
draws an input, calls the reader, and fails by whatever it raises. A small part runs in
`tests/test_fuzz.py`.
"""
