"""How many users, in the browser: START ends in an answer, and users set by hand are levels too."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.replay.web.test_web import WebUI, web_ui
from tests.support.locusts import file_of, manifest_of, report_of, until

pytestmark = pytest.mark.long
WANTED = ("--ttft", "0.1", "--speed", "20")  # a port answers one at a time, in 0.14 s


def levels(ui: WebUI) -> dict[str, Any]:
    return json.loads(ui.ask("GET", "/overlap/data").text)["levels"] or {"line": "", "how_many": {}}


def test_start_with_the_values_of_the_form_ends_in_an_answer(tmp_path: Path) -> None:
    with web_ui(tmp_path, *WANTED, "--budget", "25") as ui:
        assert ui.swarm(user_count=1, spawn_rate=1)["success"]
        until(lambda: "1 user" in levels(ui)["line"])
        until(lambda: file_of(ui.prefix, "report.md").exists(), 60)
        found, report = levels(ui)["how_many"], report_of(ui.prefix)
    assert report["how_many"]["carries"] == 2, report["answer"]
    assert found["carries"] <= 2
    assert report["answer"].startswith("Carries 2 at a time.")


def test_the_number_grows_as_a_person_adds_users(tmp_path: Path) -> None:
    with web_ui(tmp_path, *WANTED) as ui:
        assert ui.swarm(plan="free", user_count=2)["success"]
        until(lambda: levels(ui)["how_many"].get("carries") == 2, 60)
        assert "carries at least 2 so far" in levels(ui)["line"]
        assert ui.swarm(plan="how-many")["message"] == "the plan free is running; stop it first"
        assert ui.swarm(plan="free", user_count=6)["success"]
        until(lambda: "6 users: 0 of" in levels(ui)["line"] or "not shown" in levels(ui)["line"], 60)
        ui.ask("POST", "/stop")
        until(lambda: file_of(ui.prefix, "report.md").exists())
        report = report_of(ui.prefix)
        assert {v["users"] for v in manifest_of(ui.prefix)["visits"]} >= {2, 6}
        assert report["verdict"] is None
        assert report["how_many"]["carries"] == 2
        again = json.loads(ui.ask("GET", "/overlap/data").text)["levels"]["how_many"]
        assert again["carries"] == 2
