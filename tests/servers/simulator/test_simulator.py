"""The simulator over real sockets. Medians are bounded, not maxima: the machine may be busy."""

import http.client
import signal
import statistics
import time
from pathlib import Path

import pytest

from tests.support.serving import chat, get, refused, servers, spawn, stamps, stream, together, truth

pytestmark = pytest.mark.alone

FAST = ("--port", "0", "--ttft-s", "0.02", "--tpot-s", "0.002")


def test_tokens_arrive_when_the_truth_says_they_were_due(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    with servers("simulate", *FAST, *FAST[:2], "--policy", "parallel", "--truth", str(log)) as s:
        _, streams = together(s.urls * 2, max_tokens=100)
    rows = truth(log)
    assert [row["outcome"] for row in rows] == ["served"] * 4
    late_s = [
        written - due
        for row in rows
        for due, written in zip(stamps(row["due_s"]), stamps(row["written_s"]), strict=True)
    ]
    assert 0 <= statistics.median(late_s) < 0.01
    for row in rows:
        due = stamps(row["due_s"])
        assert due[-1] - float(row["arrival_s"]) == pytest.approx(0.02 + 99 * 0.002, abs=1e-5)
    seen = sorted(at_s for answer in streams for at_s in answer.token_s)
    due = sorted(d for row in rows for d in stamps(row["due_s"]))
    assert len(seen) == 400
    assert statistics.median(a - b for a, b in zip(seen, due, strict=True)) < 0.012


@pytest.mark.parametrize(
    ("policy", "solo_times"),
    [("serial", 4), ("port-serial", 2), ("time-sliced", 4), ("slots", 1), ("parallel", 1)],
)
def test_four_requests_on_two_ports_take_as_long_as_the_policy_says(
    policy: str, solo_times: int, tmp_path: Path
) -> None:
    log, solo_s = tmp_path / "truth.csv", 0.1 + 10 * 0.01
    ports = ("--port", "0", "--port", "0", "--ttft-s", "0.1", "--tpot-s", "0.01")
    with servers("simulate", *ports, "--policy", policy, "--slots", "2", "--truth", str(log)) as s:
        wall_s, _ = together(s.urls * 2, max_tokens=11)
    arrivals = [float(row["arrival_s"]) for row in truth(log)]
    makespan_s = max(float(row["end_s"]) for row in truth(log)) - min(arrivals)
    spread_s = max(arrivals) - min(arrivals)
    assert -1e-5 <= makespan_s - solo_times * solo_s <= spread_s + 1e-5
    assert makespan_s <= wall_s


def test_a_port_of_speed_two_needs_half_the_time(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    ports = ("--port", "0", "--port", "0", "--speed", "1", "--speed", "2")
    with servers("simulate", *ports, "--policy", "parallel", "--truth", str(log)) as s:
        together(s.urls, max_tokens=5)
        speeds = {str(line["base_url"]).rsplit(":")[-1]: line["speed"] for line in s.lines}
    for row in truth(log):
        solo_s = float(row["end_s"]) - float(row["arrival_s"])
        assert solo_s == pytest.approx(0.09 / speeds[row["port"]], abs=1e-5)


def test_the_same_seed_scatters_the_same_way(tmp_path: Path) -> None:
    def durations_s(name: str) -> list[float]:
        log = tmp_path / name
        with servers("simulate", *FAST, "--jitter", "0.2", "--truth", str(log)) as s:
            for _ in range(3):
                chat(s.urls[0], max_tokens=4)
        return [float(r["end_s"]) - float(r["admission_s"]) for r in truth(log)]

    first = durations_s("a.csv")
    assert first == pytest.approx(durations_s("b.csv"), abs=1e-5)
    assert len({round(d, 4) for d in first}) == 3


def test_a_stream_opens_with_the_role_and_closes_with_reason_usage_and_done() -> None:
    with servers("simulate", *FAST, "--cached", "3") as s:
        answer = stream(s.urls[0], max_tokens=5, stream_options={"include_usage": True})
        plain = stream(s.urls[0], max_tokens=5)
    assert answer.deltas[0] == {"role": "assistant", "content": ""}
    assert [d.get("content") for d in answer.deltas[1:-1]] == [" w0", " w1", " w2", " w3", " w4"]
    *_, (_, last), (_, usage), (_, done) = answer.events
    assert last["choices"][0]["finish_reason"] == "length"
    assert usage["choices"] == []
    assert usage["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 5,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 3},
    }
    assert done == "[DONE]"
    assert not any("usage" in e for _, e in plain.events)


def test_the_role_comes_at_once_while_the_first_token_takes_its_time() -> None:
    with servers("simulate", "--port", "0", "--ttft-s", "0.4") as s:
        answer = stream(s.urls[0], max_tokens=2)
    assert answer.token_s[0] - answer.events[0][0] > 0.2


def test_an_answer_without_streaming_is_whole() -> None:
    with servers("simulate", *FAST, "--stop-after", "3") as s:
        status, body = chat(s.urls[0], model="simulated", max_tokens=9)
        assert get(s.urls[0], "/health") == (200, {"status": "ok"})
        assert get(s.urls[0], "/v1/models")[1]["data"][0]["id"] == "simulated"
    assert status == 200
    assert body["choices"][0]["message"]["content"] == " w0 w1 w2"
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"]["completion_tokens"] == 3


def test_wrong_requests_get_an_error_body_as_openai_words_it() -> None:
    with servers("simulate", *FAST) as s:
        missing = chat(s.urls[0], model="nobody")
        wrong = chat(s.urls[0], max_tokens=-1)
    assert missing[0] == 404
    assert missing[1]["error"]["code"] == "model_not_found"
    assert wrong[0] == 400
    assert "max_tokens" in wrong[1]["error"]["message"]


def test_a_lump_arrives_all_at_once_at_its_end() -> None:
    with servers("simulate", "--port", "0", "--lump", "--no-stream-usage") as s:
        answer = stream(s.urls[0], max_tokens=50, stream_options={"include_usage": True})
    assert len(answer.token_s) == 50
    assert answer.token_s[-1] - answer.token_s[0] < 0.2  # in turn they would take 0.49 s
    assert not any("usage" in e for _, e in answer.events)


def test_every_second_request_fails() -> None:
    with servers("simulate", *FAST, "--fail-every", "2") as s:
        assert [chat(s.urls[0], max_tokens=1)[0] for _ in range(4)] == [200, 500, 200, 500]


def test_a_cut_connection_is_no_end_of_the_stream(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    faults = ("--die-after", "3", "--die-every", "2")
    with servers("simulate", *FAST, *faults, "--truth", str(log)) as s:
        whole, cut = (stream(s.urls[0], max_tokens=6) for _ in range(2))
    assert (len(whole.token_s), whole.events[-1][1]) == (6, "[DONE]")
    assert len(cut.token_s) == len(cut.deltas) - 1 == 3
    assert [(r["outcome"], r["tokens"]) for r in truth(log)] == [("served", "6"), ("cut", "3")]


def test_a_client_that_hangs_up_frees_its_place_in_the_queue(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    with servers("simulate", "--port", "0", "--ttft-s", "0.1", "--truth", str(log)) as s:
        gone = http.client.HTTPConnection(s.urls[0].removeprefix("http://"))
        gone.request("POST", "/v1/chat/completions", '{"messages": [], "max_tokens": 9999}')
        time.sleep(0.05)
        gone.close()
        start_s = time.time()
        assert chat(s.urls[0], max_tokens=1)[0] == 200
    assert time.time() - start_s < 5  # the one who went would have held it for 100 s
    assert [r["outcome"] for r in truth(log)] == ["left", "served"]


def test_a_hung_request_never_answers_and_does_not_hold_up_the_others() -> None:
    with servers("simulate", *FAST, "--hang-every", "2") as s:
        assert chat(s.urls[0], max_tokens=1)[0] == 200
        hung = http.client.HTTPConnection(s.urls[0].removeprefix("http://"), timeout=0.3)
        hung.request("POST", "/v1/chat/completions", '{"messages": []}')
        with pytest.raises(TimeoutError):
            hung.getresponse()
        assert chat(s.urls[0], max_tokens=1)[0] == 200
        hung.close()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--tpot-s", "-1"), "--tpot-s: must be greater than or equal to 0"),
        (("--slots", "0", "--policy", "slots"), "--slots: must be greater than or equal to 1"),
        (("--port", "0", "--speed", "1", "--speed", "2"), "2 times for 1 ports"),
        (("--truth", "."), "--truth .: "),
        (("--port", "9999999"), "--port: must be less than or equal to 65535"),
    ],
)
def test_an_option_without_sense_gets_one_line_and_exit_code_2(
    arguments: tuple[str, ...], complaint: str
) -> None:
    code, words = refused("simulate", *arguments)
    assert code == 2
    assert complaint in words
    assert words.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_quietly_when_asked_to_even_in_mid_stream(number: signal.Signals) -> None:
    with servers("simulate", "--port", "0", "--ttft-s", "20") as s:
        waiting = http.client.HTTPConnection(s.urls[0].removeprefix("http://"))
        waiting.request("POST", "/v1/chat/completions", '{"messages": [], "stream": true}')
        time.sleep(0.1)
        s.process.send_signal(number)
        assert s.process.wait(timeout=5) == 0
        waiting.close()
        assert s.process.stderr
        assert s.process.stderr.read() == "simulating 1 server(s); Ctrl-C stops them\n"


def test_it_ends_with_its_parent_if_asked_to() -> None:
    process = spawn("simulate", "--port", "0", "--until-stdin-closes")
    assert process.stdout
    assert '"base_url"' in process.stdout.readline()
    process.communicate(timeout=10)  # closes stdin first
    assert process.returncode == 0
