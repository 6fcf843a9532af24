"""How many requests at once a server carries, how many are worth having, why it ends there, how many people.

In: the rows of a run whose users asked again and again (`kind` is `level`, or `free` where a person set
their number) and its visits, from `run.json`.
Out: `HowMany`, for the report, the page and the command line. Pure: the replay calls the same functions
while it searches, so that the search and the report cannot disagree.

    answers.py     what a user wants of one answer, and by how much an answer met or missed it
    levels.py      which rows count for n users: in the order of sending, nothing left out for being slow
    shown.py       when a share of nine in ten is shown, and when it is refuted
    throughput.py  work done by n users, with its interval; the number worth having; streams together
    why.py         what ends it: slots, a shared chip, refusals, stalls …
    people.py      persons with think time, from the levels, by a birth-death chain
    settings.py    several settings of one engine, a sweep of each: which is best
    result.py      all of it together: begin here
    said/          the sentences, and the numbers as `report.json` and the page have them

To add a reason: its word and rule in `why.py`, its sentence in `said/words.py`, a server of that kind in
scripts/truth/how_many.
"""
