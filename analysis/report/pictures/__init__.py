"""What a report draws.

lanes.py      one round in text, for the terminal and Markdown
lane_rows.py  the same as rows of per cents, for HTML
level_charts.py  the same over users, of a sweep
charts.py     speedup, map, pace and throughput, for HTML
prompt_charts.py  those of the phases of the kinds stall, talk and right
staircase.py  first tokens by rank; matrix.py: pairs of targets as a heat map
svg.py        elements and axes of an SVG picture that fits any width

In: measured phases and figures. Out: lines of text, rows, SVG. Those of notebooks: frames/.
To add a chart: a function here, its name in sections/phases.py and in writers/as_html.py.
"""
