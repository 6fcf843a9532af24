"""The 24 traps that give a wrong verdict silently: each has a test in which the naive handling is wrong.

Those below show the naive reading beside ours; the others stand where the thing itself is tested.
"""

import ast
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from statistics import fmean
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
import requests

from analysis.assess import assess
from analysis.files.request_record import BASELINE, BURST, COLUMNS, RequestRecord
from analysis.phase.overlap import round_peak
from analysis.verdict.outcomes import Outcome
from replay.checks.check import check
from replay.client.connection import Connection
from replay.client.request import Request
from replay.client.response import Response
from replay.plan.one_phase import request_for
from replay.prompts.prefix import prompt
from replay.scenario.schema import RequestSettings, Scenario, Target
from replay.server_kinds import SERVER_KINDS, Ask, Endpoint, openai
from servers.queue_model import Policy, Port
from tests.support import farm
from tests.support.checkout import CHECKOUT
from tests.support.farm_log import FarmTarget
from tests.support.locusts import locust, phase, scenario
from tests.support.serving import MockServer

HERE = "test_traps"
TRAPS: dict[int, tuple[str, list[str]]] = {
    1: (
        "HTTP 200 with an error body",
        [
            f"{HERE}::test_status_200_is_no_answer_yet",
            "test_kinds::test_an_error_in_the_middle_of_a_stream_is_an_error_of_every_kind",
        ],
    ),
    2: (
        "a wrong model answers silently",
        [
            f"{HERE}::test_a_substituted_model_is_not_work_done",
            f"{HERE}::test_a_run_whose_model_is_substituted_ends_in_the_warm_up",
            "test_of_phase::test_another_model_that_answers_is_not_work_done",
        ],
    ),
    3: (
        "the first request loads; models evict each other",
        [
            f"{HERE}::test_models_that_evict_each_other_are_no_lock",
            "test_kinds::test_a_load_that_hid_in_the_first_answer_is_reported",
            "test_http_get::test_further_copies_of_a_model_are_reported_before_they_are_asked",
            "test_of_phase::test_models_that_evict_each_other_are_a_verdict_of_their_own",
        ],
    ),
    4: (
        "slots are capped at 4; prefill is serialised",
        [
            f"{HERE}::test_prompts_read_one_at_a_time_are_no_queue_where_answers_are_written_together",
            f"{HERE}::test_a_staircase_of_first_tokens_is_no_verdict_of_its_own",
            f"{HERE}::test_four_slots_at_eight_users_are_four_slots_and_no_lock",
            "test_http_get::test_fewer_slots_than_requests_are_no_lock",
        ],
    ),
    5: ("a seed makes servers serial", [f"{HERE}::test_a_seed_would_fake_a_lock_and_is_never_sent"]),
    6: (
        "prompt caches",
        [
            f"{HERE}::test_a_prompt_cache_helps_the_naive_prompt_and_never_ours",
            "test_prefix::test_no_two_of_ten_thousand_requests_share_their_prefix",
            "test_prefix::test_all_prompts_of_a_message_are_equally_long",
            "test_of_phase::test_prompt_cache_hits_are_seen_and_decide_nothing",
        ],
    ),
    7: (
        "answers of unequal length",
        [
            f"{HERE}::test_the_length_is_fixed_and_the_end_ignored_where_that_is_known_and_nowhere_else",
            f"{HERE}::test_answers_that_stop_early_in_company_are_no_speedup",
            "test_request_record::test_an_answer_is_whole_only_if_it_ended_as_it_should",
        ],
    ),
    8: ("reasoning in a field of its own", [f"{HERE}::test_reasoning_is_when_the_first_token_came"]),
    9: (
        "the first chunk is not the first token",
        ["test_connection::test_no_token_is_a_role_an_empty_delta_a_ping_progress_or_usage"],
    ),
    10: (
        "usage chunks without choices; strict servers",
        [
            "test_connection::test_no_token_is_a_role_an_empty_delta_a_ping_progress_or_usage",
            f"{HERE}::test_a_strict_server_is_asked_without_what_it_refuses",
        ],
    ),
    11: (
        "two requests are not enough",
        [
            f"{HERE}::test_the_usual_phases_have_1_2_4_and_8_requests",
            f"{HERE}::test_what_two_requests_show_is_not_what_four_and_eight_do",
        ],
    ),
    12: (
        "the client's own limits",
        [
            f"{HERE}::test_a_small_pool_fakes_a_serial_server_and_every_user_has_a_connection_of_its_own",
            "test_of_phase::test_requests_that_left_far_apart_are_no_burst",
        ],
    ),
    13: (
        "idle connections die",
        [
            f"{HERE}::test_a_connection_that_died_idle_is_no_failure_of_the_server",
            "test_connection::test_a_connection_that_the_server_closed_at_the_gate_is_opened_again",
        ],
    ),
    14: (
        "fixed timeouts",
        [
            f"{HERE}::test_the_timeout_grows_with_the_users_and_the_solo_time",
            "test_one_phase::test_a_round_has_time_for_all_its_requests_one_after_another",
        ],
    ),
    15: (
        "two ports, one program; proxies with queues of their own",
        [
            "test_http_get::test_one_program_behind_two_ports_is_recognised",
            "test_http_get::test_two_ports_of_one_ollama_tell_the_same_inner_state",
            f"{HERE}::test_a_refusal_as_busy_is_a_failure_and_not_a_quick_answer",
        ],
    ),
    16: (
        "Ollama answers one at a time by default",
        [
            "test_kinds::test_the_wait_for_a_slot_is_kept_apart_from_the_work",
            f"{HERE}::test_a_refusal_as_busy_is_a_failure_and_not_a_quick_answer",
        ],
    ),
    17: (
        "a full shared context aborts all",
        [
            f"{HERE}::test_a_full_context_breaks_all_at_once_and_none_counts",
            f"{HERE}::test_a_round_that_broke_at_once_is_named_with_the_likely_reason",
            "test_http_get::test_a_shared_context_must_hold_all_requests_at_once_and_an_own_one_only_one",
        ],
    ),
    18: (
        "drift",
        [
            "test_of_phase::test_over_hundreds_of_noisy_farms_no_verdict_is_wrong",
            "test_of_phase::test_a_machine_that_slows_down_beyond_a_straight_line_decides_nothing",
        ],
    ),
    19: (
        "503 while loading",
        [
            "test_check::test_a_llama_cpp_server_that_loads_is_waited_for",
            "test_check::test_a_list_of_models_is_no_sign_that_they_are_loaded",
            "test_check::test_a_server_that_never_ends_loading_is_refused_in_the_end",
            "test_discover::test_a_server_whose_list_is_there_while_it_loads_is_not_measured",
        ],
    ),
    20: (
        "localhost, IPv6, /v1",
        [
            "test_http_get::test_a_name_with_two_meanings_is_reported_with_who_listens_at_the_first",
            "test_http_get::test_localhost_that_means_first_where_no_one_listens_is_reported",
            f"{HERE}::test_an_address_of_version_six_is_asked_like_any_other",
            "test_kinds::test_every_kind_is_recognised_by_asking",
            "test_base_url::test_an_address_has_one_way_to_be_written",
        ],
    ),
    21: (
        "bound to 127.0.0.1, firewalls",
        ["test_http_get::test_what_cannot_be_reached_gets_its_likely_reason"],
    ),
    22: (
        "keys",
        [
            "test_connection::test_the_key_is_sent_and_never_shown",
            "test_check::test_a_server_that_wants_a_key_gets_the_one_the_environment_holds",
            "test_secrets::test_a_key_in_the_file_is_refused_and_not_repeated",
        ],
    ),
    23: ("results without provenance", [f"{HERE}::test_what_was_measured_is_written_down_with_the_result"]),
    24: (
        "the tool itself disturbs",
        ["test_http_get::test_a_check_shows_the_table_and_asks_with_get_only"],
    ),
}


def test_every_trap_has_a_test_that_exists() -> None:
    assert list(TRAPS) == list(range(1, 25))
    files = {path.stem: path for path in (CHECKOUT / "tests").rglob("test_*.py")}
    for name, places in TRAPS.values():
        for place in places:
            module, _, function = place.partition("::")
            tree = ast.parse(files[module].read_text(encoding="utf-8"))
            assert function in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}, (name, place)


TOKENS = 12
SOLO_S = 0.03 + (TOKENS - 1) * 0.003  # of tests.conftest's mock servers


def ask(url: str, endpoint: Endpoint, tokens: int = TOKENS, model: str = "mock-model") -> Response:
    connection = Connection()
    body = endpoint.body(Ask("tell me of the sea", model, tokens, 0.0))
    connection.prepare(Request(url, body, 10.0, endpoint.path, endpoint.reader))
    try:
        return connection.ask()
    finally:
        connection.close()


def together(url: str, endpoint: Endpoint, users: int, **keys: Any) -> tuple[float, list[Response]]:
    began = time.monotonic()
    asked = [gevent.spawn(ask, url, endpoint, **keys) for _ in range(users)]
    gevent.joinall(asked)
    return time.monotonic() - began, [one.get() for one in asked]


def as_record(answer: Response, model: str = "mock-model") -> RequestRecord:
    of_answer: dict[str, Any] = {name: getattr(answer, name, None) for name in COLUMNS}
    known = {"request_id": 1, "phase": "p", "kind": BURST, "target": "A", "worker": 0, "model": model}
    return RequestRecord(**(of_answer | known))


def test_status_200_is_no_answer_yet(mock: MockServer) -> None:
    [url] = mock("lmstudio").urls
    naive = requests.post(f"{url}/chat/completions", json={"model": "mock-model"}, timeout=5)
    assert naive.ok, "the naive reading: a fast success"
    answer = ask(url, Endpoint("/chat/completions", openai.body))
    assert answer.http_status == 200
    assert answer.error == "Unexpected endpoint or method. (POST /chat/completions)"
    assert as_record(answer).not_whole_because(TOKENS) is not None


def test_a_substituted_model_is_not_work_done(mock: MockServer) -> None:
    [url] = mock("lmstudio").urls
    for endpoint in check(Target(name="A", base_url=url)).endpoints:
        answer = ask(url, endpoint, model="the-large-one")
        assert (answer.error, answer.chunks) == (None, TOKENS), "the naive reading: answered"
        because = as_record(answer, "the-large-one").not_whole_because(TOKENS)
        assert because == "'mock-model' answered in place of 'the-large-one'"


def test_a_run_whose_model_is_substituted_ends_in_the_warm_up(mock: MockServer, tmp_path: Path) -> None:
    """Naive: it measures to the end, what it measures is another model."""
    [url] = mock("llamacpp", "--model", "small", "--model", "large").urls  # answers any name with `small`
    path = scenario(
        tmp_path, targets=[{"name": "A", "base_url": url, "model": "large"}], phases=[phase("n2", 2)]
    )
    run = locust(tmp_path, "--scenario", str(path))
    assert run.code == 2
    assert "target A: 'small' answered in place of 'large'; load that model" in run.err
    assert {r["kind"] for r in run.rows} == {"warmup"}


def test_models_that_evict_each_other_are_no_lock(mock: MockServer, tmp_path: Path) -> None:
    """Naive: the two wait for one another, so the server is serial."""
    words = ("--model", "a", "--model", "b", "--quirk", "evict", "--load-s", "0.8", "--slots", "4")
    [url] = mock("lmstudio", *words).urls
    targets = [{"name": m, "base_url": url, "model": m} for m in "ab"]
    path = scenario(tmp_path, targets=targets, phases=[phase("both", 2)], request={"max_tokens": 8})
    run = locust(tmp_path, "--scenario", str(path))
    assert run.report["verdict"] == "model-swap"
    assert "a model swap, not a lock" in run.err
    assert {r["server_load_s"] for r in run.rows} - {"", "0.000000"}, "the loads are in the log"


def test_four_slots_at_eight_users_are_four_slots_and_no_lock(mock: MockServer, tmp_path: Path) -> None:
    [url] = mock("lmstudio", "--slots", "4", "--tpot-s", "0.01").urls
    path = scenario(tmp_path, targets=[{"name": "A", "base_url": url}], phases=[phase("n8", 8)])
    run = locust(tmp_path, "--scenario", str(path))
    of_n8 = run.phase("n8")
    assert (of_n8["verdict"], of_n8["decode_peak"]) == ("partly-parallel", 4), run.err
    assert run.manifest["targets"][0]["slots"] == 4
    assert all(float(r["server_queue_s"]) >= 0 for r in run.rows)


def test_prompts_read_one_at_a_time_are_no_queue_where_answers_are_written_together(
    mock: MockServer,
) -> None:
    """Naive: first tokens come one after the other in equal steps, so the requests waited in line."""
    [url] = mock("vllm", "--quirk", "one-prefill", "--slots", "4").urls
    _, answers = together(url, openai.USUAL, 4, tokens=80)
    records = sorted(map(as_record, answers), key=lambda r: r.ttft_s or 0.0)
    steps = [b.ttft_s - a.ttft_s for a, b in pairwise(records) if a.ttft_s and b.ttft_s]
    assert steps == pytest.approx([0.03] * 3, abs=0.015), "a staircase"
    assert round_peak(records) == 4


def test_a_staircase_of_first_tokens_is_no_verdict_of_its_own() -> None:
    limits = Policy(port=Port(model_slots=4, prefills=1))
    target = FarmTarget("Ulysses", prefill_s=0.3)
    judged = assess(farm.farm(limits, [farm.phase(4, 1)], targets=(target,), jitter=0.01)).phases[0]
    firsts = sorted(r.first_token_s or 0.0 for r in judged.measured.scored[0].requests)
    assert min(b - a for a, b in pairwise(firsts)) > 0.2, "naive: a queue"
    assert (judged.verdict.outcome, judged.measured.total.streams) == (Outcome.PARALLEL, 4)


def test_a_seed_would_fake_a_lock_and_is_never_sent(mock: MockServer) -> None:
    [url] = mock("mlx", "--slots", "8").urls
    for kind in SERVER_KINDS.values():
        for endpoint in kind.endpoints:
            assert "seed" not in str(endpoint.body(Ask("x", "m", 8, 0.0)))
    seeded = Endpoint(openai.PATH, lambda ask: openai.body(ask) | {"seed": 7})
    naive_s, _ = together(url, seeded, 4)
    ours_s, _ = together(url, openai.USUAL, 4)
    assert naive_s > 3.5 * SOLO_S, "naive: serial"
    assert ours_s < 2 * SOLO_S


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["llamacpp", "lmstudio", "ollama", "vllm", "mlx"])
def test_a_prompt_cache_helps_the_naive_prompt_and_never_ours(mock: MockServer, kind: str) -> None:
    """Naive: the same words each time, so that all but the first start at once and a round seems to gain."""
    [url] = mock(kind, "--quirk", "cache", "--ttft-s", "0.2").urls
    connection = Connection()

    def ttft_s(words: str, endpoint: Endpoint) -> float:
        body = endpoint.body(Ask(words, "mock-model", 2, 0.0))
        connection.prepare(Request(url, body, 10.0, endpoint.path, endpoint.reader))
        answer = connection.ask()
        assert answer.first_token_s is not None and answer.send_s is not None
        return answer.first_token_s - answer.send_s

    message = "tell me of the sea and of its ships day after day"
    ttft_s(message, openai.USUAL)
    assert ttft_s(message, openai.USUAL) < 0.08, "the naive prompt"
    endpoint = check(Target(name="A", base_url=url)).endpoints[0]
    template = 4 / (4 + len(prompt(message, 7, 0).split()))  # is all that two of ours have in common
    for request_id in range(3):
        assert ttft_s(prompt(message, 7, request_id), endpoint) > 0.2 * (1 - template) - 0.02
    connection.close()


IGNORING = ("llamacpp", "docker-model-runner", "vllm", "sglang")  # the second has llama.cpp inside


def test_the_length_is_fixed_and_the_end_ignored_where_that_is_known_and_nowhere_else() -> None:
    for kind in SERVER_KINDS.values():
        ignores = [endpoint.body(Ask("x", "m", 77, 0.0)).get("ignore_eos") for endpoint in kind.endpoints]
        assert (ignores[0] is True) == (kind.name in IGNORING), kind.name
        assert ignores[-1] is None, "who refuses it is asked without"
        for endpoint in kind.endpoints:
            body = endpoint.body(Ask("x", "m", 77, 0.0))
            lengths = (
                body.get("max_tokens"),
                body.get("max_output_tokens"),
                body.get("options", {}).get("num_predict"),
            )
            assert 77 in lengths, kind.name


def test_answers_that_stop_early_in_company_are_no_speedup() -> None:
    """Naive: the round took half as long as its solos together, so the two ran in parallel."""
    run = farm.farm("time-sliced", [farm.phase(2, 1)], jitter=0.01)

    def stopped(r: RequestRecord) -> RequestRecord:
        began_s = r.send_s or 0.0
        halved = {
            k: began_s + (getattr(r, k) - began_s) / 2 for k in ("first_token_s", "last_token_s", "end_s")
        }
        ended: dict[str, Any] = {"finish_reason": "stop", "output_tokens": 18, "chunks": 18}
        return replace(r, **halved, **ended, server_prefill_s=None, server_decode_s=None)

    early = tuple(stopped(r) if r.kind == BURST else r for r in run.log.records)
    solo_s = fmean(r.latency_s or 0.0 for r in early if r.kind == BASELINE)
    wall_s = max(r.latency_s or 0.0 for r in early if r.kind == BURST)
    assert 2 * solo_s / wall_s > 1.9, "the naive speedup"
    judged = assess(replace(run, log=replace(run.log, records=early))).phases[0]
    assert judged.verdict.outcome == Outcome.SLICED, judged.verdict.sentence


def test_reasoning_is_when_the_first_token_came(mock: MockServer) -> None:
    [url] = mock("lmstudio", "--quirk", "reasoning", "--tpot-s", "0.02").urls
    answer = ask(url, openai.USUAL)
    assert answer.send_s is not None
    assert answer.first_token_s is not None
    naive_s = 0.03 + TOKENS / 2 * 0.02  # where `content` begins
    assert answer.first_token_s - answer.send_s < naive_s - 0.05
    assert answer.chunks == TOKENS
    assert answer.output_tokens == TOKENS - 1, "LM Studio counts one less at the limit"


def test_a_strict_server_is_asked_without_what_it_refuses(mock: MockServer, tmp_path: Path) -> None:
    """Naive: it refuses every request, so nothing can be measured."""
    [url] = mock("openai", "--quirk", "strict", "--slots", "2", "--tpot-s", "0.01").urls
    assert "Unrecognized request argument" in (ask(url, openai.USUAL).error or "")
    path = scenario(tmp_path, targets=[{"name": "A", "base_url": url}], phases=[phase("n2", 2)])
    run = locust(tmp_path, "--scenario", str(path))
    assert run.phase("n2")["verdict"] in ("parallel", "fully-parallel"), run.err
    assert [r["error"] != "" for r in run.rows].count(True) == 1, "one refusal, in the warm-up"
    assert run.rows[0]["kind"] == "warmup"
    assert {c["name"]: c["passed"] for c in run.report["conditions"]}["Locust agrees"]


def test_the_usual_phases_have_1_2_4_and_8_requests() -> None:
    from replay.scenario.load import scenario_of_urls

    one = scenario_of_urls(["http://127.0.0.1:1234", "http://127.0.0.1:1235"])
    assert {p.users for p in one.bursts} == {2, 4, 8}, "and the solos in every gap are the 1"


def test_what_two_requests_show_is_not_what_four_and_eight_do() -> None:
    """Seen in a server of MLX models: two at once collapse, more do not."""
    limits = Policy(throughput=(1.0, 0.6, 1.8, 2.4))
    two = farm.phase(2, 1)
    naive = assess(farm.farm(limits, [two], jitter=0.01)).answer
    ours = assess(farm.farm(limits, [two, farm.phase(4, 1), farm.phase(8, 1)], jitter=0.01)).answer
    assert (naive.outcome, ours.outcome) == (Outcome.CONTENTION, Outcome.PARALLEL)
    assert "2 users: contention 0.6" in ours.sentence, "and the report names it"


def test_a_small_pool_fakes_a_serial_server_and_every_user_has_a_connection_of_its_own(
    mock: MockServer,
) -> None:
    [url] = mock("openai", "--slots", "8").urls
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=1, pool_block=True))
    body = openai.body(Ask("x", "mock-model", TOKENS, 0.0)) | {"stream": False}
    body.pop("stream_options")
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: session.post(url + openai.PATH, json=body, timeout=10), range(4)))
    session.close()
    assert time.monotonic() - began > 3.5 * SOLO_S, "naive: serial"
    ours_s, _ = together(url, openai.USUAL, 4)
    assert ours_s < 2 * SOLO_S


def test_a_connection_that_died_idle_is_no_failure_of_the_server(mock: MockServer) -> None:
    [url] = mock("lmstudio", "--idle-s", "0.05").urls
    endpoint = check(Target(name="A", base_url=url)).endpoints[0]
    connection = Connection()
    for _ in range(3):
        connection.prepare(
            Request(url, endpoint.body(Ask("x", "mock-model", 2, 0.0)), 5.0, endpoint.path, endpoint.reader)
        )
        time.sleep(0.1)  # at the gate: the server has closed by now
        assert connection.ask().error is None
    connection.close()


def test_the_timeout_grows_with_the_users_and_the_solo_time() -> None:
    """Naive: 60 s, and a serial server with eight users of 11 s has failed instead."""
    target = Target(name="A", base_url="http://127.0.0.1:1", test_message="x")
    info = SimpleNamespace(base_url="http://127.0.0.1:1", model="m", takes_one_connection=False)
    one: Any = Scenario.model_validate(
        {
            "name": "x",
            "targets": [target],
            "phases": [phase("p", 8)],
            "request": RequestSettings(timeout_s=60),
        }
    )
    run: Any = SimpleNamespace(
        scenario=one, targets={"A": target}, endpoints={"A": openai.ENDPOINTS}, infos={"A": info}, solo_s={},
        recorder=SimpleNamespace(origin_s=0.0, raise_problem=lambda: None), seed=7, request_ids=count(1),
        prompt_words={},
    )  # fmt: skip
    seat: Any = SimpleNamespace(target="A", worker=0, user=0)
    assert request_for(run, seat, 1, "p", 0, BURST, 8, 8).timeout_s == 60
    run.solo_s["A"] = 11.0
    assert request_for(run, seat, 1, "p", 0, BURST, 8, 8).timeout_s == pytest.approx(3 * 8 * 11 + 30)
    run.solo_s["B"] = 20.0  # before which it may stand in line
    assert request_for(run, seat, 1, "p", 0, BURST, 8, 8).timeout_s == pytest.approx(3 * 8 * 20 + 30)


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("ollama", 503, "server busy, please try again. maximum pending requests exceeded"),
        ("llama-swap", 429, "Too many requests"),
        ("litellm", 429, "Max parallel request limit reached"),
    ],
)
def test_a_refusal_as_busy_is_a_failure_and_not_a_quick_answer(
    mock: MockServer, kind: str, status: int, words: str
) -> None:
    [url] = mock(kind, "--queue", "1").urls
    endpoint = check(Target(name="A", base_url=url)).endpoints[0]
    _, answers = together(url, endpoint, 2)
    refused = next(a for a in answers if a.error is not None)
    assert (refused.http_status, refused.error) == (status, f"HTTP {status}: {words}")
    assert as_record(refused).not_whole_because(TOKENS) is not None


def test_a_full_context_breaks_all_at_once_and_none_counts(mock: MockServer) -> None:
    words = ("--slots", "4", "--context", "70", "--quirk", "unified")
    [url] = mock("llamacpp", *words).urls
    endpoint = check(Target(name="A", base_url=url)).endpoints[0]
    assert ask(url, endpoint, tokens=30).error is None
    _, answers = together(url, endpoint, 4, tokens=30)
    assert [a.error for a in answers] == ["Context size has been exceeded."] * 4
    assert [a.http_status for a in answers] == [200] * 4, "naive: four successes"


def test_a_round_that_broke_at_once_is_named_with_the_likely_reason() -> None:
    run = farm.farm("parallel", [farm.phase(2, 2)])
    broken = tuple(
        replace(r, error="Context size has been exceeded.", end_s=r.end_s) if r.kind == BURST else r
        for r in run.log.records
    )
    judged = assess(replace(run, log=replace(run.log, records=broken))).phases[0]
    whole = next(c for c in judged.conditions if c.name == "answers whole")
    assert (whole.passed, whole.hint.split(":")[0]) == (False, "all requests of a round broke at once")


def test_an_address_of_version_six_is_asked_like_any_other(mock: MockServer) -> None:
    [url] = mock("llamacpp", "--host", "::1").urls
    assert url.startswith("http://[::1]:")
    found = check(Target.model_validate({"name": "A", "base_url": url + "/v1"}))
    assert (found.info.kind, ask(url, found.endpoints[0]).error) == ("llamacpp", None)


def test_what_was_measured_is_written_down_with_the_result(mock: MockServer) -> None:
    [url] = mock("lmstudio", "--slots", "4").urls
    info = check(Target(name="A", base_url=url)).info
    assert (info.kind, info.model, info.slots) == ("lmstudio", "mock-model", 4)
    assert info.server["model"] == {"format": "gguf", "quantization": "Q4_K_M", "architecture": "llama"}
    for kind, key in (("ollama", "version"), ("vllm", "version"), ("llamacpp", "build_info")):
        assert key in check(Target(name="A", base_url=mock(kind).urls[0])).info.server
