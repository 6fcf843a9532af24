"""Servers of known truth under `right`: the word that each must get; `make truth` takes many more runs."""

import pytest

from analysis.prompts.right.words import RightWord
from scripts.truth.right.table import FAULTLESS, SERVERS, Server, judged, right_criteria, run_once

RUNS, LONG_RUNS = 3, 20


def test_every_server_gets_its_word() -> None:
    for server in SERVERS:
        found = judged(server, [run_once(server, seed) for seed in range(RUNS)])
        assert set(found.words) == {server.word}, server.name
        assert not found.worse_where_fine


@pytest.mark.long
@pytest.mark.parametrize("server", SERVERS, ids=lambda s: s.name)
def test_twenty_of_each_and_none_wrong(server: Server) -> None:
    found = judged(server, [run_once(server, seed) for seed in range(100, 100 + LONG_RUNS)])
    assert found.wrong == 0
    assert found.words.count(server.word) >= LONG_RUNS - 1
    assert not found.worse_where_fine


@pytest.mark.long
def test_a_hundred_runs_without_a_fault_find_none() -> None:
    good = next(s for s in SERVERS if s.name == FAULTLESS)
    runs = judged(good, [run_once(good, seed) for seed in range(1000, 1100)])
    assert set(runs.words) <= {RightWord.RIGHT, RightWord.INCONCLUSIVE}
    assert all(holds for *_, holds in right_criteria([runs])[:3])
