"""The sampler: it reads what each kind of server says, disturbs nobody, and ends with the run."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from analysis.files.run import TargetInfo, read_run
from analysis.files.server_samples import ServerSample, read_server_samples
from replay.checks.check import check
from replay.monitor import machine_load
from replay.monitor.child import watch_of_run
from replay.monitor.machine_load import LinuxThrottling, ProcessLoad
from replay.monitor.process import (
    MOST_OF_A_CORE,
    LoadReader,
    Sampling,
    Watch,
    WatchedPort,
    pause_after,
    watch_of,
)
from replay.scenario.schema import Target
from replay.server_kinds import SERVER_KINDS
from replay.server_kinds.apps import lmstudio, ollama
from replay.server_kinds.engines import llamacpp, vllm
from replay.server_kinds.kind import Load
from tests.support.checkout import CHECKOUT
from tests.support.locusts import analysis, locust, phase, scenario, until
from tests.support.serving import MockServer, stream, together

LLAMACPP = """# HELP llamacpp:n_decode_total Total number of llama_decode() calls
# TYPE llamacpp:n_decode_total counter
llamacpp:n_decode_total 97
# HELP llamacpp:requests_processing Number of requests processing
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 4
llamacpp:requests_deferred 3
llamacpp:n_busy_slots_per_decode 3.96907
"""
DRAFTS = """vllm:spec_decode_num_draft_tokens_total{engine="0",model_name="phi"} 500.0
vllm:spec_decode_num_draft_tokens_total{engine="1",model_name="phi"} 400.0
vllm:spec_decode_num_accepted_tokens_total{engine="0",model_name="phi"} 312.0
vllm:spec_decode_num_accepted_tokens_total{engine="1",model_name="phi"} 300.0
vllm:num_preemptions_total{engine="0",model_name="phi"} 3.0
"""
RECORDED = (CHECKOUT / "tests/runs/engines/vllm/GET_metrics.txt").read_text(encoding="utf-8")
VLLM = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="phi"} 3.0
vllm:num_requests_running{engine="1",model_name="phi"} 2.0
vllm:num_requests_waiting{engine="0",model_name="phi"} 1.0
vllm:num_requests_waiting{engine="1",model_name="phi"} 0.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.001",model_name="phi"} 0.0
"""
SLOTS = [{"id": i, "n_ctx": 512, "is_processing": i < 3} for i in range(4)]
OLD_SLOTS = [{"id": 0, "state": 1, "n_ctx": 512}, {"id": 1, "state": 0, "n_ctx": 512}]
OLLAMA = {"models": [{"name": "llama3.2:latest", "size_vram": 5137025024, "context_length": 4096}]}
GEMMA = {"type": "llm", "key": "google/gemma", "loaded_instances": [{"id": "g", "config": {"parallel": 4}}]}
LMSTUDIO = {
    "models": [
        GEMMA,
        {"type": "llm", "key": "phi", "loaded_instances": []},
        {"type": "embedding", "key": "nomic", "loaded_instances": [{"id": "nomic", "config": {}}]},
    ]
}
LMSTUDIO_V0 = {
    "data": [
        {"id": "phi", "type": "llm", "state": "loaded"},
        {"id": "gemma", "type": "vlm", "state": "not-loaded"},
        {"id": "nomic", "type": "embeddings", "state": "loaded"},
    ]
}
UNKNOWN_PATH = {"error": "Unexpected endpoint or method. (GET /metrics)"}


@pytest.mark.parametrize(
    ("read", "text", "load"),
    [
        (llamacpp.load_of_metrics, LLAMACPP, Load(busy=4, waiting=3, decodes=97, busy_per_decode=3.96907)),
        (llamacpp.load_of_slots, json.dumps(SLOTS), Load(busy=3, slots=4)),
        (llamacpp.load_of_slots, json.dumps(OLD_SLOTS), Load(busy=1, slots=2)),
        (vllm.load, VLLM, Load(busy=5, waiting=1)),
        (vllm.load, VLLM + DRAFTS, Load(busy=5, waiting=1, drafted=900, accepted=612, preempted=3)),
        (vllm.load, RECORDED, Load(busy=0, waiting=0, preempted=0)),
        (ollama.load, json.dumps(OLLAMA), Load(loaded=1)),
        (ollama.load, '{"models": []}', Load(loaded=0)),
        (lmstudio.load_v1, json.dumps(LMSTUDIO), Load(loaded=1, slots=4)),
        (lmstudio.load_v0, json.dumps(LMSTUDIO_V0), Load(loaded=1)),
    ],
)
def test_each_kind_of_server_is_read(read: Callable[[str], Load], text: str, load: Load) -> None:
    assert read(text) == load


def test_slots_are_unknown_where_a_loaded_copy_does_not_tell_its_own() -> None:
    silent = {"type": "llm", "key": "phi", "loaded_instances": [{"id": "phi", "config": {}}]}
    assert lmstudio.load_v1(json.dumps({"models": [GEMMA, silent]})) == Load(loaded=2, slots=None)


# Asking


@contextmanager
def serving(
    answers: dict[str, Any], headers: dict[str, str] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """(base URL, the paths that were asked). An answer: text, JSON, or (status, JSON); else 404."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            found = answers.get(self.path, (404, {}))
            if any(self.headers.get(name) != value for name, value in (headers or {}).items()):
                found = (401, {})
            status, body = found if isinstance(found, tuple) else (200, found)
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_the_better_question_is_asked_first_and_kept() -> None:
    with (
        serving({"/metrics": LLAMACPP, "/slots": SLOTS}) as (url, asked),
        closing(LoadReader(WatchedPort(url, "llamacpp"))) as reader,
    ):
        assert [reader.look()["busy"] for _ in range(3)] == [4, 4, 4]
    assert asked == ["/metrics"] * 3


@pytest.mark.parametrize("refusal", [(501, {"error": {"code": 501}}), (404, {}), UNKNOWN_PATH])
def test_without_the_better_one_the_next_is_asked(refusal: Any) -> None:
    with (
        serving({"/metrics": refusal, "/slots": SLOTS}) as (url, asked),
        closing(LoadReader(WatchedPort(url, "llamacpp"))) as reader,
    ):
        assert [reader.look()["busy"] for _ in range(3)] == [3, 3, 3]
    assert asked == ["/metrics", "/slots", "/slots", "/slots"]


@pytest.mark.parametrize(
    ("kind", "path", "answer", "column", "value"),
    [
        ("vllm", "/metrics", VLLM, "busy", 5),
        ("ollama", "/api/ps", OLLAMA, "loaded", 1),
        ("lmstudio", "/api/v1/models", LMSTUDIO, "slots", 4),
        ("lmstudio", "/api/v0/models", LMSTUDIO_V0, "loaded", 1),
    ],
)
def test_every_kind_is_asked_where_it_shows_its_load(
    kind: str, path: str, answer: Any, column: str, value: int
) -> None:
    with serving({path: answer}) as (url, _), closing(LoadReader(WatchedPort(url, kind))) as reader:
        assert reader.look()[column] == value


def test_a_plain_server_is_never_asked() -> None:
    assert not LoadReader(WatchedPort("http://127.0.0.1:9", "openai")).can_ask


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew() -> None:
    with serving({"/slots": SLOTS}) as (url, _), closing(LoadReader(WatchedPort(url, "llamacpp"))) as reader:
        reader.look()
        sock = reader._http._connection.sock
        assert sock is not None
        sock.shutdown(2)  # as after the server's keep-alive time
        assert reader.look()["busy"] == 3


def test_a_router_is_asked_about_the_one_model_that_is_measured(mock: MockServer) -> None:
    url = mock("llamacpp", "--quirk", "router", "--model", "a/b", "--model", "c").urls[0]
    with closing(LoadReader(WatchedPort(url, "llamacpp"))) as reader:
        assert reader.look() == {"error": "GET /slots: HTTP 400: model name is missing from the request"}
    with closing(LoadReader(WatchedPort(url, "llamacpp", model="a/b"))) as reader:
        assert reader.look()["busy"] == 0
    infos = [TargetInfo(m, url, m, "llamacpp", server={"role": "router"}) for m in ("a/b", "c")]
    targets = {m: Target(name=m.replace("/", "-"), base_url=url) for m in ("a/b", "c")}
    recorder: Any = SimpleNamespace(prefix=Path("x"), origin_s=0.0)
    assert [p.model for p in watch_of_run(recorder, infos[:1], targets).ports] == ["a/b"]
    assert [p.model for p in watch_of_run(recorder, infos, targets).ports] == [None], "each counts apart"


def test_the_server_behind_llama_swap_is_asked_about_a_model_in_memory_and_no_other(
    mock: MockServer,
) -> None:
    url = mock("llama-swap", "--model", "a", "--model", "b", "--quirk", "evict", "--slots", "3").urls[0]
    in_memory, other = (check(Target(name="A", base_url=url, model=m)).info for m in ("a", "b"))
    assert (in_memory.slots, other.slots) == (3, None)
    recorder: Any = SimpleNamespace(prefix=Path("x"), origin_s=0.0)
    targets = {"A": Target(name="A", base_url=url)}
    ports = [watch_of_run(recorder, [info], targets).ports[0] for info in (in_memory, other)]
    assert [p.model for p in ports] == ["a", None]
    with closing(LoadReader(ports[0])) as reader:
        assert (reader.look()["busy"], reader.look()["slots"]) == (0, 3)
    assert not LoadReader(ports[1]).can_ask, "the question would load it"
    assert check(Target(name="A", base_url=url)).info.model == "a", "and it has loaded none"


def test_the_key_comes_from_the_environment_and_stands_in_no_argument() -> None:
    with serving({"/slots": SLOTS}, {"Authorization": "Bearer sesame"}) as (url, _):
        port = WatchedPort(url, "llamacpp", api_key_env="KEY")
        with closing(LoadReader(port, {"KEY": "sesame"})) as reader:
            assert reader.look()["busy"] == 3
        with closing(LoadReader(port, {})) as reader:
            assert reader.look()["error"].startswith("GET /slots: HTTP 401")
    assert "sesame" not in Watch("x", 0.0, (port,), False).to_json()


def test_what_fails_is_asked_ever_more_rarely_and_reported_once(capfd: pytest.CaptureFixture[str]) -> None:
    reader = LoadReader(WatchedPort("http://127.0.0.1:9", "llamacpp"))
    pauses = []
    for _ in range(12):
        assert "refused" in reader.look()["error"]
        pauses.append(reader.pause_s())
    assert pauses[:3] == [0.5, 1.0, 2.0] and pauses[-1] == 30.0
    said = capfd.readouterr().err
    assert said.count("does not show its load") == 1 and "the run goes on without it" in said


def test_a_look_that_costs_more_is_followed_by_a_longer_pause() -> None:
    assert pause_after(0.25, took_s=0.01, cost_s=0.0001, share=0.003) == pytest.approx(0.24)
    assert pause_after(0.25, took_s=0.01, cost_s=0.003, share=0.003) == pytest.approx(1.0)


# Mock servers: written from the programs' documents by other code than what reads them

SLOW = ("--slots", "4", "--ttft-s", "0.05", "--tpot-s", "0.05")


@pytest.mark.parametrize("kind", ["llamacpp", "vllm"])
def test_a_mock_server_with_four_slots_and_six_users_works_on_four_while_two_wait(
    kind: str, mock: MockServer
) -> None:
    url = mock(kind, *SLOW).urls[0]
    with closing(LoadReader(WatchedPort(url, kind))) as reader, ThreadPoolExecutor(1) as pool:
        assert reader.look()["busy"] == 0
        six = pool.submit(together, [url] * 6, model="mock-model", max_tokens=20)
        until(lambda: (reader.look()["busy"], reader.look()["waiting"]) == (4, 2), 5)
        six.result()
        until(lambda: reader.look()["busy"] == 0, 5)


@pytest.mark.parametrize(("kind", "slots"), [("ollama", None), ("lmstudio", 4)])
def test_a_mock_server_shows_its_model_once_it_is_loaded(
    kind: str, slots: int | None, mock: MockServer
) -> None:
    url = mock(kind, *SLOW).urls[0]
    stream(url, model="mock-model", max_tokens=2)
    with closing(LoadReader(WatchedPort(url, kind))) as reader:
        seen = reader.look()
    assert (seen["loaded"], seen["slots"], seen["busy"]) == (1, slots, None)


# The machine


def test_a_process_is_seen_with_what_it_has_started() -> None:
    sleeper = "import time; held = bytearray(60_000_000); time.sleep(60)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleeper!r}])"
    with subprocess.Popen([sys.executable, "-c", child]) as process:
        try:
            until(lambda: ProcessLoad(process.pid).look().get("memory_mb", 0) > 60)
            assert ProcessLoad(process.pid).look()["cpu_s"] > 0
        finally:
            for child_process in psutil.Process(process.pid).children():
                child_process.kill()
            process.kill()
    assert ProcessLoad(process.pid).look() == {}


def test_the_machine_shows_processor_time_and_memory_without_special_rights() -> None:
    seen = machine_load.machine_load()
    assert seen["cpu_s"] > 0 and seen["memory_mb"] > 0
    assert {"swapped_mb"} <= set(seen)


def test_pressure_on_memory_is_read_as_linux_writes_it(tmp_path: Path) -> None:
    told = "some avg10=0.12 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 avg60=0.00 total=7\n"
    (tmp_path / "memory").write_text(told)
    assert machine_load._linux_stalled_s(tmp_path / "memory") == 2.5


def test_slowing_by_heat_shows_in_the_processors_counters(tmp_path: Path) -> None:
    counts = []
    for core in ("cpu0", "cpu1"):
        (tmp_path / core / "thermal_throttle").mkdir(parents=True)
        counts.append(tmp_path / core / "thermal_throttle" / "core_throttle_count")
        counts[-1].write_text("3\n")
    throttling = LinuxThrottling(tmp_path)
    assert [throttling.look(), throttling.look()] == ["nominal", "nominal"]
    counts[1].write_text("4\n")
    assert [throttling.look(), throttling.look()] == ["throttled", "nominal"]
    assert LinuxThrottling(tmp_path / "none").look() is None


# The child


def test_a_run_is_sampled_on_its_own_clock_until_it_stops(tmp_path: Path) -> None:
    with serving({"/metrics": LLAMACPP}) as (url, asked):
        watch = Watch(
            str(tmp_path / "w.csv"),
            time.monotonic() - 100,
            (WatchedPort(url, "llamacpp", os.getpid()),),
            True,
        )
        sampling = Sampling(watch)
        until(lambda: len(asked) > 2 and len(rows(tmp_path)) > 5)
        sampling.stop()
        after = len(rows(tmp_path))
        time.sleep(0.6)
    found = rows(tmp_path)
    assert len(found) == after
    counters = [s for s in found if s.busy is not None]
    assert {(s.base_url, s.busy, s.waiting) for s in counters} == {(url, 4, 3)}
    assert all(100 < s.asked_s <= s.at_s < 130 for s in found)
    assert [s for s in found if s.base_url == url and s.cpu_s is not None and s.memory_mb is not None]
    machine = [s for s in found if s.base_url is None]
    assert machine and all(s.sampler_cpu_s for s in machine)


def rows(folder: Path) -> tuple[ServerSample, ...]:
    return read_server_samples(folder / "w.csv")


def test_the_child_ends_as_soon_as_its_stdin_closes(tmp_path: Path) -> None:
    watch = Watch(str(tmp_path / "w.csv"), time.monotonic(), (), True)
    assert watch_of(watch.to_json()) == watch
    with subprocess.Popen(
        [sys.executable, "-m", "replay.monitor.process", watch.to_json()], stdin=subprocess.PIPE, cwd=CHECKOUT
    ) as child:
        until(lambda: (tmp_path / "w.csv").exists() and len(rows(tmp_path)) > 1)
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(5) == 0


def test_the_limit_is_below_one_per_cent_of_a_core() -> None:
    assert MOST_OF_A_CORE < 0.01
    assert all(c.every_s >= 0.25 for kind in SERVER_KINDS.values() for c in kind.load_counters)


# The whole


@pytest.mark.engine
def test_four_users_on_four_slots_of_a_real_llama_cpp_are_four_busy_slots_there(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        targets=[{"name": "A", "server": 0}],
        servers=[{"kind": "llamacpp", "port": 0, "slots": 4, "threads": 1}],
        phases=[phase("four", 4)],
        request={"max_tokens": 20},
    )
    ended = locust(tmp_path, "--scenario", str(path))
    assert ended.code in (0, 3), ended.err
    run = read_run(ended.prefix)
    counters = [s for s in run.server_samples if s.busy is not None]
    assert max(s.busy or 0 for s in counters) == 4
    assert not [s.error for s in run.server_samples if s.error is not None]
    report = json.loads(analysis("report", str(ended.prefix), "--json").stdout)
    (shown,) = report["phases"]
    (server,) = shown["servers"]
    assert (server["busy_peak"], server["slots"]) == (4, 4)
    assert 3 < server["busy_per_decode"] <= 4
    assert 0.5 < server["cores"] < 1.5  # one thread
    agree = next(c for c in report["conditions"] if c["name"] == "server's slots")
    assert agree["passed"] is True
    assert "busy slots there: up to 4" in agree["sentence"]
