"""Are the targets servers of their own? By their ports, and by what a proxy says stands behind it."""

import pytest

from analysis.conditions.of_run import distinct_servers
from analysis.files.run import TargetInfo

HERE, THERE = "http://127.0.0.1:4000", "http://127.0.0.1:4001"
CHIP, OTHER = "http://10.0.0.7:11434", "http://10.0.0.8:11434"


def target(name: str, url: str, behind: str | None) -> TargetInfo:
    return TargetInfo(name, url, name, "litellm", server={} if behind is None else {"behind": behind})


@pytest.mark.parametrize(
    ("a", "b", "passed", "words"),
    [
        ((HERE, CHIP), (HERE, CHIP), True, f"one server: A and B are names of {CHIP}, behind the proxy"),
        ((HERE, CHIP), (HERE, OTHER), True, f"2 servers behind its proxy: {CHIP}, {OTHER}"),
        ((HERE, CHIP), (HERE, None), True, "one port, one server"),
        ((HERE, CHIP), (THERE, CHIP), False, f"one server, {CHIP}, stands behind A and B"),
        ((HERE, CHIP), (THERE, OTHER), None, "cannot be seen from here"),
        ((HERE, None), (THERE, None), None, "cannot be seen from here"),
    ],
)
def test_two_names_on_one_base_are_one_server(
    a: tuple[str, str | None], b: tuple[str, str | None], passed: bool | None, words: str
) -> None:
    condition = distinct_servers([target("A", *a), target("B", *b)])
    assert condition.passed is passed
    assert words in condition.sentence
