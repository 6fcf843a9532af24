"""Embeddings of servers of known truth: one answer without a stream, judged by its end alone."""

from dataclasses import replace

import pytest

from analysis.advice.next_steps import next_steps
from analysis.assess import assess
from analysis.files.request_record import RequestRecord
from analysis.files.run import Run
from analysis.files.server_samples import ServerSample
from analysis.report.figures.run import run_figures
from analysis.report.sections.phases import figure_rows
from analysis.verdict.outcomes import Outcome
from tests.support.farm import farm, phase

TEXTS = 8


def as_vectors(record: RequestRecord, vectors: int = TEXTS) -> RequestRecord:
    """The same request, its work done at the same instants, as one answer of vectors."""
    end = replace(record, first_token_s=None, last_token_s=None, longest_gap_s=None, finish_reason=None)
    end = replace(end, output_tokens=None, chunks=None, arrivals=None, vectors=vectors)
    return replace(end, server_queue_s=None, server_prefill_s=None, server_decode_s=None)


def embedding(run: Run) -> Run:
    """The run as if it had asked for embeddings."""
    targets = tuple(replace(t, max_tokens=None, texts=TEXTS) for t in run.manifest.targets)
    records = tuple(map(as_vectors, run.log.records))
    manifest = replace(run.manifest, targets=targets)
    return replace(run, manifest=manifest, log=replace(run.log, records=records))


@pytest.mark.parametrize(
    ("policy", "users", "outcome"),
    [
        ("serial", 2, Outcome.SERIAL),
        ("serial", 4, Outcome.SERIAL),
        ("slots", 4, Outcome.PARTLY),  # two at a time
        ("time-sliced", 4, Outcome.SLICED),
        ("contention", 4, Outcome.CONTENTION),
        ("parallel", 2, Outcome.FULLY),
        ("parallel", 8, Outcome.FULLY),
    ],
)
def test_every_policy_gets_its_word_by_the_ends_alone(policy: str, users: int, outcome: Outcome) -> None:
    found = assess(embedding(farm(policy, [phase(users, 1)])))
    assert found.answer.outcome == outcome, found.answer.sentence
    [figures] = run_figures(found).phases
    assert figures.decode_peak is None and figures.output_tokens_per_s is None
    assert figures.texts_per_s == pytest.approx(TEXTS * (figures.responses_per_min or 0) / 60)


def test_the_report_counts_texts_and_no_tokens() -> None:
    chats, vectors = farm("serial", [phase(2, 1)]), embedding(farm("serial", [phase(2, 1)]))
    rows = [dict(figure_rows(run_figures(assess(run)).phases)) for run in (chats, vectors)]
    assert "texts per s" not in rows[0]
    assert float(rows[1]["texts per s"][0]) > 0
    assert rows[1]["output tokens per s"] == ["–"]
    assert run_figures(assess(vectors)).baseline[0].tokens is None


def test_its_next_steps_are_those_of_embeddings() -> None:
    found = assess(embedding(farm("serial", [phase(2, 1)])))
    kinds = [t.kind for t in found.run.manifest.targets][:1]
    assert found.answer.next_steps == next_steps(found.answer.finding, kinds, embeds=True)


@pytest.mark.parametrize(("busy", "passed"), [(TEXTS, True), (TEXTS + 1, True), (2 * TEXTS + 1, False)])
def test_a_server_that_counts_each_text_works_on_no_requests_of_others(busy: int, passed: bool) -> None:
    run = embedding(farm("parallel", [phase(2, 1)]))
    url = run.manifest.targets[0].base_url
    during = [r for r in run.log.records if r.kind == "burst"]
    samples = tuple(
        ServerSample((r.send_s or 0.0) + 0.4, (r.send_s or 0.0) + 0.401, base_url=url, busy=busy)
        for r in during
    )
    conditions = assess(replace(run, server_samples=samples)).phases[0].conditions
    assert next(c.passed for c in conditions if c.name == "server's slots") is passed


def test_a_round_with_an_answer_that_lacks_a_vector_is_not_scored() -> None:
    run = embedding(farm("parallel", [phase(2, 1)]))
    short = "7 whole vectors for 8 texts"
    records = tuple(
        replace(r, vectors=7, error=short) if (r.kind, r.round, r.user) == ("burst", 1, 0) else r
        for r in run.log.records
    )
    found = assess(replace(run, log=replace(run.log, records=records)))
    assert any(short in why for why in found.phases[0].measured.not_whole)
    assert len(found.phases[0].measured.scored) == len(found.phases[0].measured.rounds) - 1


def test_a_server_that_reads_one_text_and_then_the_rest_gains_nothing_and_says_so() -> None:
    """As llama.cpp does with one text a request: the first that comes is read alone, the others together."""
    run = embedding(farm("serial", [phase(4, 1)]))

    def read_together(r: RequestRecord) -> RequestRecord:
        rounds = [q for q in run.log.records if (q.kind, q.phase, q.round) == ("burst", r.phase, r.round)]
        ends = sorted(q.end_s or 0.0 for q in rounds)
        return r if r.kind != "burst" or r.end_s == ends[0] else replace(r, end_s=ends[-1])

    records = tuple(map(read_together, run.log.records))
    found = assess(replace(run, log=replace(run.log, records=records))).answer
    assert found.outcome == Outcome.INCONCLUSIVE
    assert "no gain (speedup 1.00" in found.sentence
    assert found.next_steps[0].startswith("Take it as no gain")
