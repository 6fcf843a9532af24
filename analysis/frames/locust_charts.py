"""Users, answers per second, the mean in flight and the speedup of plain Locust runs as altair charts."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from analysis.frames.charts import WIDTH
from analysis.frames.locust import LocustTables

Runs = Mapping[str, LocustTables]


def history_frame(runs: Runs) -> pd.DataFrame:
    """The histories one below the other, with the column `run`."""
    return pd.concat([run.history.assign(run=name) for name, run in runs.items()], ignore_index=True)


def levels_frame(runs: Runs) -> pd.DataFrame:
    """The levels one below the other, with the column `run`."""
    return pd.concat([run.levels.assign(run=name) for name, run in runs.items()], ignore_index=True)


def users_chart(runs: Runs) -> alt.Chart:
    """The number of users over time."""
    base = alt.Chart(history_frame(runs), title="Users", width=WIDTH, height=140)
    chart: alt.Chart = base.mark_line(interpolate="step-after").encode(
        x=_seconds(), y=alt.Y("users:Q", title="users"), color=alt.Color("run:N", title=None)
    )
    return chart


def answers_chart(runs: Runs) -> alt.Chart:
    """Answers per second, over the last ten seconds each."""
    base = alt.Chart(history_frame(runs), title="Answers per second", width=WIDTH, height=180)
    chart: alt.Chart = base.mark_line().encode(
        x=_seconds(),
        y=alt.Y("answers_per_s:Q", title="answers per second"),
        color=alt.Color("run:N", title=None),
    )
    return chart


def in_flight_chart(runs: Runs) -> alt.LayerChart:
    """The band that holds the mean number of requests in flight, and the users."""
    title = "Mean in flight (band) and users (line)"
    base = alt.Chart(history_frame(runs), title=title, width=WIDTH, height=180)
    shown = base.encode(x=_seconds(), color=alt.Color("run:N", title=None))
    return alt.LayerChart(
        layer=[
            shown.mark_area(opacity=0.35, interpolate="step-after").encode(
                y=alt.Y("in_flight_low:Q", title="requests in flight"), y2="in_flight_high:Q"
            ),
            shown.mark_line(interpolate="step-after", strokeDash=[4, 3]).encode(y="users:Q"),
        ]
    )


def speedup_chart(runs: Runs) -> alt.LayerChart:
    """The bounds of the speedup over users; the red line is a serial server."""
    data = levels_frame(runs)
    base = alt.Chart(
        data[data.speedup_high.notna()], title="Speedup, at least and at most", width=WIDTH, height=220
    )
    shown = base.encode(
        x=alt.X("users:Q", title="users", axis=alt.Axis(tickMinStep=1)),
        color=alt.Color("run:N", title=None),
    )
    return alt.LayerChart(
        layer=[
            shown.mark_rule(strokeWidth=6, opacity=0.5).encode(
                y=alt.Y("speedup_low:Q", title="speedup"), y2="speedup_high:Q"
            ),
            alt.Chart(pd.DataFrame({"one_by_one": [1.0]}))
            .mark_rule(color="#b3261e")
            .encode(y="one_by_one:Q"),
        ]
    )


def _seconds() -> alt.X:
    return alt.X("at_s:Q", title="seconds since the first row of the history")
