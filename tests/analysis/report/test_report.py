"""What the reports say of farms of known truth, and what the command line does with good and bad runs."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.__main__ import main
from analysis.assess import assess
from analysis.console import printed
from analysis.errors import RunError
from analysis.files.prefix import prefix_of
from analysis.files.request_record import BURST, STOPPED, RequestLog, RequestRecord
from analysis.files.run import Run, file_of, read_run
from analysis.lanes import DECODE, PREFILL, WAITING, Lane, Segment, lanes, representative_round
from analysis.report import words
from analysis.report.figures.free import curve
from analysis.report.figures.phase import percentiles
from analysis.report.figures.run import RunFigures, run_figures
from analysis.report.pictures import lanes as drawing
from analysis.report.pictures.lane_rows import phase_lanes
from analysis.report.sections import report_of as sections_of
from analysis.report.sections.phases import figure_rows
from analysis.report.sections.run import notes
from analysis.report.writers import as_json, as_markdown, as_text
from tests.support.checkout import CHECKOUT
from tests.support.farm import farm, free_farm, phase, targets_on
from tests.support.runs import cut, failing, watched, write_run

Golden = Callable[[str, str], None]
PHASES = [phase(2), phase(2, ports=1, name="control"), phase(4)]


def drop_a_row(prefix: Path) -> None:
    """The file as somebody's editor would leave it: one burst row is gone."""
    log = file_of(prefix, "requests.csv")
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    gone = next(i for i, line in enumerate(lines) if ",phase1,1,burst," in line)
    log.write_text("".join(lines[:gone] + lines[gone + 1 :]), encoding="utf-8")


def figures_of(run: Run) -> RunFigures:
    return run_figures(assess(run))


def report_of(run: Run) -> dict[str, Any]:
    assessment = assess(run)
    return json.loads(as_json.render(assessment, run_figures(assessment)))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prefix `run` in an empty current folder: goldens show it, and no path of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return Path("run")


# What a person reads: golden reports


@pytest.mark.parametrize(
    ("name", "policy", "code"),
    [
        ("serial", "serial", 0),
        ("ports-parallel", "port-serial", 0),
        ("time-sliced", "time-sliced", 0),
        ("slots", "slots", 0),
        ("contention", "contention", 0),
    ],
)
def test_the_terminal_report_of_each_kind_of_server(
    name: str, policy: str, code: int, here: Path, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(here, farm(policy, [*PHASES, phase(8)], jitter=0.03, seed=3))
    assert main(["report", str(here)]) == code
    golden(f"{name}.txt", capsys.readouterr().out)


def test_an_interrupted_run_with_a_torn_line_reports_what_there_is(
    here: Path, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(here, cut(farm("port-serial", PHASES, jitter=0.03, seed=3), rows=30), torn=True)
    assert main(["report", str(here)]) == 0
    golden("interrupted.txt", capsys.readouterr().out)


def test_a_run_that_lost_a_row_is_invalid(
    here: Path, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(here, farm("port-serial", PHASES, jitter=0.03, seed=3))
    drop_a_row(here)
    assert main(["report", str(here)]) == 4
    golden("invalid.txt", capsys.readouterr().out)


def test_a_free_run_has_a_curve_and_no_verdict(
    here: Path, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(here, free_farm("time-sliced"))
    assert main(["report", str(here)]) == 0
    golden("free.txt", capsys.readouterr().out)
    assert json.loads(file_of(here, "report.json").read_text(encoding="utf-8"))["verdict"] is None


def test_the_markdown_follows_the_seeds_frame(
    here: Path, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(here, farm("port-serial", PHASES, jitter=0.03, seed=3))
    main(["report", str(here), "--markdown"])
    written = capsys.readouterr().out
    frame = [line for line in written.splitlines() if line.startswith("## ")]
    assert frame == ["## Hypothesis", "## Design", "## Measured", "## Verdict", "## Next action"]
    golden("ports-parallel.md", written)


def numbers_of(text: str) -> set[str]:
    """Every number with a fraction, as it is written."""
    return set(re.findall(r"\d+\.\d+", text))


@pytest.mark.parametrize("policy", ["serial", "slots", "contention"])
def test_text_markdown_and_html_state_the_same_figures(policy: str, here: Path) -> None:
    write_run(here, watched(farm(policy, PHASES, jitter=0.03, seed=3), slots=1))
    main(["report", str(here), "--quiet"])
    assessment = assess(read_run(here))
    report = sections_of(assessment, run_figures(assessment))
    shown = printed(lambda console: as_text.show(console, report), io.StringIO(), width=200)
    drawn = numbers_of(
        "\n".join(line for p in assessment.phases for line in drawing.picture(p.measured, 200))
    )
    stated = numbers_of(shown) - drawn
    assert len(stated) > 60
    for suffix in ("report.md", "report.html"):
        assert stated - numbers_of(file_of(here, suffix).read_text(encoding="utf-8")) == set()


def test_json_states_the_figures_of_the_table(here: Path) -> None:
    run = farm("slots", PHASES, jitter=0.03, seed=3)
    rows = dict(figure_rows(figures_of(run).listed))
    for i, phase_shown in enumerate(report_of(run)["phases"]):
        speedup = phase_shown["speedup"]
        low, high = words.number(speedup["low"]), words.number(speedup["high"])
        assert rows["speedup G, ×"][i] == f"{words.number(speedup['value'])} [{low}, {high}]"
        assert rows["responses per minute"][i] == words.number(phase_shown["responses_per_min"])
        assert rows["  of at most (Gmax)"][i] == words.number(phase_shown["speedup_max"])


# What a program reads: the contract of report.json

ESTIMATE = {"value", "low", "high", "n"}
PHASE_KEYS = {
    "name", "users", "topology", "rounds", "requests", "failed", "wall_s", "speedup", "speedup_max",
    "efficiency", "decode_overlap", "decode_peak", "decode_peak_per_port", "naive_speedup",
    "naive_speedup_if_serial", "ttft_s", "tpot_ratio", "answer_tokens_per_s", "responses_per_min",
    "output_tokens_per_s", "verdict",
}  # fmt: skip
MACHINE_KEYS = {
    "slots", "slots_at_least", "slots_per_port", "slots_per_port_at_least", "gain_by_users",
    "recommended_workers",
}  # fmt: skip


def test_the_json_report_has_every_key_of_its_contract() -> None:
    report = report_of(farm("port-serial", jitter=0.02))
    assert report["format"] == 1
    assert report["scenario"] == "farm-port-serial"
    assert (report["verdict"], type(report["answer"])) == ("ports-parallel", str)
    assert all(isinstance(step, str) for step in report["next_steps"])
    assert all({"name", "passed", "sentence", "hint"} <= set(c) for c in report["conditions"])
    assert len(report["phases"]) == 4
    for shown in report["phases"]:
        assert set(shown) >= PHASE_KEYS
        assert set(shown["wall_s"]) == set(shown["speedup"]) == set(shown["decode_overlap"]) == ESTIMATE
        assert set(shown["ttft_s"]) == {"p50", "p95", "max"}
        assert set(shown["answer_tokens_per_s"]) == {"alone", "together"}
    assert set(report["machine"]) >= MACHINE_KEYS
    assert {b["target"] for b in report["baseline"]} == {"Ulysses", "Eternal"}
    assert all(set(b["solo_s"]) == ESTIMATE and isinstance(b["drift"], float) for b in report["baseline"])
    assert report["timing_error_ms"]["p50"] <= report["timing_error_ms"]["p99"]


def test_a_missing_quantity_is_null_and_never_zero() -> None:
    short = report_of(cut(farm("serial", [phase(2)]), rows=5))
    assert short["phases"] == [] and short["baseline"] == []
    assert short["machine"]["slots"] is None and short["machine"]["recommended_workers"] is None
    one_round = report_of(cut(farm("serial", [phase(2)]), rows=8))["phases"][0]
    assert one_round["speedup"] is None and one_round["efficiency"] is None
    assert one_round["ttft_s"] == {"p50": None, "p95": None, "max": None}


@pytest.mark.parametrize("users", [2, 4, 8])
def test_the_naive_speedup_stands_beside_what_a_serial_server_gives(users: int) -> None:
    serial = report_of(farm("serial", [phase(users)]))["phases"][0]
    assert serial["naive_speedup"] == pytest.approx((users + 1) / 2, rel=0.01)
    assert serial["naive_speedup_if_serial"] == (users + 1) / 2
    assert serial["speedup"]["value"] == pytest.approx(1, rel=0.01)
    sliced = report_of(farm("time-sliced", [phase(users)]))["phases"][0]
    assert sliced["naive_speedup"] == pytest.approx(users, rel=0.01)
    assert sliced["speedup"]["value"] == pytest.approx(1, rel=0.01)


def test_the_serial_expectation_replays_a_spaced_schedule() -> None:
    spaced = phase(4, spacing_s=1.0)  # served 0-2, 2-4, 4-6, 6-8: latencies 2, 3, 4, 5 in 8 s
    shown = report_of(farm("serial", [spaced]))["phases"][0]
    assert shown["naive_speedup_if_serial"] == pytest.approx(14 / 8, rel=0.01)
    assert shown["naive_speedup"] == pytest.approx(14 / 8, rel=0.01)


def test_slots_are_exact_only_where_a_request_had_to_wait() -> None:
    machine = report_of(farm("slots", [phase(8)], slots=2))["machine"]
    assert (machine["slots"], machine["slots_per_port"]) == (4, 2)
    machine = report_of(farm("parallel", [phase(4)]))["machine"]
    assert (machine["slots"], machine["slots_at_least"], machine["slots_per_port_at_least"]) == (None, 4, 2)


@pytest.mark.parametrize(
    ("policy", "workers"), [("serial", 1), ("port-serial", 2), ("slots", 4), ("parallel", 8)]
)
def test_the_recommended_workers_are_the_fewest_that_reach_the_best_rate(policy: str, workers: int) -> None:
    assert report_of(farm(policy))["machine"]["recommended_workers"] == workers


def test_rates_count_whole_answers_per_time_of_rounds() -> None:
    shown = report_of(farm("port-serial", [phase(4)]))["phases"][0]  # 4 answers of 37 tokens in 4 s
    assert shown["responses_per_min"] == pytest.approx(60, rel=0.01)
    assert shown["output_tokens_per_s"] == pytest.approx(37, rel=0.01)


def test_a_failed_answer_is_counted_and_its_round_not_scored() -> None:
    run = failing(farm("serial", [phase(2, rounds=6)]), ("phase1", 2, 1))
    shown = figures_of(run).phases[0]
    assert (shown.failed, shown.requests, shown.rounds, shown.rounds_scored) == (1, 12, 6, 5)
    assert shown.wall_s is not None and shown.wall_s.n == 5
    assert "phase1, not scored: round 3: Eternal: ConnectError: refused" in notes(
        assess(run), figures_of(run)
    )


def test_an_outlier_is_named() -> None:
    run = farm("parallel", [phase(2, rounds=12)], jitter=0.01)
    late = next(r for r in run.log.records if r.phase == "phase1" and r.round == 4 and r.kind == "burst")
    slow = replace(late, last_token_s=(late.last_token_s or 0) + 1, end_s=(late.end_s or 0) + 1)
    records = tuple(slow if r is late else r for r in run.log.records)
    outliers = figures_of(replace(run, log=replace(run.log, records=records))).phases[0].outliers
    assert len(outliers) == 1 and outliers[0].startswith("round 5 lies +")


def test_the_95th_percentile_needs_twenty_values() -> None:
    few, many = percentiles([1.0] * 19), percentiles([float(i) for i in range(1, 21)])
    assert few is not None and few.p95 is None
    assert many is not None and (many.p50, many.p95, many.max) == (10.0, 19.0, 20.0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.984, "1.98"),
        (9.996, "10.0"),
        (0.2, "0.20"),
        (14.25, "14.2"),
        (271.6, "272"),
        (1234.5, "1234"),
        (None, "–"),
    ],
)
def test_numbers_have_three_digits_and_no_exponent(value: float | None, shown: str) -> None:
    assert words.number(value) == shown


def test_what_the_budget_cut_is_reported() -> None:
    run = farm("serial", [phase(2)], cuts=("phase3 needs 6 more minutes: --budget 10m",))
    assert "Cut by the budget: phase3 needs 6 more minutes: --budget 10m" in notes(
        assess(run), figures_of(run)
    )


@pytest.mark.parametrize(("policy", "gains"), [("time-sliced", [1, 1, 1]), ("parallel", [1, 2, 4])])
def test_a_free_run_shows_the_solo_time_answered_per_second(policy: str, gains: list[float]) -> None:
    levels = curve(free_farm(policy).log.records)
    assert [level.in_flight for level in levels] == [1, 2, 4]
    assert [level.speedup for level in levels] == pytest.approx(gains, rel=0.02)


# Lanes

instants = st.floats(0, 100)


@given(st.lists(instants, min_size=2), st.floats(0.01, 100), st.integers(10, 200))
def test_columns_grow_with_time_and_stay_in_the_picture(at: list[float], span_s: float, width: int) -> None:
    columns = [drawing.column(t, span_s, width) for t in sorted(at)]
    assert columns == sorted(columns)
    assert all(0 <= c <= width for c in columns)
    assert drawing.column(0, span_s, width) == 0 and drawing.column(span_s, span_s, width) == width


@given(st.lists(instants, min_size=4, max_size=4), st.integers(10, 200))
def test_a_lane_is_drawn_to_scale(at: list[float], width: int) -> None:
    a, b, c, span_s = sorted(at)
    parts = (
        Segment(WAITING, 0.0, a),
        Segment(PREFILL, a, b),
        Segment(DECODE, b, c),
    )
    drawn = drawing.draw(Lane("http://h:1", "T", 0, c, parts, False), span_s, width)
    assert len(drawn) == width
    for part in parts if span_s else ():
        share = drawn.count(drawing.GLYPHS[part.kind]) / width
        assert share == pytest.approx((part.end_s - part.start_s) / span_s, abs=1.01 / width)


def test_prefill_is_one_with_waiting_where_the_server_does_not_tell_it() -> None:
    run = farm("serial", [phase(2)])
    silent = tuple(replace(r, server_prefill_s=None) for r in run.log.records)
    told = assess(run).phases[0].measured
    untold = assess(replace(run, log=replace(run.log, records=silent))).phases[0].measured
    assert "▒ prefill" in drawing.picture(told, 100)[-1]
    assert "░ waiting or prefill" in drawing.picture(untold, 100)[-1]


def test_waiting_with_and_without_prefill_is_one_entry_of_the_legend() -> None:
    run = farm("serial", [phase(4)])
    half = tuple(replace(r, server_prefill_s=None) if r.user in (1, 3) else r for r in run.log.records)
    measured = assess(replace(run, log=replace(run.log, records=half))).phases[0].measured
    assert drawing.picture(measured, 100)[-1].strip().split("  ") == [
        "░ waiting or prefill",
        "▒ prefill",
        "█ decode",
    ]


def test_lanes_come_in_the_order_of_the_scenario_whatever_the_ports_are_called() -> None:
    run = farm("port-serial", [phase(4)])
    moved = {"http://127.0.0.1:1234": "http://127.0.0.1:9999"}
    records = tuple(replace(r, base_url=moved.get(r.base_url, r.base_url)) for r in run.log.records)
    infos = tuple(replace(t, base_url=moved.get(t.base_url, t.base_url)) for t in run.manifest.targets)
    there = replace(run, log=replace(run.log, records=records), manifest=replace(run.manifest, targets=infos))
    measured = assess(there).phases[0].measured
    made = lanes(measured.scored[0], measured.ports)
    assert [lane.target for lane in made] == ["Ulysses", "Ulysses", "Eternal", "Eternal"]
    ends = [lane.segments[-1].end_s for lane in made]
    assert ends[0] < ends[1] and ends[2] < ends[3]  # the staircase of a queue


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_figure_of_the_phases_is_cut(width: int) -> None:
    assessment = assess(watched(farm("port-serial"), slots=1))
    figures = run_figures(assessment)
    report = printed(
        lambda console: as_text.show(console, sections_of(assessment, figures)), io.StringIO(), width=width
    )
    for _, cells in figure_rows(figures.listed):
        assert [cell for cell in cells if cell not in report] == []


def test_three_ports_of_two_programs_are_not_called_three_programs() -> None:
    run = farm("parallel", [phase(3, 3)], targets=targets_on(3))
    first, *others = run.manifest.targets
    mixed = (replace(first, kind="ollama"), *others)
    assessment = assess(replace(run, manifest=replace(run.manifest, targets=mixed)))
    assert words.topology(run_figures(assessment).listed[0]) == "3 ports"


def test_a_drift_of_almost_nothing_has_no_sign() -> None:
    assert [words.percent(share, "+") for share in (-0.004, 0.004, -0.006)] == ["+0 %", "+0 %", "-1 %"]


def test_the_median_round_is_the_one_shown() -> None:
    measured = assess(farm("serial", [phase(2)], jitter=0.05)).phases[0].measured
    shown = representative_round(measured)
    assert shown is not None
    assert shown.makespan_s == sorted(r.makespan_s or 0 for r in measured.scored)[2]


def test_the_clients_own_queue_is_a_part_of_the_lane() -> None:
    measured = assess(farm("parallel", [phase(8, workers=6)])).phases[0].measured
    assert "client's queue" in drawing.picture(measured, 100)[-1]


# The command line


def test_every_file_of_a_run_names_its_prefix() -> None:
    for given_name in ("runs/x", "runs/x_", "runs/x_run.json", "runs/x_requests.csv", "runs/x_report.json"):
        assert prefix_of(given_name) == Path("runs/x")
    assert prefix_of("runs/x_y_stats_history.csv") == Path("runs/x_y")
    with pytest.raises(RunError):
        prefix_of("")


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (farm("serial", PHASES), 0),
        (farm("serial", [phase(2, rounds=2)]), 3),
        (free_farm("serial"), 0),
    ],
)
def test_the_exit_code_is_the_verdicts(run: Run, code: int, tmp_path: Path) -> None:
    prefix = tmp_path / "x"
    write_run(prefix, run)
    assert main(["report", str(prefix), "--quiet"]) == code
    assert main(["check", str(prefix)]) == code


def test_statistics_that_disagree_make_a_run_invalid(tmp_path: Path) -> None:
    prefix = tmp_path / "x"
    write_run(prefix, farm("serial", PHASES))
    stats = file_of(prefix, "stats.csv")
    stats.write_text(
        stats.read_text(encoding="utf-8").replace("phase1/Ulysses,5,", "phase1/Ulysses,6,"), encoding="utf-8"
    )
    assert main(["check", str(prefix)]) == 4


def test_a_prefix_without_a_run_is_one_line_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path / "nothing")]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "nothing_run.json" in said.err


def test_json_on_stdout_is_the_file_beside_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix = tmp_path / "x"
    write_run(prefix, farm("serial", PHASES))
    main(["report", str(prefix), "--json"])
    assert capsys.readouterr().out == file_of(prefix, "report.json").read_text(encoding="utf-8")


def test_the_html_report_needs_no_network(tmp_path: Path) -> None:
    prefix = tmp_path / "x"
    write_run(prefix, farm("serial", PHASES, scenario_name="<b>bold</b>"))
    main(["report", str(prefix), "--quiet"])
    page = file_of(prefix, "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 5  # speedup, staircase, map, pace, throughput
    assert page.count('<figure class="lanes">') == len(PHASES)
    assert "<script" not in page and "<link" not in page and "src=" not in page and "url(" not in page
    assert "<b>bold</b>" not in page and "a strictly serial server reads" in page


def python_m_analysis(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), **environment}
    return subprocess.run(
        [sys.executable, "-m", "analysis", *arguments], env=env, capture_output=True, timeout=60, check=False
    )


def test_a_console_without_utf8_gets_ascii(tmp_path: Path) -> None:
    write_run(tmp_path / "x", farm("port-serial", PHASES, targets=targets_on(2)))
    done = python_m_analysis("report", str(tmp_path / "x"), PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and done.stderr == b""
    assert b"|-" in done.stdout and b"####" in done.stdout
    assert b"?" not in done.stdout.split(b"Lanes")[1].split(b"Conditions")[0]  # every glyph has a stand-in
    assert b"\x1b" not in done.stdout  # a pipe gets no colour


def test_a_read_needs_neither_pandas_nor_altair_nor_locust(tmp_path: Path) -> None:
    write_run(tmp_path / "x", farm("serial", PHASES))
    code = (
        "import sys; from analysis.__main__ import main; main(['check', sys.argv[1]]);"
        "heavy = {'pandas', 'altair', 'locust', 'gevent', 'replay', 'servers'} & set(sys.modules);"
        "print(*heavy, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x")],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() == b""


def test_help_ends_with_commands_and_exit_codes() -> None:
    said = python_m_analysis("--help").stdout.decode()
    assert "python -m analysis report PREFIX" in said and said.rstrip().endswith("5 a --fail-if is broken")


def test_the_markdown_escapes_what_would_break_its_tables() -> None:
    assessment = assess(farm("serial", [phase(2)]))
    manifest = replace(
        assessment.run.manifest, targets=(replace(assessment.run.manifest.targets[0], model="a|b"),)
    )
    changed = replace(assessment, run=replace(assessment.run, manifest=manifest))
    assert "a\\|b" in as_markdown.render(sections_of(changed, run_figures(assessment)))


def test_a_written_farm_is_read_back_as_it_was(tmp_path: Path) -> None:
    written = write_run(tmp_path / "x", farm("slots", PHASES, jitter=0.1))
    back = read_run(tmp_path / "x")
    assert back.manifest == written.manifest
    assert len(back.log.records) == len(written.log.records)


@pytest.mark.parametrize(("policy", "verdict"), [("serial", "serial"), ("parallel", "fully-parallel")])
def test_answers_in_one_lump_are_still_judged_by_their_ends(policy: str, verdict: str) -> None:
    run = farm(policy, [phase(4)])
    lumps = tuple(
        replace(r, first_token_s=r.last_token_s, chunks=1, server_prefill_s=None, server_decode_s=None)
        for r in run.log.records
    )
    shown = figures_of(replace(run, log=replace(run.log, records=lumps))).phases[0]
    assert (shown.verdict, shown.decode_overlap, shown.decode_peak) == (verdict, None, None)


class Terminal(io.StringIO):
    """A colour terminal of 80 columns, as far as anybody who prints can tell."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_a_terminal_gets_colour_unless_no_color_is_set(
    no_color: str | None, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    assessment = assess(farm("serial", [phase(2)]))
    figures = run_figures(assessment)
    shown = printed(
        lambda console: as_text.show(console, sections_of(assessment, figures)), Terminal(), width=80
    )
    assert ("\x1b[1;33m" in shown or "\x1b[33m" in shown) is coloured
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert max(len(line) for line in plain.splitlines()) <= 80


def test_a_wild_round_of_five_is_named_and_kept() -> None:
    run = farm("serial", [phase(4)], jitter=0.02, seed=5)

    def slowed(r: RequestRecord) -> RequestRecord:
        if (r.phase, r.kind, r.round) != ("phase2", BURST, 2) or r.end_s is None or r.last_token_s is None:
            return r
        return replace(r, end_s=r.end_s + 4.0, last_token_s=r.last_token_s + 4.0)

    wild = replace(run, log=replace(run.log, records=tuple(map(slowed, run.log.records))))
    (named,) = report_of(wild)["phases"][0]["outliers"]
    assert named.startswith("round 3 lies +")
    assert report_of(wild)["phases"][0]["rounds_scored"] == 5


def test_the_round_that_an_interrupt_cut_does_not_spoil_a_decided_phase() -> None:
    run = farm("serial", [phase(4)], jitter=0.02, seed=5)
    last = max(r.round or 0 for r in run.log.records if r.kind == BURST)

    def stopped(r: RequestRecord) -> RequestRecord:
        return replace(r, error=STOPPED) if (r.kind, r.round) == (BURST, last) else r

    records = tuple(map(stopped, run.log.records))
    manifest = replace(run.manifest, finished=False, interrupted="Ctrl-C", phases_finished=())
    report = report_of(replace(run, manifest=manifest, log=replace(run.log, records=records)))
    assert (report["phases"][0]["verdict"], report["phases"][0]["rounds"]) == ("serial", last)


def stopped_early(policy: str) -> RunFigures:
    """Answers of 37 tokens that end by themselves, 256 were asked for."""
    run = farm(policy)
    targets = tuple(replace(t, max_tokens=256) for t in run.manifest.targets)
    records = tuple(replace(r, finish_reason="stop") for r in run.log.records)
    return figures_of(replace(run, manifest=replace(run.manifest, targets=targets), log=RequestLog(records)))


@pytest.mark.parametrize(("policy", "speedup"), [("serial", 1), ("port-serial", 2), ("time-sliced", 1)])
def test_answers_that_stop_early_are_reported_at_their_own_length(policy: str, speedup: float) -> None:
    figures = stopped_early(policy)
    assert {b.tokens for b in figures.baseline} == {37}
    assert [b.solo_s.value for b in figures.baseline] == pytest.approx([2, 2], rel=0.01)
    ports = next(p for p in figures.phases if p.name == "phase1")
    assert ports.speedup is not None and ports.responses_per_min is not None
    assert ports.speedup.value == pytest.approx(speedup, rel=0.01)
    most = figures.machine.throughput[1].responses_per_min.value
    assert most == pytest.approx(30 * speedup, rel=0.02)
    assert ports.responses_per_min == pytest.approx(most, rel=0.02)


def test_the_html_report_shows_a_failed_request_of_a_phase_that_is_not_scored(tmp_path: Path) -> None:
    run = farm("serial", [phase(2, rounds=1)])
    write_run(tmp_path / "x", failing(run, ("phase1", 0, 1), "HTTP 500: <script>alert(1)</script>"))
    main(["report", str(tmp_path / "x"), "--quiet"])
    page = file_of(tmp_path / "x", "report.html").read_text(encoding="utf-8")
    assert '<b class="cross"' in page and page.count('<div class="lane"><span>') == 2
    assert '<span class="error">HTTP 500: &lt;script&gt;' in page and "<script" not in page


def test_all_lanes_of_the_html_report_are_on_one_time_scale() -> None:
    measured = [j.measured for j in assess(farm("serial", [phase(2), phase(4)])).phases]
    small, large = phase_lanes(measured)
    ends = [max(row.end for _, rows in drawn.ports for row in rows) for drawn in (small, large)]
    assert ends == [pytest.approx(50, abs=1), pytest.approx(100, abs=0.1)]
    assert small.ticks == large.ticks


def test_every_picture_of_the_html_report_says_what_it_shows(tmp_path: Path) -> None:
    write_run(tmp_path / "x", farm("port-serial"))
    main(["report", str(tmp_path / "x"), "--quiet"])
    page = file_of(tmp_path / "x", "report.html").read_text(encoding="utf-8")
    for picture in re.findall(r"<svg[^>]*>", page):
        assert 'role="img"' in picture and 'aria-label="' in picture
    assert page.count("<figure") == page.count("<figcaption") == 4 + 5
    assert "Speedup over users: control, 2 users over one port: 1.00" in page


def test_the_html_report_says_first_what_a_person_hands_on(tmp_path: Path) -> None:
    write_run(tmp_path / "x", farm("port-serial"))
    main(["report", str(tmp_path / "x"), "--quiet"])
    page = file_of(tmp_path / "x", "report.html").read_text(encoding="utf-8")
    places = [page.index(f"<h2>{title}</h2>") for title in ("Next", "What was measured", "Lanes", "Phases")]
    assert places == sorted(places) and page.index('<p class="answer">') < places[0]
    assert "<dt>model</dt><dd>ulysses, eternal</dd>" in page and "<dt>answers</dt><dd>37 tokens</dd>" in page


@pytest.mark.parametrize(("passing", "folded"), [(True, True), (False, False)])
def test_conditions_are_folded_unless_one_failed(tmp_path: Path, passing: bool, folded: bool) -> None:
    run = farm("serial", PHASES)
    write_run(tmp_path / "x", run)
    if not passing:
        drop_a_row(tmp_path / "x")
    main(["report", str(tmp_path / "x"), "--quiet"])
    page = file_of(tmp_path / "x", "report.html").read_text(encoding="utf-8")
    assert ("<details><summary>" in page) == folded
    assert ("<details open><summary>" in page) == (not folded)
