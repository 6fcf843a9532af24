"""The machine behind the ports, from all phases together. In: PhaseMeasured. Out: MachineModel, Throughput.

    slots.py        how many requests are answered at once, on each port and in all
    gain_tables.py  the pace as two small tables, and their fit to the phases' speedups
    waves.py        a schedule replayed with given slots and pace
    model.py        both together; each phase predicted from the others, and the condition on that
    throughput.py   answers per minute by requests in flight, the recommended concurrency, one more port
    cross_checks.py  whether phases, sweep and people of one run agree
    scalability.py  the Universal Scalability Law as a cross-check

It shares no code with servers/queue_model: truth and estimate must not repeat one mistake.
To add a figure: a function of `MachineModel`, and the files machine.py of report/figures and report/sections.
"""
