"""Measures real engines, each in a set-up whose verdict is known, and writes docs/ENGINES.md.

In: environments `.venv-NAME` with the packages of requirements/engines/NAME.txt (`make engines` makes them).
Out: a table on the terminal and in docs/ENGINES.md; a missing engine is skipped with the reason.

- `__main__.py`: start here; runs the set-ups one after the other and judges each
- `setups.py`: every set-up: its servers, what is asked, and the verdict it must give
- `measure.py`: one set-up as a scenario of its own, and what the report says
- `prompts.py`: set-ups of phases about prompts, and the word each must have
- `how_many.py`: sweeps of llama.cpp with a known number of slots
- `drafting.py`: llama.cpp with a draft model; `tiny_model.py`: a small model of random weights

To add one: a `Setup` in `SETUPS`, or a `PromptsSetup` in `prompts.py`; the packages of a new engine in
requirements/engines/NAME.txt.
"""
