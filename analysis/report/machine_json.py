"""The machine, the limit and the pairs for report.json: plain dicts, a missing quantity is null."""

from dataclasses import asdict
from typing import Any

from analysis.phase.measure import Peak
from analysis.report.run_metrics import MachineFigures
from analysis.statistics.estimates import LogEstimate
from analysis.verdict.limit import Localisation, Pair


def machine_json(figures: MachineFigures) -> dict[str, Any]:
    model = figures.model
    seen, each = model.slots, model.slots.each_port
    law = figures.scalability
    return {
        "slots": exactly(seen.total),
        "slots_at_least": seen.total.streams,
        "slots_per_port": exactly(each),
        "slots_per_port_at_least": each.streams,
        "slots_of_ports": [
            {"base_url": port, "slots": exactly(p), "slots_at_least": p.streams}
            for port, p in seen.per_port.items()
        ],
        "machine_limit": seen.limit,
        "gain_by_users": figures.gain_by_users,
        "gain_by_users_one_port": figures.gain_by_users_one_port,
        "mechanism": model.fitted.kind if model.fitted else None,
        "why_not": model.why_not,
        "gain": [{"streams": n, "gain": estimate(e)} for n, e in sorted(model.gains.items())],
        "factor": [{"ports": n, "factor": estimate(e)} for n, e in sorted(model.factors.items())],
        "predictions": [
            {
                "phase": p.phase,
                "wall_s": estimate(p.wall_s),
                "predicted_s": estimate(p.predicted_s),
                "residual": p.residual,
                "why_not": p.why_not,
            }
            for p in model.predictions
        ],
        "throughput": [
            {
                "workers": r.workers,
                "responses_per_min": estimate(r.responses_per_min),
                "output_tokens_per_s": estimate(r.output_tokens_per_s),
                "wall_s": estimate(r.wall_s),
                "measured": r.measured,
            }
            for r in figures.throughputs
        ],
        "recommended_workers": figures.recommended_workers,
        "more_workers_may_help": figures.more_may_help,
        "another_port_at_most": estimate(figures.another_port),
        "second_machine": estimate(figures.second_machine.phase.speedup) if figures.second_machine else None,
        "scalability": {**asdict(law), "peak_users": law.peak_users} if law else None,
    }


def limit_json(limit: Localisation) -> dict[str, Any]:
    return {
        "limits": list(limit.limits),
        "sentence": limit.sentence,
        "compared": [
            {"separation": c.separation, "phase": c.phase.plan.name, "verdict": c.outcome}
            for c in limit.compared
        ],
        "missing": list(limit.missing),
    }


def matrix_json(pairs: tuple[Pair, ...]) -> list[dict[str, Any]]:
    return [
        {
            "a": p.a,
            "b": p.b,
            "separation": p.separation,
            "phase": p.phase.plan.name,
            "speedup": estimate(p.phase.speedup),
            "speedup_max": p.phase.speedup_max,
            "verdict": p.outcome,
            "shares": p.shares,
            "sentence": p.sentence,
        }
        for p in pairs
    ]


def estimate(known: LogEstimate | None) -> dict[str, Any] | None:
    return asdict(known.estimate()) if known is not None else None


def exactly(peak: Peak) -> int | None:
    return peak.streams if peak.exact else None
