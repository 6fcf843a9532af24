"""The tables of a run and of several: one row per request, round, phase or target."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.assess import Assessment, assess
from analysis.errors import RunError
from analysis.files.csv_rows import columns
from analysis.files.prefix import prefix_of
from analysis.files.request_record import RequestRecord
from analysis.files.run import read_run
from analysis.phase.measure import PhaseMeasured
from analysis.phase.overlap import round_peak
from analysis.phase.rounds import Round, faults_of
from analysis.prompts.finding import Finding
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import RunFigures, answer_of, run_figures
from analysis.statistics.estimates import Estimate

DERIVED = ("latency_s", "ttft_s", "decode_s", "tokens", "tpot_s")  # of a request, beyond its columns


@dataclass(frozen=True, slots=True)
class RunTables:
    """A judged run. `assessment` and `figures` hold what the tables are made from."""

    requests: pd.DataFrame
    rounds: pd.DataFrame
    phases: pd.DataFrame
    targets: pd.DataFrame
    prompts: pd.DataFrame
    verdict: str | None  # None: the plan free states none
    sentence: str
    next_steps: tuple[str, ...]
    assessment: Assessment
    figures: RunFigures


@dataclass(frozen=True, slots=True)
class SeveralRuns:
    """The tables of several runs, one below the other, with the column `run` in front."""

    requests: pd.DataFrame
    rounds: pd.DataFrame
    phases: pd.DataFrame
    targets: pd.DataFrame
    verdicts: dict[str, str | None]
    runs: dict[str, RunTables]


def load_run(prefix: str | Path) -> RunTables:
    """The run at `prefix` (a path, or any file of the run). Raises RunError, in one line."""
    assessment = assess(read_run(prefix_of(str(prefix))))
    figures = run_figures(assessment)
    return RunTables(
        requests=_requests(assessment.run.log.records),
        rounds=pd.DataFrame(_rounds(assessment), columns=ROUND_COLUMNS),
        phases=pd.DataFrame([_phase(p) for p in figures.phases]),
        targets=pd.DataFrame(_targets(assessment, figures)),
        verdict=figures.verdict,
        sentence=answer_of(assessment, figures) if assessment.prompts else assessment.answer.sentence,
        next_steps=(*_steps_of_prompts(assessment), *assessment.answer.next_steps),
        prompts=pd.DataFrame([_finding(f) for f in assessment.prompts], columns=FINDING_COLUMNS),
        assessment=assessment,
        figures=figures,
    )


def load_runs(prefixes: Iterable[str | Path]) -> SeveralRuns:
    """The runs, each under the last part of its prefix. Raises RunError, also for two of the same name."""
    runs: dict[str, RunTables] = {}
    for prefix in prefixes:
        run = load_run(prefix)
        name = run.assessment.run.prefix.name
        if name in runs:
            raise RunError(f"{prefix}: a second run called {name}; rename the files of one")
        runs[name] = run
    tables = {
        table: pd.concat([getattr(r, table).assign(run=name) for name, r in runs.items()], ignore_index=True)
        for table in ("requests", "rounds", "phases", "targets")
    }
    first = {name: table[["run", *table.columns.drop("run")]] for name, table in tables.items()}
    return SeveralRuns(**first, verdicts={name: r.verdict for name, r in runs.items()}, runs=runs)


def _requests(records: Sequence[RequestRecord]) -> pd.DataFrame:
    rows = [{**asdict(r), **{name: getattr(r, name) for name in DERIVED}} for r in records]
    table = pd.DataFrame(rows, columns=[*columns(RequestRecord), *DERIVED])
    numbers = [f.name for f in fields(RequestRecord) if "str" not in str(f.type)]
    return table.astype({name: float for name in numbers if table[name].isna().any()})  # missing is NaN


ROUND_COLUMNS = (
    "phase", "round", "users", "start_s", "wall_s", "speedup", "streams", "scored", "why_not",
)  # fmt: skip


def _rounds(assessment: Assessment) -> list[tuple[Any, ...]]:
    return [_round(j.measured, a_round) for j in assessment.phases for a_round in j.measured.rounds]


def _round(phase: PhaseMeasured, a_round: Round) -> tuple[Any, ...]:
    """Its speedup: Σ what each request would take alone, over the round's own wall clock."""
    scored, wall_s = a_round in phase.scored, a_round.makespan_s
    speedup = None
    if scored and phase.fit is not None and wall_s:
        speedup = sum(phase.expected_s(r) for r in a_round.requests) / wall_s
    asked = {name: info.max_tokens for name, info in phase.targets.items()}
    why_not = "; ".join(faults_of(a_round.requests, phase.plan.users, asked))
    streams = round_peak(a_round.requests) if scored and phase.streams else None
    return (
        phase.plan.name, a_round.index, phase.plan.users, a_round.start_s, wall_s, speedup, streams,
        scored, why_not or None,
    )  # fmt: skip


FINDING_COLUMNS = ("key", "phase", "word", "sentence")


def _finding(found: Finding) -> dict[str, str]:
    return {"key": found.key, "phase": found.phase, "word": found.word.value, "sentence": found.sentences[0]}


def _steps_of_prompts(assessment: Assessment) -> list[str]:
    """Those about answers that are wrong come first."""
    return [step for f in assessment.prompts if f.before_verdict for step in f.next_steps]


def _phase(p: PhaseFigures) -> dict[str, Any]:
    """The figures as columns: an estimate as three (`_low`, `_high`), an object as one for each key."""
    row: dict[str, Any] = {}
    for name in ("name", "users", "ports", "topology", "rounds", "rounds_scored", "requests", "failed"):
        row[name] = getattr(p, name)
    for name in ("wall_s", "speedup", "speedup_net", "speedup_decode", "decode_overlap"):
        row |= _estimate(name, getattr(p, name))
    row |= _estimate("answer_tokens_per_s_alone", p.answer_tokens_per_s.alone)
    row |= _estimate("answer_tokens_per_s_together", p.answer_tokens_per_s.together)
    for name in (
        "speedup_max", "efficiency", "decode_peak", "decode_peak_exact", "naive_speedup",
        "naive_speedup_if_serial", "tpot_ratio", "responses_per_min", "output_tokens_per_s", "drift",
    ):  # fmt: skip
        row[name] = getattr(p, name)
    row |= {f"ttft_{key}_s": value for key, value in asdict(p.ttft_s).items()}
    return row | {"verdict": str(p.verdict), "sentence": p.sentence, "pair_of": p.pair_of}


def _estimate(name: str, found: Estimate | None) -> dict[str, float | None]:
    value, low, high = (found.value, found.low, found.high) if found else (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _targets(assessment: Assessment, figures: RunFigures) -> list[dict[str, Any]]:
    alone = {b.target: b for b in figures.baseline}
    rows = []
    for t in assessment.run.manifest.targets:
        b = alone.get(t.name)
        rows.append(
            {
                "target": t.name, "base_url": t.base_url, "model": t.model, "kind": t.kind, "slots": t.slots,
                "max_tokens": t.max_tokens, **_estimate("solo_s", b.solo_s if b else None),
                "tokens": b.tokens if b else None, "ttft_s": b.ttft_s if b else None,
                "tpot_s": b.tpot_s if b else None, "drift": b.drift if b else None,
            }
        )  # fmt: skip
    return rows
