"""`PREFIX_report.json`: the contract of docs/FORMAT.md as a dict. A missing quantity is null, never 0."""

import json
from dataclasses import asdict
from typing import Any

from analysis.assess import Assessment
from analysis.conditions.of_phase import Condition
from analysis.report.figures.arrivals import ArrivalFigures, arrival_figures
from analysis.report.figures.hardware import HardwareFigures, hardware_figures
from analysis.report.machine_json import limit_json, machine_json, matrix_json
from analysis.report.figures.phase import Percentiles, PhaseFigures
from analysis.report.figures.run import RunFigures
from analysis.statistics.estimates import Estimate

FORMAT = 1


def render(assessment: Assessment, figures: RunFigures) -> str:
    return json.dumps(report(assessment, figures), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def report(assessment: Assessment, figures: RunFigures) -> dict[str, Any]:
    answer, late = assessment.answer, figures.timing_error
    manifest = assessment.run.manifest
    return {
        "format": FORMAT,
        "scenario": manifest.scenario_name,
        "started_at": manifest.started_at,
        "finished": manifest.finished,
        "interrupted": manifest.interrupted,
        "verdict": figures.verdict,
        "answer": answer.sentence,
        "next_steps": list(answer.next_steps),
        "conditions": [_condition(c, None) for c in assessment.conditions]
        + [_condition(c, j.measured.plan.name) for j in assessment.phases for c in j.conditions],
        "phases": [_phase(p) for p in figures.phases],
        "arrivals": [_arrivals(f) for f in arrival_figures(assessment)],
        "machine": machine_json(figures.machine),
        "hardware": _hardware(hardware_figures(assessment, figures)),
        "limit": limit_json(assessment.limit),
        "matrix": matrix_json(assessment.matrix),
        "baseline": [
            {
                "target": b.target,
                "base_url": b.base_url,
                "phase": b.phase,
                "solo_s": _estimate(b.solo_s),
                "tokens": b.tokens,
                "ttft_s": b.ttft_s,
                "tpot_s": b.tpot_s,
                "drift": b.drift,
            }
            for b in figures.baseline
        ],
        "timing_error_ms": {
            "p50": late.p50_s * 1e3 if late else None,
            "p99": late.p99_s * 1e3 if late else None,
        },
        "cuts": list(manifest.cuts),
    }


def _arrivals(f: ArrivalFigures) -> dict[str, Any]:
    return {
        "phase": f.plan.name,
        "users": f.plan.users,
        "workers": f.plan.workers,
        "time_scale": f.time_scale,
        "spacing_s": f.spacing_s,
        "wall_s": _estimate(f.wall_s),
        "answer_s": _percentiles(f.answer_s),
        "queue_s": _percentiles(f.queue_s),
    }


def _hardware(found: HardwareFigures) -> dict[str, Any]:
    return {
        "validated": found.told.validated,
        "because": found.told.because,
        "one_after_another_per_min": found.one_after_another,
        "one_port_per_min": found.one_port.responses_per_min if found.one_port else None,
        "ports_per_min": found.ports.responses_per_min if found.ports else None,
        "most_per_min": found.most.responses_per_min if found.most else None,
        "ports_bring": _estimate(found.ports_bring),
        "second_machine_per_min": found.second_machine,
    }


def _phase(p: PhaseFigures) -> dict[str, Any]:
    return {
        "name": p.name,
        "users": p.users,
        "topology": p.topology,
        "rounds": p.rounds,
        "rounds_scored": p.rounds_scored,
        "requests": p.requests,
        "failed": p.failed,
        "wall_s": _estimate(p.wall_s),
        "speedup": _estimate(p.speedup),
        "speedup_net": _estimate(p.speedup_net),
        "speedup_decode": _estimate(p.speedup_decode),
        "speedup_max": p.speedup_max,
        "efficiency": p.efficiency,
        "decode_overlap": _estimate(p.decode_overlap),
        "decode_peak": p.total.streams,
        "decode_peak_exact": p.total.exact,
        "decode_peak_per_port": {port: peak.streams for port, peak in p.per_port.items()},
        "seed_formula": p.seed_formula,
        "seed_formula_if_serial": p.seed_formula_if_serial,
        "ttft_s": _percentiles(p.ttft_s),
        "tpot_ratio": p.tpot_ratio,
        "responses_per_min": p.responses_per_min,
        "output_tokens_per_s": p.output_tokens_per_s,
        "outliers": list(p.outliers),
        "verdict": p.verdict,
        "sentence": p.sentence,
        "pair_of": p.pair_of,
        "why": list(p.why),
        "servers": [{"base_url": url, **asdict(load)} for url, load in p.seen.ports.items()]
        if p.seen
        else [],
        "machine": asdict(p.seen.machine) if p.seen and p.seen.machine else None,
    }


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    return asdict(estimate) if estimate is not None else None


def _percentiles(found: Percentiles | None) -> dict[str, float | None]:
    return {name: getattr(found, name, None) for name in ("p50", "p95", "max")}


def _condition(condition: Condition, phase: str | None) -> dict[str, Any]:
    return {**asdict(condition), "phase": phase}
