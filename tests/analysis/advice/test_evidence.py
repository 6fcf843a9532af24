"""Named causes: which card worked, what was drafted, what was read anew. The truth is written by hand."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.files.run import Run
from analysis.files.server_samples import ServerSample
from analysis.report.figures.phase import phase_figures
from analysis.report.sections.machines import servers
from analysis.verdict.phase_judged import PhaseJudged
from tests.support.farm import farm, phase
from tests.support.runs import watched

ONE_PORT = [phase(4, ports=1)]


def only_phase(run: Run) -> PhaseJudged:
    (judged,) = assess(run).phases
    return judged


def evidence(run: Run) -> str:
    return "; ".join(only_phase(run).evidence)


# Graphics processors


def with_cards(run: Run, *percents: float | None) -> Run:
    """Beside each look at the machine one at each of its cards, which are so busy."""
    told = [s for s in run.server_samples if s.of_machine]
    cards = [
        ServerSample(
            s.asked_s, s.at_s, gpu=f"{i} NVIDIA L4", gpu_percent=percent,
            memory_mb=20_000.0 + i, memory_total_mb=24_000.0,
        )
        for s in told
        for i, percent in enumerate(percents)
    ]  # fmt: skip
    most = max((p for p in percents if p is not None), default=None)
    samples = [replace(s, gpu_percent=most) if s.of_machine else s for s in run.server_samples]
    return replace(run, server_samples=(*samples, *cards))


@pytest.mark.parametrize(
    ("percents", "sentence"),
    [
        ((97.0,), "the graphics processor was busy 97 %, 97 % with one: it is shared"),
        (
            (97.0, 2.0),
            "of 2 graphics processors only 1 worked (GPU 0 NVIDIA L4 97 %, GPU 1 NVIDIA L4 2 % busy)",
        ),
        ((98.0, 3.0, 60.0), "of 3 graphics processors only 2 worked"),
        ((97.0, 95.0), "all 2 graphics processors were busy (GPU 0 NVIDIA L4 97 %, GPU 1 NVIDIA L4 95 %)"),
        ((52.0, 48.0), "not all graphics processors were full (GPU 0 NVIDIA L4 52 %, GPU 1 NVIDIA L4 48 %"),
    ],
)
def test_which_card_worked_is_named(percents: tuple[float, ...], sentence: str) -> None:
    assert sentence in evidence(with_cards(watched(farm("time-sliced", ONE_PORT), slots=4), *percents))


@pytest.mark.parametrize("percents", [(1.0, 2.0), (None, None), (50.0,)])
def test_cards_that_do_no_work_or_tell_nothing_explain_nothing(percents: tuple[float | None, ...]) -> None:
    assert "graphics processor" not in evidence(
        with_cards(watched(farm("time-sliced", ONE_PORT), slots=4), *percents)
    )


def test_an_idle_card_is_named_where_slots_end_too_and_a_full_one_is_no_reason_there() -> None:
    limited = watched(farm("slots", ONE_PORT, slots=2), slots=2)
    assert "only 1 worked" in evidence(with_cards(limited, 97.0, 0.0))
    assert "graphics" not in evidence(with_cards(limited, 97.0, 96.0))


def test_cards_change_no_verdict_and_no_figure_of_the_machine() -> None:
    plain = watched(farm("serial", ONE_PORT), slots=1)
    with_them = only_phase(with_cards(plain, 30.0, 20.0))
    assert with_them.verdict == only_phase(plain).verdict
    assert with_them.load is not None and with_them.load.machine is not None
    assert with_them.load.machine.free_mb == 9000.0
    assert [g.percent_alone for g in with_them.load.machine.gpus] == [30.0, 20.0]


def test_the_report_has_a_row_for_each_card() -> None:
    def rows(run: Run) -> dict[str, list[str]]:
        return {label.strip(): cells for label, cells in servers.rows([phase_figures(only_phase(run))])}

    two = rows(with_cards(watched(farm("serial", ONE_PORT), slots=1), 97.0, None))
    assert two["GPU 0, % (alone)"] == ["97 (97)"] and "GPU 1, % (alone)" not in two
    assert two["GPU 1 memory, MB"] == ["20001 of 24000"]
    one = rows(with_cards(watched(farm("serial", ONE_PORT), slots=1), 97.0))
    assert one["GPU, % (alone)"] == ["97 (97)"] and one["GPU memory, MB"] == ["20000 of 24000"]
