"""The web UI: Locust's own page with portlap's rules, and the page *Overlap* beside it.

In: Locust's Flask app, the options, the life of the run. Out: pages for this machine's browser.

- `access.py`: who may use it: this machine's own pages, and others only with a login
- `start_form.py`: what the start form may change (users, ramp, plan, classes), and when
- `locust_page.py`: the tab *Verdict*, rows and links on Locust's page, which reads the end of a run in peace
- `overlap/`: the page *Overlap*, and the files of the runs

To add a field to the start form: an option with `include_in_web_ui` in `options.py`, kept by `start_form.py`.
To add something to the page: `overlap/__init__.py` says how; a quantity itself is computed in analysis/,
where the report takes it too.
"""
