"""What is said of a sweep: the same of a whole run, of one that goes on, and of a table of several.

In: a `HowMany`. Out: sentences and figures.

    words.py    the sentences: the number, the reason, what else is known
    best.py     which of several settings is best
    figures.py  the numbers as `report.json` and the page have them

To add one: a sentence in `words.sentences`; a number in `figures.as_dict`, and its key in docs/FORMAT.md.
"""
