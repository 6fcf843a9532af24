"""What can be seen of a run while it goes on, for the page *Overlap* and the terminal's status line.

In: requests as they leave, rows as they come, phases as they begin. Out: plain values for `web/overlap/` and
the sentence of `output/status_line.py`. Nothing here decides anything, and nothing is parsed for it but the
first token of an answer that is still open, once, when somebody looks.

- `lanes.py`: the requests that are shown as lanes, open ones as far as they are
- `targets.py`: of each target time to first token and tokens/s, alone and together, and its failures
- `status.py`: where the run is, in one sentence

`plan/live.py` holds all of it for one run. To add a value per target: `Answers.shown` in `targets.py`; one of
the whole run: a field of `LiveRun` and its key in `LiveRun.page`, there. Both are drawn in
`web/overlap/overlap.js`.
"""
