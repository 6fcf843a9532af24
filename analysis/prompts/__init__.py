"""What phases of the kinds stall, talk and right have found: a word, two lines, the figures under them.

In: the rows of these phases. Out: a `Finding` for each, which the report writes like every other part.

finding.py   the types: a word, and what was found
of_run.py    all findings of a run
prefill.py   long prompts read together, in a usual phase
stall/       what a long prompt does to answers that run
talk/        whether conversations keep what the server has read
right/       whether answers are as right together as alone

To add a kind: a folder with its words and a `finding`, and its line in `of_run.py`.
"""
