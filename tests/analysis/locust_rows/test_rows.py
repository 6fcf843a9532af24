"""Which rows of a locustfile are requests, and which measure a part of one."""

from pathlib import Path

from analysis.locust_rows.rows import LocustRow, RequestRows, read_requests

HEADER = "worker,request_id,user,users,type,name,send_s,first_token_s,end_s,unread,length,error\n"
Event = tuple[int, str, str, float, float]  # user, type, name, send, end


def read(tmp_path: Path, *events: Event) -> RequestRows:
    lines = [
        f"0,{i},{user},1,{kind},{name},{send},,{end},False,0,\n"
        for i, (user, kind, name, send, end) in enumerate(events, start=1)
    ]
    (tmp_path / "x_requests.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    return read_requests(tmp_path / "x")


def shown(found: RequestRows) -> list[tuple[str, float, float]]:
    return [(r.name, r.send_s, r.end_s) for r in found.requests]


def first_tokens(requests: tuple[LocustRow, ...]) -> list[float | None]:
    return [r.first_token_s for r in requests]


def test_a_row_for_the_first_token_is_used_and_is_no_request(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        (1, "TTFT", "chat", 10.0, 10.4),
        (1, "POST", "chat", 10.0, 12.0),
        (1, "POST", "chat", 12.0, 14.0),
        (1, "METRIC", "time to first token", 12.0, 12.5),
        (1, "METRIC", "e2e", 12.0, 14.0),
    )
    assert shown(found) == [("chat", 10.0, 12.0), ("chat", 12.0, 14.0)]
    assert first_tokens(found.requests) == [10.4, 12.5]
    assert found.parts == ("METRIC e2e", "METRIC time to first token", "TTFT chat")


def test_requests_that_one_greenlet_reports_together_are_several(tmp_path: Path) -> None:
    """A task that sends three at once and reports them after it has joined them."""
    found = read(
        tmp_path,
        *[(1, kind, "chat", 0.0, end) for end in (1.0, 2.0, 3.0) for kind in ("SSE", "TTFT")],
    )
    assert shown(found) == [("chat", 0.0, 1.0), ("chat", 0.0, 2.0), ("chat", 0.0, 3.0)]
    first, then = (
        [(1, "TTFT", "chat", 0.0, 0.5)] * 3,
        [(1, "SSE", "chat", 0.0, end) for end in (1.0, 2.0, 3.0)],
    )
    assert shown(read(tmp_path, *first, *then)) == shown(found)


def test_a_row_over_a_whole_conversation_is_no_request(tmp_path: Path) -> None:
    """Else a serial server would have answered each turn twice, and show a gain."""
    found = read(
        tmp_path,
        (1, "SSE", "turn", 0.0, 1.0),
        (1, "SSE", "turn", 1.0, 2.0),
        (1, "SSE", "turn", 2.0, 3.0),
        (1, "TASK", "conversation", 0.0, 3.0),
        (1, "SSE", "turn", 3.0, 4.0),
    )
    assert {r.name for r in found.requests} == {"turn"}
    assert len(found.requests) == 4
    assert found.parts == ("TASK conversation",)


def test_rows_of_other_greenlets_are_requests_of_their_own(tmp_path: Path) -> None:
    found = read(tmp_path, (1, "POST", "a", 0.0, 2.0), (2, "POST", "b", 0.0, 2.0))
    assert len(found.requests) == 2
    assert found.parts == ()
