"""The tests that data must pass before a verdict may rest on them. In: PhaseMeasured or Run. Out: Condition.

    condition.py      what a condition is: a name, passed (true, false, or null for unknown), sentence, hint
    of_phase.py       those of each phase, of its own rows; lengths.py: two of them, about lengths and tokens
    refusals.py       the hint of another: what refused or ended the answers that are not whole
    server_slots.py   one of each phase: the servers' own counters against the streams seen here
    of_run.py         six of the whole run: rows, models, warm-up, distinct servers, chain, machine model
    quiet.py          one of the whole run: was another user there while nothing of ours was in flight?
    locust_agrees.py  one of the whole run: Locust's own statistics against the log

Elsewhere, beside what they test: prompts/stall/verdict.py, prompts/talk/verdict.py,
prompts/right/conditions.py, machine/cross_checks.py, locust_rows/judge.py.
A failed one makes the verdict `inconclusive`; `all accounted for` and `Locust agrees` make it `invalid`;
`machine model` only withholds the machine's figures.
To add one: a function that returns a Condition, listed in phase_conditions or in assess.py; its numbers in
thresholds.py; a row in docs/METHODOLOGY.md; a test with data that must fail it. To reword one: its
sentence and its hint are in its function; analysis/report/sections/conditions.py shows them.
"""
