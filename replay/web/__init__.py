"""The web UI: Locust's own page with portlap's rules, and the page *Overlap* beside it.

In: Locust's Flask app, the options, the life of the run. Out: pages for this machine's browser.

- `access.py`: who may use it: this machine's own pages, and others only with a login
- `start_form.py`: what the start form may change (users, ramp, plan, classes), and when
- `overlap_page.py`, `overlap_page.html`: the page *Overlap*; `plan/live.py` makes what it shows

To add a field to the start form: an option with `include_in_web_ui` in `options.py`, kept by `start_form.py`.
To add something to the page: a key in `plan/live.py`, drawn in `overlap_page.html`; the quantity itself is
computed in analysis/phase, where the report takes it too.
"""
