"""`PREFIX_report.json`: the contract of docs/FORMAT.md. A missing quantity is null, never 0."""

from dataclasses import asdict
from typing import Any

from analysis.assess import Assessment
from analysis.capacity.said.figures import as_dict, settings_dict
from analysis.conditions.condition import Condition
from analysis.costs.figures import cost_of, costs_json
from analysis.escapes import json_text
from analysis.report.figures.hardware import HardwareFigures
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import RunFigures, answer_of, first_word
from analysis.report.sections.how_many import what_to_set
from analysis.verdict.limit import Localisation, Pair

FORMAT = 1
PROMPTS_KEYS = ("stall", "cache", "right", "foreign")


def render(assessment: Assessment, figures: RunFigures) -> str:
    return json_text(report(assessment, figures))


def report(assessment: Assessment, figures: RunFigures) -> dict[str, Any]:
    answer, manifest = assessment.answer, assessment.run.manifest
    return {
        "format": FORMAT,
        "scenario": manifest.scenario_name,
        "started_at": manifest.started_at,
        "finished": manifest.finished,
        "interrupted": manifest.interrupted,
        "headline": first_word(assessment, figures),
        "verdict": figures.verdict,
        "answer": answer_of(assessment, figures)
        if assessment.says_how_many or assessment.prompts
        else answer.sentence,
        "next_steps": list(what_to_set(assessment) if assessment.says_how_many else answer.next_steps),
        "how_many": as_dict(assessment.how_many) if assessment.how_many else None,
        "settings": [settings_dict(s) for s in assessment.settings],
        **{key: None for key in PROMPTS_KEYS},
        "prefill": figures.prefill.figures() if figures.prefill else None,
        **{found.key: dict(found.figures) for found in assessment.prompts},
        "conditions": [_condition(c, None) for c in assessment.conditions]
        + [_condition(c, j.measured.plan.name) for j in assessment.phases for c in j.conditions]
        + [_condition(c, found.phase) for found in assessment.prompts for c in found.conditions],
        "phases": [_phase(p) for p in figures.phases],
        "arrivals": [asdict(f) for f in figures.arrivals],
        "machine": asdict(figures.machine),
        "hardware": _hardware(figures.hardware),
        "costs": costs_json(cost_of(assessment, figures, manifest.prices)),
        "limit": _limit(assessment.limit),
        "matrix": [_pair(p) for p in assessment.matrix],
        "targets": [asdict(t) for t in figures.targets],
        "baseline": [asdict(b) for b in figures.baseline],
        "timing_error_ms": asdict(figures.timing_error_ms),
        "cuts": list(manifest.cuts),
    }


def _phase(p: PhaseFigures) -> dict[str, Any]:
    """`servers` is a list there, each with its address."""
    ports = [{"base_url": url, **asdict(load)} for url, load in p.servers.items()]
    return {**asdict(p), "servers": ports}


def _hardware(found: HardwareFigures) -> dict[str, Any]:
    return {
        **asdict(found.finding),
        "one_after_another_per_min": found.one_after_another,
        "one_port_per_min": found.one_port.responses_per_min if found.one_port else None,
        "ports_per_min": found.ports.responses_per_min if found.ports else None,
        "most_per_min": found.most.responses_per_min if found.most else None,
        "ports_bring": asdict(found.ports_bring) if found.ports_bring else None,
        "second_machine_per_min": found.second_machine,
    }


def _limit(limit: Localisation) -> dict[str, Any]:
    compared = [
        {"separation": c.separation, "phase": c.phase.plan.name, "verdict": c.outcome} for c in limit.compared
    ]
    return {
        "limits": list(limit.limits),
        "sentence": limit.sentence,
        "compared": compared,
        "missing": list(limit.missing),
    }


def _pair(p: Pair) -> dict[str, Any]:
    speedup = p.phase.speedup
    return {
        "a": p.a,
        "b": p.b,
        "separation": p.separation,
        "phase": p.phase.plan.name,
        "speedup": asdict(speedup.estimate()) if speedup else None,
        "speedup_max": p.phase.speedup_max,
        "verdict": p.outcome,
        "shares": p.shares,
        "sentence": p.sentence,
    }


def _condition(condition: Condition, phase: str | None) -> dict[str, Any]:
    return {**asdict(condition), "phase": phase}
