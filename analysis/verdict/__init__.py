"""The rules that turn measurements into verdicts. In: PhaseMeasured and conditions. Out: Verdict, Comparison.

    outcomes.py      every verdict word of rounds and of a run: does it claim a gain, what is shared, colour,
                     headline; phases of kind stall, talk and right have theirs in prompts/*/words.py
    of_phase.py      the verdict of a phase: an ordered list of rules, the first that matches wins
    said.py          the Verdict of a phase, and the words that several rules share
    certainty.py     what is sure of a speedup: gain, no gain, loss; may the phase stop
    phase_judged.py  a phase with its conditions, verdict, server load and evidence
    ports.py         words for several ports: do they gain, or is one port, or something shared, the limit
    of_run.py        the verdict of the run: ports against one port, pairs, or each phase by itself
    limit.py         where the limit is (model, port, program, machine), and the contention matrix: every pair
                     of targets as a grid (drawn by report/sections/phases.py), who shares a lock or a chip

To add a verdict: see outcomes.py; advice/evidence.py lists those that evidence explains (EXPLAINED).
To move a border: thresholds.py. The rules in words: docs/METHODOLOGY.md.
"""
