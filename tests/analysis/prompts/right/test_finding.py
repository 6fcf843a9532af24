"""What a report, a comparison and a notebook show of answers that are not right, in each of their forms."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis import load_run
from analysis.__main__ import main
from analysis.assess import assess
from analysis.console import printed
from analysis.files.plan import PlannedRight
from analysis.files.request_record import BURST, RequestLog
from analysis.files.run import Manifest, Run, TargetInfo
from analysis.prompts.right.words import RightWord, Said
from analysis.report.figures.run import run_figures
from analysis.report.sections import report_of
from analysis.report.sections.section import Report
from analysis.report.writers import as_html, as_json, as_markdown, as_text
from scripts.truth.right.play import NAME, Played, played
from servers.simulator.texts.keys import TextKeys
from tests.support.farm import farm, phase
from tests.support.runs import write_run


def run_of(keys: TextKeys) -> Run:
    target = TargetInfo(name="T", base_url="http://127.0.0.1:1", model=None, kind="llamacpp")
    manifest = Manifest(
        scenario_name="still right", clock_origin_epoch_ns=0, finished=True, plan="phases", targets=(target,),
        prompts_planned=(PlannedRight(NAME, ("T",)),), prompts_finished=(NAME,), locust_witness=False,
    )  # fmt: skip
    rows = tuple(played(Played(keys, seed=3)).rows)
    return Run(Path("runs/x"), manifest, RequestLog(rows))


def text_of(report: Report) -> str:
    return printed(lambda console: as_text.show(console, report), io.StringIO(), width=200)


MIXED = run_of(TextKeys(knows=1.0, mixes_up=0.02))
GOOD = run_of(TextKeys(knows=1.0))


def test_a_mixed_up_answer_is_the_headline_of_every_form() -> None:
    assessment = assess(MIXED)
    figures = run_figures(assessment)
    report = report_of(assessment, figures)
    data = json.loads(as_json.render(assessment, figures))
    sentence = assessment.prompts[0].sentences[0]
    assert (data["headline"], data["verdict"], data["answer"]) == ("mixed-up", None, sentence)
    first = data["right"]["astray"][0]
    for text in (text_of(report), as_markdown.render(report), as_html.render(report)):
        assert "mixed-up" in text.lower()
        assert first["code"] in text.replace("\n", " ")
        assert "llama-server -np 1" in " ".join(text.split())
    svg = as_html.render(report, lambda chart: as_html.chart_of(chart, figures))
    assert f"asked by request {first['asked_by']} → in the answer to {first['got_by']}" in svg


def test_a_right_run_ends_well_and_needs_no_step() -> None:
    found = assess(GOOD).prompts[0]
    assert found.word is RightWord.RIGHT and not found.before_verdict and not found.next_steps
    assert run_figures(assess(GOOD)).exit_code == 0
    first, second = found.sentences
    assert first == (
        "48 of 48 codes came back alone, 48 of 48 with 2, 3, 4 and 8 at once, 52 of 52 with 8 who come and "
        "go; more than 6 in 100 wrong is excluded for each."
    )
    assert second == "None of 356 answers carried what another request asked."


def test_another_requests_prefix_in_a_usual_phase_stands_before_a_good_verdict() -> None:
    run = farm("parallel", [phase(2, ports=1)])
    rows = list(run.log.records)
    of, at = [i for i, r in enumerate(rows) if r.kind == BURST][:2]
    rows[at] = replace(rows[at], said=Said.FOREIGN_OPEN.value, said_of=rows[of].request_id)
    spoilt = replace(run, log=replace(run.log, records=tuple(rows)))
    assessment = assess(spoilt)
    figures = run_figures(assessment)
    data = json.loads(as_json.render(assessment, figures))
    assert data["verdict"] == json.loads(as_json.render(assess(run), run_figures(assess(run))))["verdict"]
    assert data["headline"] == "mixed-up"
    assert data["foreign"]["answers"] == [
        {"request_id": rows[at].request_id, "phase": rows[at].phase, "of": rows[of].request_id}
    ]
    text = text_of(report_of(assessment, figures))
    assert text.index("MIXED-UP") < text.index(str(data["verdict"]))


def test_comparison_and_notebook_show_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(Path("good"), GOOD)
    write_run(Path("mixed"), MIXED)
    assert main(["compare", "good", "mixed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prompts"] == {"right": ["right", "mixed-up"]}
    assert main(["compare", "good", "mixed"]) == 0
    assert "asked about prompts only" in capsys.readouterr().out.lower()
    run = load_run("mixed")
    assert run.prompts.word.to_list() == ["mixed-up"]
    assert run.sentence == run.prompts.sentence[0]
    assert run.requests[run.requests.said == "foreign-open"].said_of.notna().all()


def test_a_level_that_fails_is_inconclusive_and_says_what_to_leave_out() -> None:
    """A server that refuses more than four at once: an error is neither right nor wrong."""
    refused = [
        replace(r, error="HTTP 503: busy", said=None, garbled=None) if r.part in ("8", "churn") else r
        for r in GOOD.log.records
    ]
    others = [r for r in refused if r.part != "churn"]  # a fifth of all may fail
    found = assess(replace(GOOD, log=replace(GOOD.log, records=tuple(others)))).prompts[0]
    assert found.word is RightWord.INCONCLUSIVE and not found.before_verdict
    assert found.next_steps == (
        "48 requests with 8 at once failed: leave that number out of users in the phase.",
    )
