"""How sure a time is: what stands before others in one piece, and every stamp of our own, may be older."""

import pytest

from replay.client.reply import Arrival, clock_error_s

SURE, LATE, OWN = Arrival(1.0, 0.0, 0.06), Arrival(1.1, 0.001, 0.004), Arrival(1.2, None, 0.005)


@pytest.mark.parametrize(
    ("arrivals", "tokens", "done", "error_s"),
    [
        ([SURE], [0], False, 0.0),  # the kernel stamped the end of the piece, which is the token
        ([SURE, SURE, SURE], [0, 2], False, 0.06),  # the first of three in one read waited with the others
        ([SURE, SURE, LATE], [1, 2], False, 0.0),  # the last of its piece, and one by itself
        (
            [LATE, SURE, SURE],
            [0, 1],
            False,
            0.06,
        ),  # the last token, but usage came behind it in the same piece
        ([SURE], [0], True, 0.06),  # [DONE] came behind it
        ([OWN], [0], False, 0.005),  # a stamp of our own is late by the loop's pause, alone or not
        ([OWN, SURE], [0, 1], False, 0.005),
        ([SURE, LATE], [], False, None),  # no token, nothing to be sure of
    ],
)
def test_an_event_may_be_as_old_as_the_loops_last_look(
    arrivals: list[Arrival], tokens: list[int], done: bool, error_s: float | None
) -> None:
    assert clock_error_s(arrivals, tokens, done) == error_s
