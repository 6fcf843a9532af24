"""What can be seen of a run while it goes on: lanes that grow, figures so far, where it is."""

import json
from dataclasses import replace
from typing import Any

import pytest

from analysis.assess import assess
from analysis.files.request_record import BURST, FREE, LEVEL, STOPPED, WARMUP, RequestRecord
from analysis.phase.rounds import rounds_of_phase
from analysis.prompts.finding import Finding
from analysis.prompts.right.words import RightWord
from replay.client.request import Request, row_of
from replay.client.response import Response
from replay.live.lanes import LAST, LiveLanes
from replay.live.status import Where, status
from replay.plan.live import LiveRun
from tests.support.farm import farm, phase


def request(number: int, kind: str = BURST, target: str = "A", **fields: Any) -> Request:
    sent = Request(f"http://h:{target}", {}, 9.0, request_id=number, phase="phase1", round=0, kind=kind)
    return replace(sent, target=target, user=number, **fields)


def ended(sent: Request, *instants: float) -> RequestRecord:
    """Sent, first token, end; its row."""
    send_s, first_s, end_s = instants
    return row_of(sent, Response(send_s, first_s, end_s, end_s, chunks=9, output_tokens=9), send_s)


def test_an_open_request_waits_until_its_first_token_and_grows_until_its_row() -> None:
    firsts: dict[int, float] = {}
    lanes = LiveLanes(firsts.get)
    a, b = request(1), request(2, target="B", offset_s=5.0)
    lanes.sent([a, b], at_s=10.0)
    (first, second) = (lanes.shown(11.0) or {})["lanes"]
    assert [(s["kind"], s["start_s"], s["end_s"]) for s in first["segments"]] == [
        ("waiting or prefill", 0, 1)
    ]
    assert first["open"] and second["segments"] == () and second["latency_s"] is None, "due in 4 s"
    firsts[1] = 11.5
    shown = lanes.shown(13.0) or {}
    assert [(s["kind"], s["end_s"]) for s in shown["lanes"][0]["segments"]] == [
        ("waiting or prefill", 1.5), ("decode", 3.0),
    ]  # fmt: skip
    assert (shown["open"], shown["span_s"]) == (2, 3.0)
    lanes.answered(ended(a, 10.0, 11.5, 14.0))
    shown = lanes.shown(20.0) or {}
    assert [(lane["open"], lane["latency_s"]) for lane in shown["lanes"]] == [(False, 4.0), (True, 5.0)]


def test_of_users_in_other_processes_only_sending_and_end_are_known() -> None:
    lanes = LiveLanes()
    lanes.sent([request(1)], at_s=10.0)
    assert [s["kind"] for s in (lanes.shown(11.0) or {})["lanes"][0]["segments"]] == ["sent to ended"]


def test_the_lanes_are_those_of_one_round() -> None:
    lanes = LiveLanes()
    for round_ in range(2):
        sent = [request(10 * round_ + i, round=round_) for i in range(3)]
        lanes.sent(sent, at_s=10.0 * round_)
        for each in sent:
            lanes.answered(ended(each, 10.0 * round_, 10.0 * round_ + 1, 10.0 * round_ + 2))
    shown = lanes.shown(30.0) or {}
    assert (shown["round"], len(shown["lanes"]), shown["open"], shown["span_s"]) == (1, 3, 0, 2.0)


@pytest.mark.parametrize("kind", [FREE, LEVEL])
def test_of_users_who_ask_when_they_like_the_last_requests_are_shown(kind: str) -> None:
    lanes = LiveLanes()
    for i in range(50):
        sent = request(i, kind, phase=f"level-{i}", round=i)
        lanes.sent([sent], at_s=float(i))
        if i < 48:
            lanes.answered(ended(sent, i, i + 0.5, i + 0.9))
    shown = lanes.shown(50.0) or {}
    assert (len(shown["lanes"]), shown["open"], shown["round"]) == (LAST, 2, None)


def test_what_we_stopped_ourselves_is_no_failure() -> None:
    live = LiveRun()
    stopped = row_of(request(1, FREE), Response(0.0, end_s=1.0, error=STOPPED))
    live.answered(stopped)
    assert live.page()["failures"] == [] and live.page()["targets"][0]["failed"] == 0


def test_the_status_says_where_the_run_is_what_is_open_and_how_long_it_takes_at_most() -> None:
    lanes, where = LiveLanes(), Where("phase1", 1, 4, rounds=5)
    assert status(None, lanes, 0, 100.0) == "starting"
    warm = request(1, WARMUP, phase="warmup")
    lanes.sent([warm], 100.0)
    assert status(None, lanes, 0, 101.0) == "warm-up, A: 1 of 1 open for 1 s"
    lanes.answered(ended(warm, 0, 1, 2))
    assert status(where, lanes, 1, 100.0, 175.0) == "phase1 (1 of 4), nothing open; at most 75 s left"
    lanes.sent([request(2, round=1), request(3, round=1)], 110.0)
    lanes.answered(ended(request(2, round=1), 110, 111, 112))
    assert (
        status(where, lanes, 2, 113.0, 175.0)
        == "phase1 (1 of 4), round 2 of 5: 1 of 2 open for 3 s; at most 62 s left"
    )
    assert status(where, lanes, 2, 200.0, 175.0).endswith("at most 0 s left")


def test_a_run_that_has_ended_says_how() -> None:
    assert LiveRun(ended="stopped before its end").status() == "stopped before its end"


def test_an_ended_round_is_shown_to_scale_and_each_phase_with_its_verdict() -> None:
    plan = phase(4)
    run = farm("port-serial", [plan])
    burst = rounds_of_phase(run.log.records, plan.name)[1].requests
    (judged,) = assess(run).phases
    live = LiveRun()
    live.show_round(plan, 1, burst)
    live.show_speedup(judged.measured)
    live.show_phase(judged.measured, judged.verdict)
    page = json.loads(json.dumps(live.page()))
    (a_round,) = live.rounds
    assert (a_round["index"], a_round["rounds"], a_round["users"], a_round["together"]) == (2, 5, 4, 2)
    assert [lane["base_url"] for lane in a_round["lanes"]] == sorted(r.base_url for r in burst), "by port"
    assert max(part["end_s"] for lane in a_round["lanes"] for part in lane["segments"]) == pytest.approx(
        a_round["span_s"], abs=0.01
    )
    waits = [lane["segments"][0]["kind"] == "waiting" for lane in a_round["lanes"]]
    assert waits.count(True) >= 2, "the second request of each port waits for the first"
    assert [p["verdict"] for p in page["phases"]] == ["partly-parallel"]
    for shown in (page["phases"][0], page["speedup"]):
        assert shown["speedup"]["value"] == pytest.approx(2, abs=0.05)
    assert page["speedup"]["speedup_max"] == pytest.approx(4, abs=0.1)
    assert any(
        row["what"] == plan.name and "partly-parallel" in row["words"] for row in live.verdict_rows(None)
    )


def test_a_failed_request_is_a_lane_with_its_words() -> None:
    run = farm("serial", [phase(2)])
    refused = [
        replace(r, error="connection refused", first_token_s=None, last_token_s=None)
        for r in rounds_of_phase(run.log.records, "phase1")[0].requests
    ]
    live = LiveRun()
    live.show_round(phase(2), 0, refused)
    for record in refused:
        live.answered(record)
    (a_round,) = live.rounds
    assert [lane["error"] for lane in a_round["lanes"]] == ["connection refused"] * 2
    assert a_round["together"] is None
    assert sum(f["times"] for f in live.page()["failures"]) == 2
    assert sum(t["failed"] for t in live.page()["targets"]) == 2


def test_targets_have_their_pace_alone_and_in_the_last_phase_together() -> None:
    """A port that decodes for one at a time keeps its pace and lets the others wait."""
    run = farm("port-serial", [phase(2), phase(4, name="phase2")])
    live = LiveRun()
    for record in run.log.records:
        live.answered(record)
    for target in live.page()["targets"]:
        assert target["together"]["tokens_per_s"] == pytest.approx(target["alone"]["tokens_per_s"], rel=0.1)
        assert target["together"]["ttft_s"] > 2 * target["alone"]["ttft_s"], "half of them wait"
    assert live.page()["together_in"] == "phase2"


def test_a_phase_about_prompts_has_a_word_and_no_speedup() -> None:
    live = LiveRun()
    live.show_prompts(
        Finding("right", "right", "right", RightWord.MIXED_UP, ("2 of 48 answers.", "There."), {})
    )
    (shown,) = json.loads(json.dumps(live.phases))
    assert (shown["name"], shown["verdict"], shown["colour"]) == ("right", "mixed-up", "red")
    assert (shown["users"], shown["speedup"], shown["sentence"]) == (None, None, "2 of 48 answers.")
