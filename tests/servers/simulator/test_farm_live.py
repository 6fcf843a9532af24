"""Farms over real sockets: what the truth log says is what a client sees, up to 256 streams at once."""

import asyncio
import json
import math
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.locusts import locust, phase, scenario
from tests.support.serving import chat, get, refused, servers, stamps, stream, together, truth

pytestmark = pytest.mark.alone

FARMS = CHECKOUT / "scenarios" / "farms"
SCALE = 0.01  # the seed's 11 s become 0.11 s


def farm(text: str, *more: str) -> tuple[str, ...]:
    return ("simulate", "--farm", text, *more)


def wall_s(log: Path) -> float:
    rows = truth(log)
    return max(float(r["end_s"]) for r in rows) - min(float(r["arrival_s"]) for r in rows)


@pytest.mark.parametrize(("name", "wall"), [("seed-parallel", 11), ("seed-ports", 22), ("seed-serial", 44)])
def test_phase_2_of_the_seed_takes_its_time_over_sockets_too(name: str, wall: float, tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    started = farm(str(FARMS / f"{name}.yaml"), "--time-scale", str(SCALE), "--truth", str(log))
    with servers(*started) as s:
        seen_s, _ = together(s.urls * 2, max_tokens=100)
    arrivals = [float(r["arrival_s"]) for r in truth(log)]
    spread_s = max(arrivals) - min(arrivals)
    assert wall * SCALE - 1e-5 <= wall_s(log) <= wall * SCALE + spread_s + 1e-5
    assert wall * SCALE <= seen_s


@pytest.mark.parametrize(("name", "wall"), [("seed-parallel", 23), ("seed-ports", 45), ("seed-serial", 88)])
def test_test_4_of_the_seed_takes_its_time_over_sockets_too(name: str, wall: float, tmp_path: Path) -> None:
    """8 messages 1 s apart through 6 workers, as wide as the policy lets them."""
    log = tmp_path / "truth.csv"
    started = farm(str(FARMS / f"{name}.yaml"), "--time-scale", str(SCALE), "--truth", str(log))
    with servers(*started) as s, ThreadPoolExecutor(6) as workers:
        begin_s = time.time()
        answers = []
        for i in range(8):
            time.sleep(max(0.0, begin_s + i * SCALE - time.time()))
            answers.append(workers.submit(stream, s.urls[i % 2], max_tokens=100))
        assert all(len(a.result().token_s) == 100 for a in answers)
    assert wall * SCALE - 0.005 <= wall_s(log) <= wall * SCALE + 0.1


def test_machines_of_one_farm_do_not_disturb_each_other(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    text = "{machines: [{policy: serial, ports: 1}, {policy: serial, ports: 1}]}"
    with servers(*farm(text, "--truth", str(log))) as s:
        together(s.urls, max_tokens=20)
        assert [line["machine"] for line in s.lines] == [0, 1]
    for row in truth(log):
        assert float(row["end_s"]) - float(row["arrival_s"]) == pytest.approx(float(row["solo_s"]), abs=1e-5)


def test_ports_of_one_machine_keep_their_own_settings(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    text = "{machines: [{ports: [{tpot_s: 0.002}, {tpot_s: 0.004, slots: 1}]}]}"
    with servers(*farm(text, "--truth", str(log))) as s:
        together(s.urls * 2, max_tokens=11)
        assert [line["slots"] for line in s.lines] == [None, 1]
    by_port: dict[str, list[float]] = {url.rsplit(":")[-1]: [] for url in s.urls}
    for row in truth(log):
        by_port[row["port"]].append(float(row["end_s"]) - float(row["admission_s"]))
    fast, slow = by_port.values()
    assert fast == pytest.approx([0.07] * 2, abs=1e-5)
    assert slow == pytest.approx([0.09] * 2, abs=1e-5)
    queued = [float(r["admission_s"]) - float(r["arrival_s"]) for r in truth(log)]
    assert sum(q > 0.05 for q in queued) == 1


def test_a_machine_at_half_its_pace_takes_twice_as_long(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    text = "{machines: [{pace: [[0, 0.5]], ports: 1}]}"
    with servers(*farm(text, "--truth", str(log))) as s:
        assert chat(s.urls[0], max_tokens=6)[0] == 200
    (row,) = truth(log)
    assert float(row["end_s"]) - float(row["arrival_s"]) == pytest.approx(2 * float(row["solo_s"]), abs=1e-5)


def test_models_on_one_port_swap_and_the_truth_shows_the_loading(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    port = "{models: [A, B], models_in_memory: 1, load_s: 0.1, slots: 1}"
    with servers(*farm(f"{{machines: [{{ports: [{port}]}}]}}", "--truth", str(log))) as s:
        assert [m["id"] for m in get(s.urls[0], "/v1/models")[1]["data"]] == ["A", "B"]
        for model in "ABBA":
            assert chat(s.urls[0], model=model, max_tokens=2)[1]["model"] == model
    loads_s = [float(r["ready_s"]) - float(r["admission_s"]) for r in truth(log)]
    assert loads_s == pytest.approx([0.1, 0.1, 0, 0.1], abs=1e-5)


def test_a_cached_prompt_is_reported_in_usage_and_in_the_truth(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    text = "{machines: [{each: {cached_prompts: 4, timings: true, ttft_s: 0.07}, ports: 1}]}"
    with servers(*farm(text, "--truth", str(log))) as s:
        bodies = [chat(s.urls[0], max_tokens=3)[1] for _ in range(2)]  # "one two three"
    cached = [b["usage"]["prompt_tokens_details"]["cached_tokens"] for b in bodies]
    assert cached == [0, 4] == [int(r["cached_tokens"]) for r in truth(log)]  # 2/3 of 7 tokens
    assert [b["timings"]["prompt_ms"] for b in bodies] == pytest.approx([70, 70 / 3], abs=0.01)
    assert [b["timings"]["predicted_ms"] for b in bodies] == pytest.approx([20, 20], abs=0.01)


@pytest.mark.parametrize("n", [64, 256])
def test_a_burst_is_answered_as_the_truth_says_and_the_server_shows_its_own_lateness(
    n: int, tmp_path: Path
) -> None:
    """Medians are bounded, not maxima: the machine may be busy."""
    log = tmp_path / "truth.csv"
    text = "{machines: [{each: {ttft_s: 0.5, tpot_s: 0.05, jitter: 0.1}, ports: 4}]}"
    with servers(*farm(text, "--truth", str(log))) as s:
        seen = asyncio.run(burst([s.urls[i % 4] for i in range(n)], tokens=20))
        told = get(s.urls[0], "/lateness")[1]
    rows = truth(log)
    assert [len(times) for times in seen] == [20] * n == [int(r["tokens"]) for r in rows]
    late_ms = sorted(
        1e3 * (written - due)
        for r in rows
        for due, written in zip(stamps(r["due_s"]), stamps(r["written_s"]), strict=True)
    )
    assert told["tokens"] == len(late_ms) == 20 * n
    assert told["p50_ms"] == pytest.approx(statistics.median(late_ms), abs=0.02)
    assert told["p99_ms"] == pytest.approx(late_ms[math.ceil(0.99 * len(late_ms)) - 1], abs=0.02)
    assert told["p50_ms"] < 2
    # as in the log, so at the client: the time between first and last token of each, whoever is whose
    due_s = sorted(stamps(r["due_s"])[-1] - stamps(r["due_s"])[0] for r in rows)
    seen_s = sorted(times[-1] - times[0] for times in seen)
    errors_s = [abs(a - b) for a, b in zip(seen_s, due_s, strict=True)]
    assert statistics.median(errors_s) < 0.01


async def burst(urls: list[str], tokens: int) -> list[list[float]]:
    """Arrival times of each answer's tokens; all requests are written at one instant."""

    async def ask(url: str) -> list[float]:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = json.dumps(
            {"messages": [{"role": "user", "content": "x"}], "stream": True, "max_tokens": tokens}
        )
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
        connected.append(url)
        if len(connected) == len(urls):
            gate.set()
        await gate.wait()
        writer.write((head + body).encode())
        times = []
        while b"[DONE]" not in (line := await reader.readline()):
            if b'"content": " w' in line:
                times.append(time.time())
        writer.close()
        await writer.wait_closed()
        return times

    connected: list[str] = []
    gate = asyncio.Event()
    return await asyncio.gather(*map(ask, urls))


def test_a_scenario_starts_a_farm_and_neighbours_keep_their_own_settings(tmp_path: Path) -> None:
    """A farm's file of two ports on one machine, and two servers of other policies, in one run."""
    (tmp_path / "farm.yaml").write_text(
        "machines: [{policy: serial, each: {ttft_s: 5, tpot_s: 1}, ports: 2}]"
    )
    path = scenario(
        tmp_path,
        servers=[
            {"kind": "simulator", "farm": "farm.yaml"},
            {"kind": "simulator", "policy": "parallel", "ttft_s": 5, "tpot_s": 1},
            {"kind": "simulator", "policy": "port-serial", "ttft_s": 10, "tpot_s": 2},
        ],
        targets=[{"name": name, "server": i} for i, name in enumerate("ABCD")],
        time_scale=0.01,
        request={"max_tokens": 12},
        phases=[phase("one", 2, targets=["A", "B"]), phase("other", 2, targets=["C", "D"])],
    )
    run = locust(tmp_path, "--scenario", str(path))
    assert run.code == 0, run.err
    assert run.phase("one")["verdict"] == "serial"
    assert run.phase("other")["decode_peak"] == 2  # 1 and 2 s: too unequal for a verdict
    solo_s = {b["target"]: b["solo_s"]["value"] / b["tokens"] for b in run.report["baseline"]}
    assert solo_s["D"] == pytest.approx(2 * solo_s["C"], rel=0.2)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--farm", "{machines: [{ports: 1}]}", "--tpot-s", "1"), "--tpot-s beside --farm"),
        (("--farm", "nowhere.yaml"), "nowhere.yaml: No such file"),
        (("--farm", "{machines: [{ports: 1}]}", "--time-scale", "0"), "--time-scale: must be greater than 0"),
        (("--farm", "{machines: [{ports: [{port: 5}, {port: 5}]}]}"), "5 is given twice"),
    ],
)
def test_a_farm_that_cannot_be_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], complaint: str
) -> None:
    code, words = refused("simulate", *arguments)
    assert code == 2
    assert complaint in words
    assert words.count("\n") == 1


def test_the_log_of_64_users_says_what_the_truth_log_says(tmp_path: Path) -> None:
    """The simulator is not what is measured: each solo and each stream takes what the model gave it."""
    log = tmp_path / "truth.csv"
    each = "{ttft_s: 0.2, tpot_s: 0.03, jitter: 0.1}"
    with servers(*farm(f"{{machines: [{{each: {each}, ports: 2}}]}}", "--truth", str(log))) as s:
        path = scenario(
            tmp_path,
            targets=[{"name": name, "base_url": url} for name, url in zip("AB", s.urls, strict=True)],
            request={"max_tokens": 12},
            phases=[phase("two", 2), phase("many", 64)],  # the chain is as long as the smallest
        )
        run = locust(tmp_path, "--scenario", str(path))
    assert run.code == 0, run.err
    assert run.phase("many")["decode_peak"] == 64
    origin_s = run.manifest["clock_origin_epoch_ns"] / 1e9
    answers = [r for r in truth(log) if r["outcome"] == "served" and int(r["tokens"]) == 12]
    seen = [r for r in run.rows if r["output_tokens"] == "12"]
    assert len(seen) == len(answers) > 3 * 64 + 3 * 2
    for column, where in (("first_token_s", "first_token_s"), ("last_token_s", "end_s")):
        at_client = sorted(float(r[column]) + origin_s for r in seen)
        due = sorted(float(r[where]) for r in answers)
        errors_s = [a - b for a, b in zip(at_client, due, strict=True)]
        assert -0.001 < statistics.median(errors_s) < 0.01
