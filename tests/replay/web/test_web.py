"""The web UI of a real locust process: who may use it, what a start may change, runs one after the other."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from flask import Flask
from playwright.sync_api import expect

from analysis.errors import ScenarioError
from replay.web import access
from tests.support.browser import chromium
from tests.support.checkout import CHECKOUT
from tests.support.locusts import file_of, free_port, listens, manifest_of, report_of, rows_of, running, until

PASSWORD = {"PORTLAP_WEB_PASSWORD": "correct horse"}
SIMULATOR = {"kind": "simulator", "policy": "port-serial", "ttft_s": 0.02, "tpot_s": 0.003}
SCENARIO: dict[str, Any] = {
    "servers": [SIMULATOR, dict(SIMULATOR)],
    "targets": [{"name": "A", "server": 0}, {"name": "B", "server": 1}],
    "request": {"max_tokens": 40},
    # each longer than the 2 s for which Locust's page tells the same user count
    "phases": [{"name": "phase1", "users": 2, "rounds": 9}, {"name": "phase2", "users": 4, "rounds": 6}],
    "budget_s": 0,
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass(frozen=True)
class WebUI:
    """A locust process with its page at 127.0.0.1, and where its runs go."""

    process: subprocess.Popen[str]
    port: int
    prefix: Path

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: str = "") -> Answer:
        """One request with exactly these headers, as curl would send it, or a browser, or a stranger."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
            connection.request(method, path, body or None, {**form, **(headers or {})})
            reply = connection.getresponse()
            return Answer(reply.status, reply.headers, reply.read().decode())
        finally:
            connection.close()

    def swarm(self, **form: Any) -> dict[str, Any]:
        fields = {"user_count": 2, "spawn_rate": 10} | form
        return json.loads(self.ask("POST", "/swarm", body=urlencode(fields, doseq=True)).text)

    def state(self) -> tuple[str, int]:
        stats = json.loads(self.ask("GET", "/stats/requests").text)
        return stats["state"], stats["user_count"]


@contextmanager
def web_ui(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[WebUI]:
    """Runs until the block ends; ready once its port answers."""
    scenario, prefix = folder / "scenario.yaml", folder / "run"
    scenario.write_text(yaml.safe_dump(SCENARIO), encoding="utf-8")
    port = free_port()
    with running(
        *("--scenario", str(scenario), "--csv", str(prefix), "--web-port", str(port)), *arguments, env=env
    ) as process:
        until(lambda: process.poll() is not None or listens(port))
        yield WebUI(process, port, prefix)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebUI]:
    with web_ui(tmp_path_factory.mktemp("page"), "--class-picker") as ui:
        yield ui


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebUI]:
    """With a login, below a path of its own."""
    folder = tmp_path_factory.mktemp("locked")
    with web_ui(folder, "--web-login", "--web-base-path", "/load", env=PASSWORD) as ui:
        yield ui


CROSS_SITE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
REFUSED: dict[str, tuple[str, str, dict[str, str]]] = {
    "a call that changes user classes": ("POST", "/user", {}),
    "the same with a slash": ("POST", "/user/", {}),
    "the same with two slashes": ("POST", "//user", {}),
    "any other method there": ("GET", "/user", {}),
    "its preflight from our own page": ("OPTIONS", "/user", {"Origin": "http://127.0.0.1:PORT"}),
    "a foreign page": ("POST", "/swarm", {"Origin": "http://evil.example"}),
    "a page of another port": ("GET", "/stats/requests", {"Origin": "http://127.0.0.1:1"}),
    "a page of another scheme": ("GET", "/stats/requests", {"Origin": "https://127.0.0.1:PORT"}),
    "a page that hides its origin": ("POST", "/swarm", {"Origin": "null"}),
    "a name that was pointed at us": ("GET", "/", {"Host": "evil.example:PORT"}),
    "a name that begins like ours": ("GET", "/", {"Host": "127.0.0.1.evil.example"}),
    "a name and the same foreign origin": (
        *("GET", "/"),
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ),
    "another address of this machine": ("GET", "/", {"Host": "0.0.0.0:PORT"}),
    "no name": ("GET", "/", {"Host": ""}),
    "nonsense for a name": ("GET", "/", {"Host": "[::1"}),
    "a picture that stops the run": ("GET", "/stop", CROSS_SITE),
    "a picture that resets": ("GET", "/stats/reset", CROSS_SITE),
    "a link that stops the run": ("GET", "/stop", {**CROSS_SITE, "Sec-Fetch-Dest": "document"}),
    "a frame around our page": ("GET", "/", {**CROSS_SITE, "Sec-Fetch-Dest": "iframe"}),
    "a page of the same machine": ("POST", "/stop", {"Sec-Fetch-Site": "same-site"}),
    "a foreign page's preflight": (
        *("OPTIONS", "/swarm"),
        {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
    ),
}


@pytest.mark.parametrize("who", REFUSED)
def test_strangers_are_refused_without_a_hint(page: WebUI, who: str) -> None:
    method, path, headers = REFUSED[who]
    answer = page.ask(method, path, {k: v.replace("PORT", str(page.port)) for k, v in headers.items()})
    assert answer.status == 403, answer
    assert answer.text.startswith("portlap: ") and answer.text.count("\n") == 1
    assert "Access-Control-Allow-Origin" not in answer.headers


ALLOWED: dict[str, tuple[str, str, dict[str, str]]] = {
    "curl": ("GET", "/", {}),
    "curl, by name": ("GET", "/", {"Host": "localhost:PORT"}),
    "curl, by its IPv6 address": ("GET", "/", {"Host": "[::1]:PORT"}),
    "curl, in capitals": ("GET", "/", {"Host": "LOCALHOST:PORT"}),
    "a typed address": ("GET", "/", {"Sec-Fetch-Site": "none"}),
    "a link to our page": ("GET", "/", {**CROSS_SITE, "Sec-Fetch-Dest": "document"}),
    "our page": (
        *("GET", "/stats/requests"),
        {"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "same-origin"},
    ),
    "our page, by name": (
        *("POST", "/stats/reset"),
        {"Host": "localhost:PORT", "Origin": "http://localhost:PORT"},
    ),
}


@pytest.mark.parametrize("who", ALLOWED)
def test_our_own_pages_and_curl_are_served(page: WebUI, who: str) -> None:
    method, path, headers = ALLOWED[who]
    answer = page.ask(method, path, {k: v.replace("PORT", str(page.port)) for k, v in headers.items()})
    assert answer.status == 200, answer


@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_user_classes_stay_as_they_are_below_a_base_path(locked: WebUI, method: str) -> None:
    assert locked.ask(method, "/load/user").status == 403


def test_the_given_web_host_is_a_name_of_ours() -> None:
    app = Flask("page")
    app.add_url_rule("/", view_func=lambda: "page")
    options = Namespace(web_host="Studio.local", web_base_path="")
    access.guard(app, options)
    for host, status in {"studio.local:8089": 200, "localhost": 200, "other.local": 403}.items():
        assert app.test_client().get("/", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("arguments", "variable", "config", "plan"),
    [
        ([], "", "", "how-many"),
        (["--headless"], "", "", "phases"),
        (["--autostart"], "", "", "phases"),
        ([], "LOCUST_HEADLESS", "", "phases"),
        ([], "LOCUST_AUTOSTART", "", "phases"),
        ([], "", "headless = true", "phases"),
        (["--headful"], "", "headless = true", "how-many"),
    ],
)
def test_the_plan_how_many_is_usual_only_where_somebody_clicks(
    tmp_path: Path,
    arguments: list[str],
    variable: str,
    config: str,
    plan: str,
) -> None:
    (tmp_path / "locust.conf").write_text(config, encoding="utf-8")
    ask = (
        "from replay.options import default_plan, options_at_import; print(default_plan(options_at_import()))"
    )
    process = subprocess.run(  # a process of its own: Locust patches the one that imports it
        [sys.executable, "-c", ask, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)} | ({variable: "true"} if variable else {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert process.stdout.strip() == plan


def test_the_start_form_offers_the_plans_and_the_classes(page: WebUI) -> None:
    text = page.ask("GET", "/").text
    options = json.loads(text[text.index('"extra_options": ') + 17 :].split("}}")[0] + "}}")
    plans = ["phases", "free", "how-many"]
    assert options == {"plan": {**options["plan"], "choices": plans, "default_value": "how-many"}}, (
        "nothing but the plan can be chosen in the form"
    )
    assert '"available_user_classes": ["A", "B"]' in text
    assert '"missing_host_warning": false' in text


def test_before_a_round_has_ended_the_overlap_page_has_nothing_to_show(page: WebUI) -> None:
    assert "<title>Overlap" in page.ask("GET", "/overlap").text
    assert json.loads(page.ask("GET", "/overlap/data").text) == {"runs": []}
    assert page.ask("GET", "/overlap/files/latest/report.html").status == 404


@pytest.mark.parametrize("part", ["overlap.js", "overlap.css", "report.css"])
def test_the_overlap_page_has_its_parts_and_loads_nothing_from_elsewhere(page: WebUI, part: str) -> None:
    answer = page.ask("GET", f"/overlap/{part}")
    assert answer.status == 200 and "://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["pages.py", "..%2Faccess.py", "files/1/requests.csv", "files/0/run.json"])
def test_the_overlap_page_hands_out_nothing_but_its_parts_and_the_files_of_runs(
    page: WebUI, path: str
) -> None:
    assert page.ask("GET", f"/overlap/{path}").status == 404


def test_a_browser_shows_the_form(page: WebUI) -> None:
    with chromium() as browser:
        shown = browser.new_page()
        shown.goto(f"http://localhost:{page.port}/")
        expect(shown.get_by_text("Start new load test")).to_be_visible()
        text = shown.content()
    assert "at the same instant in turns, with a verdict" in text
    assert "no host attribute" not in text


def test_the_gear_that_saves_nothing_says_so_in_the_logs(page: WebUI) -> None:
    assert page.ask("POST", "/user", body="x=1").status == 403
    assert "nothing was saved: targets come from the scenario" in page.ask("GET", "/logs").text


@pytest.mark.parametrize(
    "form",
    [
        {"plan": "evil"},
        {"user_classes": "unknown"},
        {"plan": "phases", "run_time": "soon"},
        {"plan": "phases", "run_time": "9" * 400},
        {"plan": "free", "run_time": "9" * 400},
        {"plan": "free", "run_time": "99999h"},
        {"user_count": "many"},
        {"user_count": -1},
        {"user_count": 1_000_000_000},
        {"spawn_rate": "nan"},
    ],
    ids=str,
)
def test_a_form_that_makes_no_sense_starts_nothing(page: WebUI, form: dict[str, Any]) -> None:
    answer = page.swarm(**form)
    assert answer["success"] is False and answer["message"]
    assert page.state()[0] == "ready" or page.state() == ("stopped", 0)
    assert not file_of(page.prefix, "requests.csv").exists()


def test_a_form_cannot_start_a_command(tmp_path: Path) -> None:
    """Not even one that a scenario on this disk holds: the scenario was settled at the start."""
    mark, other = tmp_path / "mark", tmp_path / "other.yaml"
    servers = [{"kind": "command", "command": f"touch {mark} {{port}}"}]
    other.write_text(yaml.safe_dump(SCENARIO | {"targets": [{"server": 0}], "servers": servers}))
    with web_ui(tmp_path) as ui:
        form = {"scenario": str(other), "servers": json.dumps(servers), "command": servers[0]["command"]}
        assert ui.swarm(**form, plan="free")["success"]
        until(lambda: any(r["kind"] == "free" for r in rows_of(ui.prefix)))
        ui.ask("POST", "/stop")
        until(lambda: file_of(ui.prefix, "report.json").exists())
    assert not mark.exists()


def test_a_form_cannot_move_the_load_or_the_files(tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    fields = ("scenario", "target", "csv_prefix", "html_file", "json_file", "logfile", "locustfile")
    with web_ui(tmp_path) as ui:
        form = {name: str(evil) for name in fields}
        form |= {"host": "http://192.0.2.1", "web_host": "0.0.0.0", "budget": "x", "check": "true"}
        form |= {"headless": "true", "autostart": "true", "autoquit": "0", "shape_class": "x"}
        assert ui.swarm(**form, plan="free")["success"]
        until(lambda: any(r["kind"] == "free" for r in rows_of(ui.prefix)))
        ui.ask("POST", "/stop")
        until(lambda: file_of(ui.prefix, "report.json").exists())
        ui.process.terminate()
        ui.process.communicate(timeout=20)
    assert not list(tmp_path.glob("evil*"))
    assert {p.name.split("_")[0] for p in tmp_path.iterdir()} == {"run", "scenario.yaml"}
    known = {t["base_url"] for t in manifest_of(ui.prefix)["targets"]}
    assert {r["base_url"] for r in rows_of(ui.prefix)} == known and len(known) == 2


@pytest.mark.alone
def test_runs_follow_each_other_in_one_process(tmp_path: Path) -> None:
    def closed(number: int) -> Callable[[], bool]:
        return lambda: file_of(prefix_of(number), "report.md").exists() and not busy()

    def busy() -> bool:  # an impossible plan starts nothing, and says so only when nothing is going on
        return "choose" not in ui.swarm(plan="?")["message"]

    def prefix_of(number: int) -> Path:
        return ui.prefix if number == 1 else ui.prefix.with_name(f"run-{number}")

    with web_ui(tmp_path, "--class-picker") as ui:
        assert ui.swarm(user_count=4, spawn_rate=4, plan="free")["success"]
        until(lambda: any(r["kind"] == "free" for r in rows_of(ui.prefix)))
        assert ui.state() == ("running", 4)
        ui.ask("POST", "/stop")
        until(closed(1))
        first = rows_of(ui.prefix)
        assert [r["kind"] for r in first[5:9]] == ["baseline"] * 4, "solos before the first user"
        assert manifest_of(ui.prefix)["finished"]

        assert ui.swarm(plan="phases", user_count=7)["success"]
        seen = set()
        until(lambda: seen.add(ui.state()) or ui.state()[0] == "stopped", 60)  # type: ignore[func-returns-value]
        until(closed(2))
        assert {("running", 2), ("running", 4)} <= seen, "Locust's user count follows the phase"
        assert report_of(prefix_of(2))["phases"][0]["verdict"] == "fully-parallel"
        overlap = json.loads(ui.ask("GET", "/overlap/data").text)
        assert [p["verdict"] for p in overlap["phases"]] == [
            p["verdict"] for p in report_of(prefix_of(2))["phases"]
        ]
        assert (overlap["round"]["phase"], len(overlap["round"]["lanes"])) == ("phase2", 4)
        assert (overlap["status"], overlap["runs"], overlap["run"]) == ("finished", ["run", "run-2"], 2)
        assert overlap["report"]["answer"] == report_of(prefix_of(2))["answer"]
        assert ui.ask("GET", "/overlap/files/2/report.html").text.startswith("<!doctype html>")
        stats = json.loads(ui.ask("GET", "/stats/requests").text)
        (tab,) = stats["extended_stats"]
        assert {"what": "answer", "words": report_of(prefix_of(2))["answer"]} in tab["data"]
        assert {"TTFT", "ms/token alone"} <= {row["method"] for row in stats["stats"]}
        assert stats["stats"][-1]["name"] == "Aggregated" and stats["stats"][-1]["avg_content_length"] > 0
        logs = json.loads(ui.ask("GET", "/logs").text)["master"]
        assert any(f"[RESULT] {report_of(prefix_of(2))['verdict'].upper()}: " in line for line in logs), (
            "the browser shows the verdict too"
        )
        assert rows_of(ui.prefix) == first and not manifest_of(ui.prefix)["locust_witness"]

        assert ui.swarm(plan="phases", user_classes=["A"])["success"]
        until(lambda: any(r["kind"] == "burst" for r in rows_of(prefix_of(3))))
        refused = ui.swarm(user_count=3)["message"]
        assert "phases starts its own users" in refused
        shown = [json.loads(ui.ask("GET", path).text) for path in ("/stats/requests", "/logs")]
        assert all(refused in json.dumps(each) for each in shown), "Locust's dialog closes without a word"
        ui.ask("POST", "/stop")
        until(closed(3))
        assert {r["target"] for r in rows_of(prefix_of(3))} == {"A"}, "picked classes restrict the targets"
        assert manifest_of(prefix_of(3))["interrupted"] == "stopped before its end"

        assert ui.swarm(plan="free", run_time="3")["success"]
        until(closed(4))
        assert {r["target"] for r in rows_of(prefix_of(4))} == {"A", "B"}
        assert manifest_of(prefix_of(4))["finished"]


def test_a_page_on_which_nothing_was_started_leaves_no_files(tmp_path: Path) -> None:
    with web_ui(tmp_path) as ui:
        ui.process.send_signal(signal.SIGINT)
        ui.process.wait(30)
    assert list(tmp_path.glob("run*")) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--web-host", "0.0.0.0"], "--web-host 0.0.0.0: others could start load from here; add --web-login"),
        (["--web-host", "*"], "--web-host *: others could start load from here"),
        (["--web-host", "0.0.0.0", "--web-login"], "--web-login: no password is set; export PORTLAP_WEB"),
        (["--web-login"], "--web-login: no password is set; export PORTLAP_WEB_PASSWORD"),
    ],
    ids=["any address", "a star", "no password for any address", "no password"],
)
def test_a_web_ui_that_strangers_could_use_does_not_start(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    with web_ui(tmp_path, *arguments, env={"PORTLAP_WEB_PASSWORD": ""}) as ui:
        out, err = ui.process.communicate(timeout=20)
    assert (ui.process.returncode, out) == (2, "")
    assert err.count("\n") == 1 and says in err
    assert [p.name for p in tmp_path.iterdir()] == ["scenario.yaml"]


def test_a_web_port_in_use_is_stated_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = Namespace(web_host="127.0.0.1", web_port=taken.getsockname()[1], web_login=False)
        with pytest.raises(ScenarioError, match=r"--web-port \d+: in use; choose another"):
            access.check_options(options)


def log_in(ui: WebUI, password: str) -> tuple[Answer, dict[str, str]]:
    answer = ui.ask("POST", "/load/login_submit", body=urlencode({"password": password}))
    return answer, {"Cookie": (answer.headers["Set-Cookie"] or "").split(";")[0]}


PROTECTED = (
    *("/", "/stats/requests", "/swarm", "/stop", "/stats/reset", "/stats/report", "/logs", "/tasks"),
    *("/overlap", "/overlap/data", "/overlap/overlap.js", "/overlap/rounds/1/1"),
    "/overlap/files/latest/report.html",
)


@pytest.mark.parametrize("path", PROTECTED)
def test_without_a_login_every_page_leads_to_it(locked: WebUI, path: str) -> None:
    method = "POST" if path in ("/swarm", "/stop", "/stats/reset") else "GET"
    forged = {"Cookie": "session=eyJfdXNlcl9pZCI6InBvcnRsYXAifQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"}
    for headers in ({}, forged):
        answer = locked.ask(method, f"/load{path}", headers, body="user_count=1&spawn_rate=1&plan=free")
        assert answer.status == 302 and answer.headers["Location"].startswith("/load/login")
    assert not file_of(locked.prefix, "requests.csv").exists()


def test_the_login_page_has_a_password_field_that_leads_to_the_check(locked: WebUI) -> None:
    text = locked.ask("GET", "/load/login").text
    arguments = json.loads(text.split("window.authArgs = ")[1].split("\n")[0])
    assert arguments["custom_form"]["callback_url"] == "/load/login_submit"
    assert [(i["name"], i["is_secret"]) for i in arguments["custom_form"]["inputs"]] == [("password", True)]


def test_a_wrong_password_costs_a_second_and_opens_nothing(locked: WebUI) -> None:
    began_s = time.monotonic()
    answer, cookie = log_in(locked, "correct horse ")
    assert time.monotonic() - began_s >= access.WRONG_PASSWORD_S
    assert answer.status == 302 and answer.headers["Location"] == "/load/login"
    assert '"error": "Wrong password"' in locked.ask("GET", "/load/login", cookie).text
    assert locked.ask("GET", "/load/stats/requests", cookie).status == 302


def test_guesses_at_once_wait_for_each_other(locked: WebUI) -> None:
    began_s = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda guess: log_in(locked, guess), ("a", "b", "c")))
    assert time.monotonic() - began_s >= 3 * access.WRONG_PASSWORD_S


def test_the_right_password_does_not_queue_behind_wrong_ones(locked: WebUI) -> None:
    with ThreadPoolExecutor(30) as pool:
        guesses = [pool.submit(log_in, locked, f"guess {n}") for n in range(15)]
        time.sleep(0.5)
        began_s = time.monotonic()
        answer, cookie = log_in(locked, "correct horse")
        assert time.monotonic() - began_s < 1.0
        assert sum(g.done() for g in guesses) < 3, "the guessers still wait"
        assert locked.ask("GET", "/load/stats/requests", cookie).status == 200
    assert answer.status == 302


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "unix", False),
    ],
)
def test_a_source_is_an_address_or_a_network_of_ipv6(one: str, other: str, same: bool) -> None:
    assert (access._source(one) == access._source(other)) is same


def test_a_web_ui_without_a_start_leaves_no_file(tmp_path: Path) -> None:
    with web_ui(tmp_path) as ui:
        ui.process.send_signal(signal.SIGINT)
        ui.process.communicate(timeout=20)
    assert ui.process.returncode == 0
    assert [p.name for p in tmp_path.iterdir()] == ["scenario.yaml"]


def test_the_right_password_opens_the_page(locked: WebUI) -> None:
    answer, cookie = log_in(locked, "correct horse")
    assert answer.status == 302 and answer.headers["Location"] == "/load/"
    assert {"HttpOnly", "SameSite=Strict"} <= set(answer.headers["Set-Cookie"].split("; "))
    assert locked.ask("GET", "/load/", cookie).status == 200
    assert json.loads(locked.ask("GET", "/load/stats/requests", cookie).text)["state"] == "ready"


def test_a_foreign_page_cannot_log_in(locked: WebUI) -> None:
    form = urlencode({"password": "correct horse"})
    headers = {"Origin": "http://evil.example"}
    assert locked.ask("POST", "/load/login_submit", headers, form).status == 403
