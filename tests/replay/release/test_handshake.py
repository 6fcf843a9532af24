"""Who is admitted as a worker, with a master whose messages are listed here."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from replay.release.handshake import (
    HELLO,
    REFUSED,
    TOKEN,
    WELCOME,
    Introduction,
    admit,
    introduction,
)
from replay.scenario.schema import Phase, Rounds, Scenario, Target

MINE = Introduction("1.0-abc", "scenario 'a' (a.yaml)", "digest")


class Master:
    """As Locust's: what reaches it, and what it sends."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.sent: list[tuple[str, str, Any]] = []
        self.handle_message: Callable[[str, Any], None] = lambda name, msg: self.heard.append(
            (name, msg.type)
        )

    def send_message(self, kind: str, data: Any = None, client_id: str = "") -> None:
        self.sent.append((client_id, kind, data))

    def get(self, name: str, kind: str, data: Any = None, node_id: str | None = None) -> None:
        self.handle_message(name, SimpleNamespace(type=kind, data=data, node_id=node_id or name))


def hello(other: Introduction = MINE, token: str = "any") -> dict[str, str]:
    return {"version": other.version, "scenario": other.scenario, "digest": other.digest, "token": token}


@pytest.fixture
def master() -> Master:
    one = Master()
    admit(one, MINE, only_forks=False)
    return one


@pytest.mark.parametrize(
    ("room", "why"),
    [
        ([1024, None], "5000 users need 5100 open files, and a process may have 1024"),
        ([None, 5 * 10**8], "need about 1.0 GB of memory, and 0.5 GB are free"),
        ([5100, 2 * 10**9], None),
        ([None, None], None),
        ("odd", None),
        ([True, "x"], None),
        (None, None),
    ],
)
def test_a_worker_that_cannot_hold_its_share_is_refused_in_a_line(room: Any, why: str | None) -> None:
    one = Master()
    admit(one, MINE, only_forks=False, share=5000)
    one.get("w", "client_ready", "2.47")
    one.get("w", HELLO, hello() | {"room": room})
    _, kind, data = one.sent[-1]
    assert kind == (WELCOME if why is None else REFUSED)
    assert why is None or (why in data["why"] and "--expect-workers" in data["why"])


def test_a_worker_is_given_the_token_and_then_locust_hears_of_it(master: Master) -> None:
    master.get("w", "client_ready", "2.47")
    assert (master.heard, master.sent) == ([], [("w", "ack", None)])
    master.get("w", HELLO, hello())
    assert master.sent[1:] == [("w", WELCOME, {"token": TOKEN})]
    master.get("w", "heartbeat")
    assert master.heard == [("w", "client_ready"), ("w", "heartbeat")]


@pytest.mark.parametrize("kind", ["heartbeat", "quit", "stats", "exception", "portlap_row", "locustfile"])
def test_nothing_of_a_stranger_is_heard(master: Master, kind: str) -> None:
    master.get("stranger", "client_ready", "2.47")
    master.get("stranger", kind, {"token": TOKEN})
    assert master.heard == []


def test_no_one_speaks_for_another(master: Master) -> None:
    master.get("w", "client_ready", "2.47")
    master.get("w", HELLO, hello())
    master.get("stranger", "quit", node_id="w")
    assert master.heard == [("w", "client_ready")]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(MINE, version="2.0-abc"), "it has portlap 2.0-abc, the master 1.0-abc"),
        (
            replace(MINE, scenario="scenario 'b' (b.yaml)", digest="x"),
            "scenario 'b' (b.yaml), the master scenario 'a'",
        ),
    ],
)
def test_another_version_or_scenario_is_refused_by_name(
    master: Master, other: Introduction, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    master.get("w", "client_ready", "2.47")
    master.get("w", HELLO, hello(other))
    ((_, kind, data),) = master.sent[1:]
    assert kind == REFUSED
    assert words in data["why"]
    assert words in capsys.readouterr().err.replace("\n", "")
    assert master.heard == []


@pytest.mark.parametrize("data", [None, 7, {}, {"version": "1"}, [1], "x" * 1000])
def test_an_odd_hello_is_refused(master: Master, data: Any) -> None:
    master.get("w", "client_ready", "2.47")
    master.get("w", HELLO, data)
    assert master.sent[-1][1] == REFUSED


def test_with_processes_only_forks_are_admitted() -> None:
    master = Master()
    admit(master, MINE, only_forks=True)
    for name, token in (("stranger", "guess"), ("fork", TOKEN)):
        master.get(name, "client_ready", "2.47")
        master.get(name, HELLO, hello(token=token))
    assert [(name, kind) for name, kind, _ in master.sent if kind != "ack"] == [
        ("stranger", REFUSED),
        ("fork", WELCOME),
    ]


def test_the_digest_follows_the_whole_scenario() -> None:
    options = Namespace(target=None, scenario="a.yaml")
    target = Target(name="A", base_url="http://127.0.0.1:1")
    one = Scenario(
        name="a", targets=(target,), phases=(Phase(name="p", users=2, rounds=Rounds(min=3, max=3)),)
    )
    other = one.model_copy(update={"targets": (target.model_copy(update={"name": "B"}),)})
    mine = introduction(options, one)
    assert mine.differs(introduction(options, one)) is None
    assert "it has scenario 'a' (a.yaml)" in str(mine.differs(introduction(options, other)))
