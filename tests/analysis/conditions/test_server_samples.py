"""What the servers' own counters do to verdict and report: they confirm, contradict or explain."""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.assess import assess
from analysis.conditions.server_slots import NAME
from analysis.errors import RunError
from analysis.files.request_record import BURST
from analysis.files.run import Run, file_of, read_run
from analysis.files.server_samples import ServerSample
from analysis.report.figures.phase import phase_figures
from analysis.report.sections.machines import servers
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged
from tests.support.farm import farm, phase, standard_phases
from tests.support.runs import failing, watched, write_run

ONE_PORT = [phase(4, ports=1)]
Golden = Callable[[str, str], None]


def only_phase(run: Run) -> PhaseJudged:
    (judged,) = assess(run).phases
    return judged


def agreement(run: Run) -> tuple[bool | None, str]:
    condition = next(c for c in only_phase(run).conditions if c.name == NAME)
    return condition.passed, condition.sentence


def with_samples(run: Run, change: Callable[[ServerSample], ServerSample]) -> Run:
    return replace(run, server_samples=tuple(change(s) for s in run.server_samples))


def slotted(busy_slots: int = 4) -> Run:
    return watched(farm("slots", ONE_PORT, slots=busy_slots), slots=busy_slots)


# Agreement


def test_truthful_server_samples_agree_and_change_no_verdict() -> None:
    for policy in ("serial", "port-serial", "time-sliced", "slots", "parallel", "contention"):
        plain = farm(policy, jitter=0.03, seed=2)
        seen = assess(watched(plain, slots=None))
        assert [j.verdict for j in seen.phases] == [j.verdict for j in assess(plain).phases]
        agree = [c.passed for j in seen.phases for c in j.conditions if c.name == NAME]
        assert agree == [True] * 4, policy


def test_the_sentence_sets_both_views_side_by_side() -> None:
    passed, sentence = agreement(slotted())
    assert passed
    assert sentence.startswith("streams open at once here on one port: up to 4; busy slots there: up to 4 (")


def test_without_server_samples_the_condition_is_unknown_and_nothing_is_explained() -> None:
    judged = only_phase(farm("serial", ONE_PORT))
    assert judged.load is None and judged.evidence == ()
    assert agreement(farm("serial", ONE_PORT))[0] is None


def test_a_server_that_works_on_fewer_than_stream_here_contradicts() -> None:
    lying = with_samples(slotted(), lambda s: s if s.busy is None else replace(s, busy=min(s.busy, 1)))
    passed, sentence = agreement(lying)
    assert passed is False and "4 streams were open here while http://127.0.0.1:1234 worked on 1" in sentence
    assert only_phase(lying).verdict.outcome == Outcome.INCONCLUSIVE


def test_a_server_that_works_for_somebody_else_contradicts() -> None:
    shared = with_samples(slotted(), lambda s: s if s.busy is None else replace(s, busy=s.busy + 2))
    passed, sentence = agreement(shared)
    assert passed is False and "worked on 6 requests while portlap had 4 open" in sentence
    assert only_phase(shared).verdict.outcome == Outcome.INCONCLUSIVE


def test_a_server_that_decodes_together_what_arrives_one_by_one_contradicts() -> None:
    def batched(s: ServerSample) -> ServerSample:
        return (
            s
            if s.decodes is None
            else replace(s, busy=(s.busy or 0) + (s.waiting or 0), waiting=0, busy_per_decode=3.9)
        )

    held_back = with_samples(watched(farm("serial", ONE_PORT), slots=4), batched)
    passed, sentence = agreement(held_back)
    assert passed is False and "decoded 3.9 requests at once, 1 streamed here" in sentence


def test_one_stale_gauge_is_no_contradiction() -> None:
    honest = slotted()
    streaming = [i for i, s in enumerate(honest.server_samples) if s.busy == 4][5]
    stale = tuple(replace(s, busy=0) if i == streaming else s for i, s in enumerate(honest.server_samples))
    assert agreement(replace(honest, server_samples=stale))[0]


def test_the_edges_of_a_stream_are_not_compared() -> None:
    """The first token is seen here a moment after the slot is taken, the last one after it is free again."""
    late = with_samples(slotted(), lambda s: replace(s, asked_s=s.asked_s + 0.08, at_s=s.at_s + 0.08))
    assert agreement(late)[0]


def test_requests_to_another_port_do_not_count() -> None:
    judged = assess(watched(farm("port-serial"), slots=1)).phases
    assert all(c.passed for j in judged for c in j.conditions if c.name == NAME)


# Figures


def test_busy_slots_cores_and_decodes_are_those_of_the_rounds() -> None:
    seen = only_phase(watched(farm("slots", ONE_PORT, slots=2), slots=2, cores=3.0)).load
    assert seen is not None and seen.machine is not None
    (load,) = seen.ports.values()
    assert (load.busy_peak, load.waiting_peak, load.slots) == (2, 2, 2)
    assert load.busy_per_decode == pytest.approx(2, rel=0.05)
    assert load.cores == pytest.approx(3, rel=0.05) and load.cores_alone == pytest.approx(3, rel=0.15)
    assert seen.machine.server_cores == load.cores
    assert seen.machine.cores == pytest.approx(3.05, rel=0.05)
    assert seen.machine.swapped_mb == 0


def test_a_process_behind_two_ports_is_counted_once() -> None:
    run = watched(farm("time-sliced", [phase(2)]), slots=None, cores=2.0)
    same = replace(run.manifest, targets=tuple(replace(t, pid=7) for t in run.manifest.targets))
    seen = only_phase(replace(run, manifest=same)).load
    assert seen is not None and seen.machine is not None
    assert seen.machine.server_cores == pytest.approx(1, rel=0.1)  # of one of the two, not of both


def test_a_counter_that_starts_anew_is_not_read_across_its_restart() -> None:
    run = slotted()
    middle = len(run.server_samples) // 2
    restarted = tuple(
        replace(s, cpu_s=s.cpu_s - 100) if i > middle and s.base_url and s.cpu_s is not None else s
        for i, s in enumerate(run.server_samples)
    )
    seen = only_phase(replace(run, server_samples=restarted)).load
    assert seen is not None and [load.cores for load in seen.ports.values()] == [None]


def test_a_solo_that_ends_after_the_last_sample_is_left_out_and_not_zero() -> None:
    run = watched(farm("serial", ONE_PORT), slots=1)
    last_s = max(r.end_s or 0.0 for r in run.log.records) - 0.3
    seen = only_phase(
        replace(run, server_samples=tuple(s for s in run.server_samples if s.at_s < last_s))
    ).load
    assert seen is not None and seen.machine is not None
    assert seen.machine.server_cores_alone == pytest.approx(1, rel=0.2)


# Why there is no gain


def evidence(run: Run, outcome: str) -> str:
    judged = only_phase(run)
    assert judged.verdict.outcome == outcome
    return "; ".join(judged.evidence)


def test_a_queue_of_the_server_is_named_with_its_numbers() -> None:
    said = evidence(watched(farm("serial", ONE_PORT), slots=1), Outcome.SERIAL)
    assert "was sent 4 requests and worked on 1 of its 1 slot at most, up to 3 waited" in said
    said = evidence(watched(farm("slots", ONE_PORT, slots=2), slots=2), Outcome.PARTLY)
    assert "worked on 2 of its 2 slots at most, up to 2 waited in its own queue" in said


def test_waits_that_a_server_shows_with_its_answers_are_named_without_any_sample() -> None:
    run = farm("serial", ONE_PORT)
    told = tuple(
        replace(r, server_queue_s=2.0 * (r.user or 0)) if r.kind == BURST else r for r in run.log.records
    )
    said = evidence(replace(run, log=replace(run.log, records=told)), Outcome.SERIAL)
    assert said == (
        "by the servers' own timings, requests waited 3.00 s (median) and up to 6.00 s in a queue there"
    )


def test_one_core_busy_is_a_lock_or_a_limit_on_threads() -> None:
    said = evidence(watched(farm("serial", ONE_PORT), slots=None, cores=1.0, cpus=8), Outcome.SERIAL)
    assert "kept 1.0 of 8 cores busy (1.0 with one request): one thread did all the work" in said


def test_all_cores_busy_is_shared_compute() -> None:
    said = evidence(watched(farm("time-sliced", ONE_PORT), slots=4, cores=8.0, cpus=8), Outcome.SLICED)
    assert "worked on all 4 requests at once, by its own count" in said
    assert re.search(r"8\.[01] of 8 cores were busy, the servers took 8\.0 \(8\.\d with one request\)", said)
    assert "the processors are full, and all requests share them" in said


def test_other_programs_that_fill_the_processors_are_named() -> None:
    def crowded(s: ServerSample) -> ServerSample:
        return s if s.base_url or s.cpu_s is None else replace(s, cpu_s=s.cpu_s + 5 * s.at_s)

    said = evidence(
        with_samples(watched(farm("time-sliced", ONE_PORT), slots=4, cores=3.0), crowded), Outcome.SLICED
    )
    assert "8.0 of 8 cores were busy" in said and "other programs 5.0" in said


def test_a_full_graphics_processor_comes_before_the_cores() -> None:
    def full(s: ServerSample) -> ServerSample:
        return s if s.base_url else replace(s, gpu_percent=97.0)

    said = evidence(
        with_samples(watched(farm("time-sliced", ONE_PORT), slots=4, cores=1.0), full), Outcome.SLICED
    )
    assert "the graphics processor was busy 97 %, 97 % with one: it is shared" in said
    assert "one thread" not in said


def test_swapping_and_models_that_come_and_go_are_too_little_memory() -> None:
    def swapping(s: ServerSample) -> ServerSample:
        if s.base_url is not None:
            return replace(s, loaded=1 + round(s.at_s) % 2)
        return replace(s, swapped_mb=20 * s.at_s, pressure="critical", thermal="heavy")

    said = evidence(with_samples(watched(farm("serial", ONE_PORT), slots=None), swapping), Outcome.SERIAL)
    assert "had 1 or 2 models in memory during the rounds" in said
    assert re.search(
        r"\d{3} MB of memory were written out to disk, the system's memory pressure was critical", said
    )
    assert "too many or too large models for this memory" in said
    assert "slowed by heat (thermal state: heavy)" in said


def test_idle_processors_are_not_the_limit() -> None:
    said = evidence(watched(farm("time-sliced", ONE_PORT), slots=4, cores=0.2), Outcome.SLICED)
    assert "the processors were not the limit and no graphics processor can be seen" in said


def crowded(run: Run, cores: float) -> Run:
    """The same with other programs that keep so many cores busy."""

    def more(s: ServerSample) -> ServerSample:
        return s if s.base_url or s.cpu_s is None else replace(s, cpu_s=s.cpu_s + cores * s.at_s)

    return with_samples(run, more)


def test_who_else_was_at_work_is_named_where_times_scatter_and_nothing_is_decided() -> None:
    noisy = watched(farm("time-sliced", [phase(2, ports=1)], jitter=0.4, seed=2), slots=None)
    assert evidence(noisy, Outcome.INCONCLUSIVE) == ""
    assert "kept 5.0 of 8 cores busy: they may be what scatters" in evidence(
        crowded(noisy, 4.95), Outcome.INCONCLUSIVE
    )


def test_who_else_was_at_work_is_no_reason_where_answers_failed_or_he_did_little() -> None:
    failed = farm("time-sliced", [phase(2, ports=1)], jitter=0.4, seed=2)
    for a_round in (1, 3):
        failed = failing(failed, ("phase1", a_round, 0), "HTTP 500: out of memory")
    assert evidence(crowded(watched(failed, slots=None), 5.0), Outcome.INCONCLUSIVE) == ""
    noisy = watched(farm("time-sliced", [phase(2, ports=1)], jitter=0.4, seed=2), slots=None, cpus=2)
    assert evidence(crowded(noisy, 0.2), Outcome.INCONCLUSIVE) == ""


def test_a_gain_needs_no_explanation() -> None:
    assert only_phase(watched(farm("parallel", ONE_PORT), slots=4)).evidence == ()


# Files and reports


def test_server_samples_survive_their_file(tmp_path: Path) -> None:
    run = write_run(tmp_path / "x", slotted())
    back = read_run(tmp_path / "x").server_samples
    assert len(back) == len(run.server_samples)
    assert back[2] == replace(run.server_samples[2], asked_s=0.0, at_s=0.0)
    unsampled = file_of(tmp_path / "x", "witness.csv").read_text().splitlines()[1].split(",")
    assert unsampled.count("") == len(fields(ServerSample)) - 8


def test_a_torn_last_line_is_left_out_and_other_damage_named(tmp_path: Path) -> None:
    write_run(tmp_path / "x", slotted())
    path = file_of(tmp_path / "x", "witness.csv")
    whole = path.read_text()
    path.write_text(whole + "12.3,12.")
    assert len(read_run(tmp_path / "x").server_samples) == len(slotted().server_samples)
    path.write_text(whole.replace(",9000.000000,", ",plenty,", 1))
    with pytest.raises(RunError, match=r"witness\.csv:\d+: column memory_mb: 'plenty': input should be"):
        read_run(tmp_path / "x")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    write_run(Path("run"), watched(farm("port-serial", standard_phases()[:3], jitter=0.03, seed=3), slots=1))
    return Path("run")


def test_what_no_server_shows_has_no_row_and_the_first_row_says_of_whom() -> None:
    def only_models(s: ServerSample) -> ServerSample:
        return s if s.busy is None else ServerSample(s.asked_s, s.at_s, s.base_url, slots=4, loaded=1)

    (judged,) = assess(with_samples(slotted(), only_models)).phases
    labels = dict(servers.rows([phase_figures(judged)]))
    assert labels["servers: busy slots"] == ["– of 4"] and labels["  models in memory"] == ["1"]
    assert "  waiting there" not in labels
    (judged,) = assess(with_samples(slotted(), lambda s: replace(only_models(s), slots=None))).phases
    assert next(iter(dict(servers.rows([phase_figures(judged)])))) == "servers: models in memory"


def between(text: str, start: str, end: str) -> str:
    """From `start` up to the next `end`: what the server samples add to a report."""
    begin = text.index(start)
    return text[begin : text.index(end, begin)].rstrip() + "\n"


def test_the_terminal_report_shows_the_servers_view(
    here: Path, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(here)]) == 0
    said = capsys.readouterr().out
    rows = between(said, "servers: busy slots", "verdict")
    evidence = "".join(re.findall(r"^  evidence: .*\n(?:  (?!evidence).*\n)*", said, re.MULTILINE))
    condition = between(said, "✓ server's slots", "\n\n")
    golden("witness.txt", "\n".join([rows, evidence, condition, between(said, "\nServers\n", "\n\nClient")]))


def test_the_page_shows_the_servers_view(
    here: Path, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["report", str(here), "--quiet"])
    page = file_of(here, "report.html").read_text(encoding="utf-8")
    rows = between(page, '<tr><th scope="row">servers: busy slots', '<tr><th scope="row">verdict')
    evidence = "\n".join(re.findall(r'<ul class="why">.*?</ul>', page))
    condition = between(page, '<tr><td>✓</td><th scope="row">server&#39;s slots', "</table>")
    shown = between(page, "<h2>Servers</h2>", "<h2>Client</h2>")
    golden("witness.html", "\n".join([rows, evidence, condition, shown]))


def test_a_server_that_fell_silent_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with file_of(here, "witness.csv").open("a", encoding="utf-8") as file:
        file.write(
            "99.0,99.1,http://127.0.0.1:1234"
            + "," * (len(fields(ServerSample)) - 3)
            + "GET /metrics: HTTP 501\n"
        )
    main(["report", str(here)])
    assert "http://127.0.0.1:1234 gave no load: GET /metrics: HTTP 501" in capsys.readouterr().out
