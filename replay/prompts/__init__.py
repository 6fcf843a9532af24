"""Phases about the prompts that people send: a long one beside others, conversations, codes told back.

In: the run after its warm-up and what is planned (analysis/files/plan.py). Out: rows of the kinds of
`OF_PROMPTS`; `analysis/prompts` says what they mean.

- `conduct.py`: the phases in their order, as far as the budget goes; begin here
- `send.py`: one or several requests that leave one gate, what is heard of them, and hanging up
- `stall.py`: a long prompt beside answers that run
- `talk.py`: conversations alone and beside others
- `prefix.py`: what makes every prompt of a run unique
- `sizing.py`: prompts of about so many tokens; `long_text.py`: the random words they are made of
- `right.py`: codes asked back alone and together

To add a kind: a file here with `conduct` and `worst_case_s`, its place in `conduct.py`, its keys in
`scenario/schema/phase.py`, its plan in analysis/files/plan.py and its room in `analysis/prompts`.
"""
