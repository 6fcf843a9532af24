"""A walk through the web UI in a real browser: Start, lanes that grow, the verdict wherever one looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import barriers, chromium
from tests.support.locusts import free_port, listens, phase, report_of, running, scenario, until

pytestmark = pytest.mark.long

WAIT_MS = 90_000


@contextmanager
def pages(folder: Path, policy: str) -> Iterator[tuple[Page, Page]]:
    """The same with the plan phases begun; two ports of one machine with this policy, 1.9 s per answer."""
    machine = {"policy": policy, "each": {"ttft_s": 0.4, "tpot_s": 0.03}, "ports": [{}, {}]}
    file = scenario(
        folder,
        servers=[{"kind": "simulator", "farm": {"machines": [machine]}}],
        targets=[{"name": "A", "server": 0}, {"name": "B", "server": 1}],
        phases=[phase("phase1", 2)],
        request={"max_tokens": 50},
    )
    with opened(folder, file) as (locusts, overlap):
        expect(overlap.locator("#state")).to_contain_text("No run has begun")
        locusts.get_by_text("Custom parameters").click()
        locusts.locator("select[name=plan]").select_option("phases")
        locusts.get_by_role("button", name="Start").click()
        yield locusts, overlap


@contextmanager
def opened(folder: Path, file: Path) -> Iterator[tuple[Page, Page]]:
    """Locust's page and the page Overlap of this scenario."""
    port = free_port()
    arguments = ("--scenario", str(file), "--csv", str(folder / "run"), "--web-port", str(port))
    with running(*arguments) as process, chromium() as browser:
        until(lambda: process.poll() is not None or listens(port))
        context = browser.new_context()
        context.set_default_timeout(WAIT_MS)
        locusts, overlap = context.new_page(), context.new_page()
        locusts.goto(f"http://127.0.0.1:{port}/")
        overlap.goto(f"http://127.0.0.1:{port}/overlap")
        yield locusts, overlap


def decoding(overlap: Page) -> list[tuple[float, float]]:
    """Of each lane of a round that is over: where its decoding begins and ends on the page."""
    expect(overlap.locator("#lanes-title")).to_contain_text("requests in", timeout=WAIT_MS)
    boxes = [piece.bounding_box() for piece in overlap.locator(".bar .decode").all()]
    return [(box["x"], box["x"] + box["width"]) for box in boxes if box is not None]


def the_verdict_is_everywhere(locusts: Page, overlap: Page, report: dict[str, Any]) -> None:
    """On the page Overlap, in the tab Verdict and in Logs, without a reload."""
    expect(overlap.locator("#answer")).to_have_text(report["answer"])
    locusts.get_by_role("tab", name="Verdict").click()
    expect(locusts.get_by_role("cell", name=report["answer"])).to_be_visible()
    locusts.get_by_role("tab", name="Logs").click()
    expect(locusts.get_by_text(f"[RESULT] {report['verdict'].upper()}: ").first).to_be_visible(timeout=10_000)


def test_ports_in_parallel_overlap_on_the_page_and_the_verdict_stands_wherever_one_looks(
    tmp_path: Path,
) -> None:
    with pages(tmp_path, "parallel") as (locusts, overlap):
        expect(overlap.locator(".lane.open")).to_have_count(2, timeout=WAIT_MS)
        took = overlap.locator(".lane.open .took").first
        expect(took).not_to_have_text(took.text_content() or "")  # it grows
        (a, b) = decoding(overlap)
        assert max(a[0], b[0]) < min(a[1], b[1]), "the x-ranges of the two ports overlap"
        expect(overlap.locator("#scale-words")).to_contain_text("times as fast", timeout=WAIT_MS)
        expect(overlap.locator("#verdict")).to_have_text("FULLY-PARALLEL", timeout=WAIT_MS)
        the_verdict_is_everywhere(locusts, overlap, report_of(tmp_path / "run"))
        assert barriers(overlap) == []
        overlap.get_by_role("link", name="report", exact=True).click()
        expect(overlap.locator("h1")).to_have_text("fully-parallel", ignore_case=True)
        assert barriers(overlap) == []


def test_ports_that_take_turns_do_not_overlap_on_the_page_and_a_stop_leads_to_an_answer_too(
    tmp_path: Path,
) -> None:
    with pages(tmp_path, "serial") as (locusts, overlap):
        (a, b) = decoding(overlap)
        assert max(a[0], b[0]) >= min(a[1], b[1]) - 1, "one begins where the other ends, to the pixel"
        locusts.get_by_role("button", name="Stop").click()
        expect(overlap.locator("#state")).to_have_text("stopped before its end", timeout=WAIT_MS)
        the_verdict_is_everywhere(locusts, overlap, report_of(tmp_path / "run"))


def test_the_button_on_the_page_finds_out_how_many_users_the_server_carries(tmp_path: Path) -> None:
    file = scenario(
        tmp_path,
        servers=[{"kind": "simulator", "policy": "serial", "ttft_s": 0.2, "tpot_s": 0.01}],
        targets=[{"name": "A", "server": 0}],
        request={"max_tokens": 40},
        how_many={"ttft_s": 0.4, "most": 8},
        budget_s=60,
    )
    with opened(tmp_path, file) as (_, overlap):
        overlap.get_by_role("button", name="Find out").click()
        expect(overlap.locator("#offer")).to_be_hidden()
        expect(overlap.locator("#levels")).to_contain_text("met", timeout=WAIT_MS)
        expect(overlap.locator("#answer")).to_contain_text("Carries 1 at a time", timeout=WAIT_MS)
        expect(overlap.locator("#offer")).to_be_visible()
        assert barriers(overlap) == []
    found = report_of(tmp_path / "run")["how_many"]
    assert (found["carries"], found["why"]) == (1, "slots")
