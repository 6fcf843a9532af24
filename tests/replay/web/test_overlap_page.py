"""The page Overlap and the report in a real browser, with a run of known truth behind them."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from analysis.assess import assess
from analysis.files.request_record import BURST
from analysis.phase.rounds import rounds_of_phase
from analysis.report.figures.run import run_figures
from analysis.report.sections import report_of
from analysis.report.writers import as_html
from replay.client.request import Request
from replay.plan.live import LiveRun
from replay.web.overlap.pages import add_overlap_page
from tests.support.browser import barriers, chromium, sticks_out
from tests.support.farm import farm, phase

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@dataclass
class Served:
    """The page as it is served, and the run that it shows."""

    url: str
    live: LiveRun


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A run of two ports that answer one at a time each: phase1 measured, phase2 in its first round."""
    run, live = farm("port-serial", [phase(2), phase(4)]), LiveRun("two ports", "phases")
    assessment = assess(run)
    figures = run_figures(assessment)
    prefix: Path = tmp_path_factory.mktemp("served") / "run"
    report = as_html.render(report_of(assessment, figures), lambda c: as_html.chart_of(c, figures))
    prefix.with_name("run_report.html").write_text(report, encoding="utf-8")
    first = assessment.phases[0]
    for record in run.log.records:
        live.answered(record)
    for a_round in rounds_of_phase(run.log.records, first.plan.name):
        live.show_round(first.plan, a_round.index, a_round.requests)
    live.begin_phase("phase2", 2, 2, rounds=5)
    live.show_speedup(first.measured)
    live.show_phase(first.measured, first.verdict)
    app = Flask("page")
    web_ui: Any = SimpleNamespace(app=app, auth_required_if_enabled=lambda view: view)
    run_state: Any = SimpleNamespace(live=live, recorder=SimpleNamespace(prefix=prefix))
    add_overlap_page(web_ui, lambda: [run_state], "")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.server_port}/overlap", live)
    server.shutdown()
    thread.join()


def opened(browser: Browser, url: str, scheme: Scheme = "light", width: int = 1400) -> Page:
    page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()
    page.goto(url)
    return page


def send(live: LiveRun, ports: str) -> list[Request]:
    """A request to each of the ports leaves now."""
    requests = [
        Request(f"http://h:{port}", {}, 9.0, request_id=1000 + i, phase="phase2", round=0, kind=BURST,
                target=f"Port {port}", user=i)
        for i, port in enumerate(ports)
    ]  # fmt: skip
    live.sent(requests, time.monotonic())
    return requests


def test_open_requests_are_lanes_that_grow_and_earlier_rounds_can_be_turned_to(
    browser: Browser, served: Served
) -> None:
    page = opened(browser, served.url)
    expect(page.locator("#lanes-title")).to_contain_text("phase1, round 5 of 5")
    page.get_by_role("button", name="earlier round").click()
    expect(page.locator("#lanes-title")).to_contain_text("phase1, round 4 of 5")
    page.get_by_role("button", name="newest").click()
    send(served.live, "AB")
    expect(page.locator(".lane.open")).to_have_count(2)
    took = page.locator(".lane.open .took").first
    before = took.text_content()
    expect(took).not_to_have_text(before or "")
    expect(page.locator("#state")).to_contain_text("phase2 (2 of 2), round 1 of 5: 2 of 2 open")


def test_what_has_been_measured_is_shown(browser: Browser, served: Served) -> None:
    page = opened(browser, served.url)
    expect(page.locator("#scale-words")).to_contain_text("phase1, after round 5 of 5: 2.0")
    expect(page.locator("#phases tbody tr")).to_have_count(1)
    expect(page.locator("#targets tbody tr")).to_have_count(2)
    expect(page.locator("#phases tbody")).to_contain_text("fully-parallel")


def test_throughput_and_speedup_are_curves_over_requests_in_flight(browser: Browser, served: Served) -> None:
    """In proportion to what a solo brings, where nobody was alone in a level."""
    alone = served.live.page()["targets"][0]["alone"]["tokens_per_s_from_send"]
    each = {"met": 9, "answers": 9, "ttft_s": {"p50": 0.1}, "speed": {"p50": 30.0}}
    levels = [
        each | {"users": n, "output_tokens_per_s": {"value": g * alone}} for n, g in ((4, 3.5), (8, 4.0))
    ]
    served.live.levels = {"headline": "carries 4", "line": "8 users", "how_many": {"levels": levels}}
    page = opened(browser, served.url)
    expect(page.locator("#charts svg")).to_have_count(2)
    label = page.locator("#charts svg").last.get_attribute("aria-label") or ""
    assert label.startswith("Speedup") and label.endswith("4: 3.5, 8: 4.0")
    assert barriers(page) == []
    served.live.levels = None


def test_a_barrier_is_found_where_there_is_one(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<html lang="en"><title>x</title><main><h1>x</h1><img src="x.png"></main></html>')
    assert [found["rule"] for found in barriers(page)] == ["image-alt"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "/files/1/report.html"])
@pytest.mark.parametrize("width", [1400, 390])
def test_neither_page_nor_report_has_a_barrier_or_an_edge_that_is_cut(
    browser: Browser, served: Served, path: str, scheme: Scheme, width: int
) -> None:
    page = opened(browser, served.url + path, scheme, width)
    expect(page.locator("main table:visible").first).to_be_visible()
    assert barriers(page) == []
    assert sticks_out(page) <= 0


def test_at_the_end_stand_the_headline_the_next_steps_and_the_files(browser: Browser, served: Served) -> None:
    served.live.ended = "finished"
    served.live.report = {"verdict": "ports-parallel", "answer": "Yes: <b>2</b>.", "next_steps": ["Keep it."]}
    page = opened(browser, served.url)
    expect(page.locator("#verdict")).to_have_text("PORTS-PARALLEL")
    expect(page.locator("#answer")).to_have_text("Yes: <b>2</b>.")
    expect(page.locator("#next li")).to_have_text("Keep it.")
    assert barriers(page) == []
    page.get_by_role("link", name="report", exact=True).click()
    expect(page.locator("h1")).to_be_visible()
    assert page.url.endswith("/overlap/files/1/report.html")
