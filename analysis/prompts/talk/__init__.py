"""Does a turn of a conversation cost its new words only, also when others talk?

In: the rows of a phase of kind `talk`. Out: a `Finding`. A row's `part` says what it belongs to (parts.py).

words.py     the words
parts.py     which part of the phase a row belongs to, and who talks in it
line.py      first token over tokens read, and back: what a server does not tell
turns.py     the tokens that each turn read, and whether its history was kept
groups.py    the turns of one part together: which of its users were kept
verdict.py   the word, how many stay warm, the conditions
sentences.py the two lines, the notes and the table
finding.py   all of it put together; begin here

To add a part: its name in `parts.py`, what is sent in replay/prompts/talk.py, its sentence in `sentences.py`.
"""
