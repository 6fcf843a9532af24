"""What a report draws: lanes.py draws one round in text, charts.py draws for HTML and notebooks (altair).

In: measured phases and figures. Out: lines of text, or chart specifications that `svg` turns into SVG.
"""
