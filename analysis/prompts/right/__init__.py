"""Whether answers are as right together as alone.

In: the rows of a phase of kind `right`. Out: a word, two sentences, the figures below `right` of report.json.

words.py       the words, and what an answer can say
answers.py     the rows by their part: forms, alone, levels, churn, again, texts; and foreign codes in them
exact.py       exact tests on counts
levels.py      each number of users beside the same alone
conditions.py  what must hold before a word rests on it
result.py      all of it together: begin here
sentences.py   the two lines
finding.py     what the report shows of it

To add a word: see words.py.
"""
