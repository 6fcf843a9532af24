"""Codes that requests carry and ask back, and whose text an answer really holds.

In: the texts of answers. Out: rows that say what was said, and lines of PREFIX_evidence.jsonl. Every answer
of a run is watched for what another request asked; a phase of kind `right` asks for codes on purpose.

codes.py     the codes of a run, their decoys, and the questions that ask for them
schedule.py  what a phase of kind `right` asks, batch by batch
size.py      how much of it fits a budget
text.py      what one text shows by itself: garbled, numbers, scripts
watch.py     own, foreign, or chance; and the answers that are kept as evidence

To add a form of the question: `codes.question`. To add a way to be garbled: `text.garbled`, its word in
analysis/prompts/right/answers.py and in docs/FORMAT.md.
"""
