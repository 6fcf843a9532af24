"""The lanes and the speedup over users as altair charts: one specification for notebook and HTML report."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from analysis import lanes as drawn
from analysis.assess import Assessment
from analysis.report.figures.machine import ThroughputFigures
from analysis.report.figures.phase import PhaseFigures, phase_figures
from analysis.report.sections.phases import figure_rows
from analysis.report.words import topology

COLOURS = {
    drawn.QUEUED: "#e8e8e8",
    drawn.WAITING: "#c9ced6",
    drawn.FIRST_PART: "#c9ced6",
    drawn.PREFILL: "#f2a541",
    drawn.DECODE: "#2a9d6f",
    drawn.WHOLE: "#8fa3bf",
}


def lanes_chart(assessment: Assessment, phase_name: str) -> alt.Chart:
    """The phase's representative round. Raises KeyError if the phase was not measured."""
    phase = {j.measured.plan.name: j.measured for j in assessment.phases}[phase_name]
    shown = drawn.representative_round(phase)
    made = drawn.lanes(shown, phase.ports) if shown is not None else []
    rows = [
        {
            "lane": f"{lane.target}, user {lane.user} ({lane.base_url})",
            "state": segment.kind,
            "start_s": segment.start_s,
            "end_s": segment.end_s,
        }
        for lane in made
        for segment in lane.segments
    ]
    data = pd.DataFrame(rows, columns=["lane", "state", "start_s", "end_s"])
    kinds = [kind for kind in drawn.SEGMENT_KINDS if kind in set(data["state"])]
    order = list(dict.fromkeys(data["lane"]))
    chart: alt.Chart = (
        alt.Chart(data, title=f"{phase_name}: the round of median length", width=560, height={"step": 22})
        .mark_bar(height=14)
        .encode(
            x=alt.X("start_s:Q", title="seconds since the release"),
            x2="end_s:Q",
            y=alt.Y("lane:N", sort=order, title=None, axis=alt.Axis(labelLimit=320)),
            color=alt.Color(
                "state:N", title=None, scale=alt.Scale(domain=kinds, range=[COLOURS[k] for k in kinds])
            ),
        )
    )
    return chart


def speedup_chart(assessment: Assessment) -> alt.LayerChart:
    """G with its 95 % interval over users, one line per set of ports, between serial (1) and Gmax."""
    figures = (phase_figures(j) for j in assessment.phases)
    data = speedup_frame([p for p in figures if p.pair_of is None])
    base = alt.Chart(
        data, title="Speedup over users (dotted: at most, red: serial)", width=560, height=260
    ).encode(
        x=_counts(data, "users", "users"),
        color=alt.Color("over:N", title=None),
    )
    speedup = alt.Y("speedup:Q", title="speedup G")
    return alt.LayerChart(
        layer=[
            base.mark_line(strokeDash=[2, 4], point={"shape": "stroke", "size": 150, "filled": False}).encode(
                y="speedup_max:Q"
            ),
            base.mark_rule().encode(y="low:Q", y2="high:Q"),
            base.mark_line(point=True).encode(y=speedup),
            alt.Chart(pd.DataFrame({"serial": [1.0]})).mark_rule(color="#c0392b").encode(y="serial:Q"),
        ]
    )


def _counts(data: pd.DataFrame, column: str, title: str) -> alt.X:
    """An axis from 0 of what is counted: a tick at each number that occurs, marks clear of the edge."""
    values = sorted(set(data[column].tolist()))
    return alt.X(
        f"{column}:Q",
        title=title,
        axis=alt.Axis(values=values, format="d"),
        scale=alt.Scale(domain=[0, max(values, default=1) + 0.5], nice=False),
    )


def throughput_chart(rows: Sequence[ThroughputFigures]) -> alt.LayerChart:
    """Responses per minute over requests in flight, with the 95 % interval where it was measured."""
    data = throughput_frame(rows)
    base = alt.Chart(data, title="Throughput by the machine model", width=560, height=220).encode(
        x=_counts(data, "workers", "requests in flight")
    )
    told = base.transform_filter("datum.measured")
    per_min = alt.Y("responses_per_min:Q", title="responses per minute", scale=alt.Scale(zero=True))
    return alt.LayerChart(
        layer=[
            base.mark_line(strokeDash=[2, 4]).encode(y=per_min),
            told.mark_rule().encode(y="low:Q", y2="high:Q"),
            told.mark_point(filled=True).encode(y="responses_per_min:Q"),
        ]
    )


def throughput_frame(rows: Sequence[ThroughputFigures]) -> pd.DataFrame:
    """One row per number of requests in flight: what the chart draws."""
    per_min = [(r.workers, r.measured, r.responses_per_min) for r in rows]
    return pd.DataFrame(
        [(workers, measured, e.value, e.low, e.high) for workers, measured, e in per_min],
        columns=["workers", "measured", "responses_per_min", "low", "high"],
    )


def speedup_frame(figures: list[PhaseFigures]) -> pd.DataFrame:
    """One row per phase that has a speedup: what the chart draws."""
    rows = [
        (p.name, p.users, topology(p), p.speedup.value, p.speedup.low, p.speedup.high, p.speedup_max)
        for p in figures
        if p.speedup is not None
    ]
    return pd.DataFrame(rows, columns=["phase", "users", "over", "speedup", "low", "high", "speedup_max"])


def phases_frame(assessment: Assessment) -> pd.DataFrame:
    """One column per phase, one row per figure, as in every other report."""
    figures = [phase_figures(j) for j in assessment.phases]
    rows = dict(figure_rows(figures))
    return pd.DataFrame.from_dict(rows, orient="index", columns=[p.name for p in figures], dtype=object)


def svg(chart: alt.Chart | alt.LayerChart) -> str:
    """The chart as SVG, without network or browser."""
    import vl_convert

    return vl_convert.vegalite_to_svg(chart.to_dict())
