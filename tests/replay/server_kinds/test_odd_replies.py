"""Replies that no server should send: values, None or ValueError, and never another exception."""

import json
import time

import pytest

from analysis.errors import TargetError
from replay.checks.check import choose
from replay.server_kinds import SERVER_KINDS, GetReply, Model
from replay.server_kinds.apps import lmstudio
from replay.server_kinds.kind import LoadCounters
from replay.server_kinds.prometheus import metrics

ODD = (
    *("[1,2]", "{}", "null", "[[]]", '{"models": [1]}', '{"data": {}}', "[" * 100_000, '{"models":' * 20_000),
    *(
        '{"models": [{"loaded_instances": 1}]}',
        '{"models": [{"loaded_instances": [1]}]}',
        '{"models": 1e999}',
    ),
    *(
        '[{"is_processing": NaN}, {}]',
        "llamacpp:requests_processing +Inf",
        "llamacpp:requests_processing NaN",
    ),
    *("vllm:num_requests_running -1", "vllm:num_requests_running 1e400", "9" * 5000, ""),
    *('{"models": [{"loaded_instances": [{"config": null}]}]}', '{"models": "abc"}'),
)
COUNTERS = [counters for kind in SERVER_KINDS.values() for counters in kind.load_counters]


@pytest.mark.parametrize("counters", COUNTERS, ids=lambda c: f"{c.read.__module__}{c.path}")
def test_an_odd_text_is_no_load_and_only_a_value_error(counters: LoadCounters) -> None:
    for text in ODD:
        try:
            load = counters.load(text)
        except ValueError:
            continue
        assert load.busy is None or 0 <= load.busy < 1e12


@pytest.mark.parametrize("text", ["NaN", "[1e999]", '{"a": ' * 60 + "1" + "}" * 60, '{"error": 1}', "x"])
def test_a_document_that_json_cannot_write_is_none(text: str) -> None:
    assert GetReply(200, {}, text).document is None


def test_a_lone_surrogate_becomes_a_character_that_can_be_written() -> None:
    document = GetReply(200, {}, '{"data": [{"id": "m\\ud800"}], "é\\udfff": "日本"}').document
    assert json.dumps(document, ensure_ascii=False).encode()
    assert document["data"][0]["id"] == "m\ufffd"


def test_a_model_whose_name_cannot_be_sent_is_refused() -> None:
    with pytest.raises(TargetError, match="has a character that cannot be sent"):
        choose(None, [Model("m\ufffd", True)], "http://h")


def test_labels_may_hold_any_character() -> None:
    page = '# HELP a x\na{path="}",b="{"} 1\na 2\nb{ 3\nc\n4\n'
    assert metrics(page) == {"a": ["1", "2"]}


@pytest.mark.alone  # judges time: no page of metrics is read in quadratic time
def test_a_long_page_of_broken_labels_is_read_quickly() -> None:
    began_s = time.monotonic()
    metrics("a{" * 100_000 + "\n" + "a{b\n" * 200_000)
    assert time.monotonic() - began_s < 5.0


def test_an_end_before_its_start_is_no_time() -> None:
    events = [
        (1.0, {"type": "prompt_processing.end"}),
        (2.0, {"type": "prompt_processing.start"}),
        (3.0, {"type": "model_load.end"}),
        (4.0, {"type": "model_load.start"}),
    ]
    times = lmstudio.times(0.5, events)
    assert times.prefill_s is None and times.load_s is None and times.queue_s == 1.5
