"""Named causes: which card worked, what was drafted, what was read anew. The truth is written by hand."""

from dataclasses import replace

import pytest

from analysis.advice.causes import drafting
from analysis.assess import assess
from analysis.files.request_record import BASELINE, BURST, RequestRecord
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


# Speculative decoding


def counted(run: Run, alone: tuple[int | None, ...], together: tuple[int | None, ...], *columns: str) -> Run:
    """These columns in every solo, and in every answer of a round."""

    def told(r: RequestRecord) -> RequestRecord:
        values = {BASELINE: alone, BURST: together}.get(r.kind)
        return r if values is None else replace(r, **dict(zip(columns, values, strict=True)))  # type: ignore[arg-type]

    return replace(run, log=replace(run.log, records=tuple(told(r) for r in run.log.records)))


def drafted(alone: tuple[int | None, int | None], together: tuple[int | None, int | None]) -> Run:
    """One round of four, and the two solos around it: known sums."""
    run = farm("time-sliced", [phase(4, ports=1, rounds=3)], chain=False)
    return counted(run, alone, together, "drafted_tokens", "accepted_tokens")


def test_drafts_alone_and_in_company_are_set_side_by_side() -> None:
    said = evidence(drafted((40, 30), (50, 10)))  # 4 solos, 3 rounds of 4
    assert (
        "speculative decoding: 120 of 160 drafted tokens were accepted alone, 120 of 600 with 4 at once; "
        "each refused one took compute that the other requests lacked"
    ) in said


def test_drafts_of_which_none_was_refused_are_not_blamed() -> None:
    """Seen with a real llama.cpp that drafts with its own model."""
    said = evidence(drafted((35, 35), (35, 35)))
    assert "140 of 140 drafted tokens were accepted alone, 420 of 420 with 4 at once" in said
    assert "refused" not in said


@pytest.mark.parametrize(
    ("alone", "together", "words"),
    [
        ((None, None), (50, 10), "speculative decoding: 120 of 600 drafted tokens were accepted with 4 at"),
        (
            (40, 30),
            (None, None),
            "120 of 160 drafted tokens were accepted alone, and with 4 at once none was",
        ),
        ((40, 30), (0, 0), "and with 4 at once none was drafted"),
    ],
)
def test_drafts_on_one_side_only_say_which(
    alone: tuple[int | None, int | None], together: tuple[int | None, int | None], words: str
) -> None:
    assert words in evidence(drafted(alone, together))


@pytest.mark.parametrize("told", [(None, None), (0, 0), (5, None), (None, 5), (5, 9)])
def test_no_drafts_and_figures_that_cannot_be_say_nothing(told: tuple[int | None, int | None]) -> None:
    assert "speculative" not in evidence(drafted(told, told))


def with_totals(run: Run, **per_s: float) -> Run:
    """The server's counters, which grow by so much per second."""

    def told(s: ServerSample) -> ServerSample:
        grown = {name: 1000 + round(rate * s.at_s) for name, rate in per_s.items()}
        return replace(s, **grown) if s.busy is not None else s  # type: ignore[arg-type]

    return replace(run, server_samples=tuple(told(s) for s in run.server_samples))


def test_a_servers_counters_tell_of_drafts_where_its_answers_do_not() -> None:
    run = with_totals(watched(farm("time-sliced", ONE_PORT), slots=None), drafted=100, accepted=40)
    load = only_phase(run).load
    assert load is not None
    (port,) = load.ports.values()
    assert port.drafted is not None and port.accepted is not None
    # five rounds of four answers that share the time of one: 8 s each
    assert port.drafted == pytest.approx(5 * 8 * 100, rel=0.05)
    assert port.accepted == pytest.approx(0.4 * port.drafted, rel=0.01)
    assert f"{port.accepted} of {port.drafted} with 4 at once" in evidence(run)


def test_counters_that_are_silent_in_company_are_not_taken_for_no_drafts() -> None:
    run = with_totals(watched(farm("time-sliced", ONE_PORT), slots=None), drafted=100, accepted=40)
    load = only_phase(run).load
    assert load is not None
    silent = {p: replace(own, drafted=None, accepted=None) for p, own in load.ports.items()}
    assert drafting(only_phase(run).measured, replace(load, ports=silent)) is None
    none = {p: replace(own, drafted=0, accepted=0) for p, own in load.ports.items()}
    said = drafting(only_phase(run).measured, replace(load, ports=none))
    assert said is not None and "with 4 at once none was drafted" in said


# Prompts read anew


def cached(alone: int | None, together: int | None, prompt: int = 540, words: int = 1) -> str:
    run = farm("time-sliced", ONE_PORT)
    infos = tuple(replace(t, prompt_words=words) for t in run.manifest.targets)
    run = replace(run, manifest=replace(run.manifest, targets=infos))
    return evidence(counted(run, (alone, prompt), (together, prompt), "cached_tokens", "prompt_tokens"))


def test_a_prompt_that_is_cached_alone_only_is_read_anew() -> None:
    said = cached(500, 20)
    assert "prompt cache: alone 500 of 540 prompt tokens were cached, with 4 at once 20: " in said
    assert "cache thrash" in said


@pytest.mark.parametrize(
    ("alone", "together", "prompt"),
    [
        (500, 500, 540),  # kept
        (0, 500, 540),  # read once for all
        (500, None, 540),  # not told in company
        (None, 20, 540),
        (15, 0, 60),  # a template
        (100, 50, 540),  # less than a tenth of the prompt
        (900, 0, 540),  # more than the whole prompt: a figure that cannot be
    ],
)
def test_what_is_kept_or_small_or_not_told_is_no_thrash(
    alone: int | None, together: int | None, prompt: int
) -> None:
    assert "prompt cache" not in cached(alone, together, prompt)


def test_a_cache_that_spoils_the_solos_is_named_where_nothing_can_be_decided() -> None:
    """The solos repeat our own words from a cache: the condition fails, and this is why."""
    assert "cache thrash" in cached(500, 20, words=500)


def test_requests_that_vllm_pushes_out_are_named() -> None:
    limited = watched(farm("time-sliced", ONE_PORT), slots=None)
    assert "pushed requests out to make room for others (20 preemptions)" in evidence(
        with_totals(limited, preempted=0.5)
    )
    assert "pushed" not in evidence(with_totals(limited, preempted=0.0))


def test_a_cause_that_was_shown_brings_its_step() -> None:
    steps = assess(drafted((40, 30), (50, 10))).answer.next_steps
    assert any("without speculative decoding: llama-server without -md" in step for step in steps)
    plain = assess(drafted((None, None), (None, None))).answer.next_steps
    assert not any("speculative" in step or "Keep what was read" in step for step in plain)
    pushed = assess(with_totals(watched(farm("time-sliced", ONE_PORT), slots=None), preempted=0.5))
    assert any("Keep what was read" in step for step in pushed.answer.next_steps)


def test_an_idle_card_brings_the_step_to_use_it() -> None:
    run = watched(farm("time-sliced", ONE_PORT), slots=4)
    for percents, expected in (
        ((97.0, 1.0), True),
        ((97.0, 95.0), False),
        ((97.0,), False),
        ((1.0, 2.0), False),
    ):
        steps = assess(with_cards(run, *percents)).answer.next_steps
        assert any("Give the idle card a server" in step for step in steps) is expected, percents


def test_causes_change_no_verdict() -> None:
    plain = farm("time-sliced", [phase(4, ports=1, rounds=3)], chain=False)
    assert only_phase(drafted((40, 30), (50, 10))).verdict == only_phase(plain).verdict
