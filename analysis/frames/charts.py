"""Lanes, speedups, times and wall clocks as altair charts, for notebooks; of one run or of several."""

import altair as alt
import pandas as pd

from analysis import lanes as drawn
from analysis.files.request_record import BASELINE, BURST
from analysis.frames.run import RunTables, SeveralRuns
from analysis.report.sections.phases import figure_rows
from analysis.report.words import topology

Tables = RunTables | SeveralRuns
WIDTH = 560
COLOURS = {
    drawn.QUEUED: "#8b949e",
    drawn.WAITING: "#c3cbd4",
    drawn.FIRST_PART: "#c3cbd4",
    drawn.PREFILL: "#e0872b",
    drawn.DECODE: "#1a7f5a",
    drawn.WHOLE: "#57719c",
}
ALONE, TOGETHER = "alone", "together"


def lanes_chart(run: Tables, *phases: str) -> alt.FacetChart:
    """The representative round of these phases (none named: of all) of each run, on one time scale."""
    runs = run.runs if isinstance(run, SeveralRuns) else {"": run}
    rows = [
        {
            "phase": f"{p.plan.name} {name}".strip(),
            "lane": f"{lane.target}, user {lane.user} ({lane.base_url})",
            "state": segment.kind,
            "place": place,
            "start_s": segment.start_s,
            "end_s": segment.end_s,
        }
        for name, p in ((name, j.measured) for name, one in runs.items() for j in one.assessment.phases)
        if (shown := drawn.representative_round(p)) is not None and (not phases or p.plan.name in phases)
        for place, lane in enumerate(drawn.lanes(shown, p.ports))
        for segment in lane.segments
    ]
    data = pd.DataFrame(rows, columns=["phase", "lane", "state", "place", "start_s", "end_s"])
    kinds = [kind for kind in drawn.SEGMENT_KINDS if kind in set(data["state"])]
    bars = alt.Chart(data, width=WIDTH, height={"step": 18}).mark_bar(height=13)
    lanes = bars.encode(
        x=alt.X("start_s:Q", title="seconds since the release"),
        x2="end_s:Q",
        y=alt.Y(
            "lane:N", sort=alt.EncodingSortField("place", op="min"), title=None, axis=alt.Axis(labelLimit=320)
        ),
        color=alt.Color(
            "state:N", title=None, scale=alt.Scale(domain=kinds, range=[COLOURS[k] for k in kinds])
        ),
    )
    order = list(dict.fromkeys(data["phase"]))
    row = alt.Row(
        "phase:N", sort=order, title=None, header=alt.Header(labelOrient="top", labelAnchor="start")
    )
    chart: alt.FacetChart = lanes.facet(row=row).resolve_scale(y="independent")
    return chart


def speedup_chart(run: Tables) -> alt.LayerChart:
    """G with its 95 % interval over users, a line per run and set of ports, between serial (1) and Gmax."""
    data = speedup_frame(run)
    users = sorted(set(data["users"].tolist()))
    x = alt.X(
        "users:Q",
        title="users at once",
        axis=alt.Axis(values=users, format="d"),
        scale=alt.Scale(domain=[0, max(users, default=1) + 0.5], nice=False),
    )
    base = alt.Chart(data, title="Speedup over users (dotted: at most, red: serial)", width=WIDTH, height=260)
    lines = base.encode(x=x, color=alt.Color("over:N", title=None))
    return alt.LayerChart(
        layer=[
            lines.mark_line(strokeDash=[2, 4]).encode(y="speedup_max:Q"),
            lines.mark_rule().encode(y="speedup_low:Q", y2="speedup_high:Q"),
            lines.mark_line(point=True).encode(y=alt.Y("speedup:Q", title="speedup G")),
            alt.Chart(pd.DataFrame({"serial": [1.0]})).mark_rule(color="#b3261e").encode(y="serial:Q"),
        ]
    )


def speedup_frame(run: Tables) -> pd.DataFrame:
    """One row per phase that has a speedup; `over`: its ports, after the run where there are several."""
    runs = run.runs if isinstance(run, SeveralRuns) else {"": run}
    over = [f"{name} {topology(p)}".strip() for name, one in runs.items() for p in one.figures.phases]
    data = run.phases.assign(over=over)
    return data[data.speedup.notna() & data.pair_of.isna()]


def times_chart(run: Tables, column: str, title: str) -> alt.FacetChart:
    """Every answer's `column` (`ttft_s`, `tpot_s`, `latency_s`), alone beside together, by phase."""
    data = requests_frame(run)
    dots = alt.Chart(data[data[column].notna()], width=90, height=220).mark_tick(thickness=2, opacity=0.6)
    shown = dots.encode(
        x=alt.X("when:N", sort=[ALONE, TOGETHER], title=None),
        y=alt.Y(f"{column}:Q", title=title, scale=alt.Scale(zero=True)),
        color=alt.Color("run:N" if isinstance(run, SeveralRuns) else "target:N", title=None),
    )
    order = list(dict.fromkeys(run.phases["name"]))
    chart: alt.FacetChart = shown.facet(column=alt.Column("phase:N", sort=order, title=None))
    return chart


def requests_frame(run: Tables) -> pd.DataFrame:
    """The answers of the phases with `when`: alone (the solos) or together (the rounds)."""
    data = run.requests
    own = data[data.phase.isin(run.phases["name"]) & data.kind.isin([BASELINE, BURST]) & data.error.isna()]
    return own.assign(when=own.kind.map({BASELINE: ALONE, BURST: TOGETHER}))


def wall_chart(run: Tables) -> alt.Chart:
    """The wall clock of every round, in order: a trend or a jump is a machine that changed."""
    base = alt.Chart(run.rounds, title="Wall clock of each round", width=WIDTH, height=220)
    chart: alt.Chart = base.mark_line(point=True).encode(
        x=alt.X("start_s:Q", title="seconds since the run's start"),
        y=alt.Y("wall_s:Q", title="wall clock, s", scale=alt.Scale(zero=True)),
        color=alt.Color("phase:N", title=None),
        **({"strokeDash": alt.StrokeDash("run:N", title=None)} if isinstance(run, SeveralRuns) else {}),
    )
    return chart


def phases_frame(run: RunTables) -> pd.DataFrame:
    """The table of the report: one column per phase, one row per figure, as texts."""
    figures = run.figures.listed
    return pd.DataFrame.from_dict(
        dict(figure_rows(figures)), orient="index", columns=[p.name for p in figures], dtype=object
    )
