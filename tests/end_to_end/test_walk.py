"""A person's walk through the web UI in a real browser: Start, lanes that grow, the verdict wherever they look."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import chromium
from tests.support.locusts import phase, report_of, running, scenario, until
from tests.support.webui import free_port, listens

pytestmark = pytest.mark.long

WAIT_MS = 90_000


@contextmanager
def pages(folder: Path, policy: str) -> Iterator[tuple[Page, Page]]:
    """Locust's page and the page Overlap; two ports that answer by this policy, a second per answer."""
    server = {"kind": "simulator", "policy": policy, "ttft_s": 0.4, "tpot_s": 0.03}
    if policy == "serial":  # one machine behind both ports
        servers, targets = [server | {"ports": 2}], [{"name": "A", "server": 0}, {"name": "B", "server": 0, "port": 1}]
    else:
        servers, targets = [server, server], [{"name": "A", "server": 0}, {"name": "B", "server": 1}]
    file = scenario(folder, servers=servers, targets=targets, phases=[phase("phase1", 2)], request={"max_tokens": 50})
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


def start(locusts: Page) -> None:
    locusts.get_by_text("Custom parameters").click()
    locusts.get_by_label("Plan").select_option("phases")
    locusts.get_by_role("button", name="Start").click()


def bars(overlap: Page) -> list[tuple[float, float]]:
    """Of each lane of the round: where its decoding begins and ends on the page."""
    boxes = [piece.bounding_box() for piece in overlap.locator(".bar .decode").all()]
    return [(box["x"], box["x"] + box["width"]) for box in boxes if box is not None]
