"""One phase measured. In: its plan and the rows of the log. Out: PhaseMeasured (measure.py), no verdict yet.

    rounds.py       the rows as rounds and solos; their schedule replayed one at a time, and undisturbed;
                    rates, such as tokens per second
    solos.py        what each target needs alone, at the length of its answers
    overlap.py      streams open together (K), the steps of first tokens and of ends
    intervals.py    arithmetic of intervals, for all of these
    speedup.py      G, G_net, G_dec, their ceiling Gmax and N*
    server_load.py  what servers and machine report of themselves during the rounds
    far_gaps.py     decode without text before the queue, or a late last chunk

To add a quantity: a field of PhaseMeasured, computed here, shown in report/figures/phase.py.
"""
