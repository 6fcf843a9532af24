r"""A server that plants a key, tags, links, formulas and escape sequences everywhere: none acts."""

import csv
import html
import http.server
import json
import re
import stat
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from markdown_it import MarkdownIt

from tests.support.locusts import Ended, analysis, file_of, locust, phase, scenario

KEY = 'sk-SECRET/77aa+b&c"d<e-0123456789abcdef'
MODEL = (
    "=cmd|' /C calc'!A0 <script>alert(1)</script> [l](javascript:alert(1)) \x1b[31m\x1b]0;t\x07\n# H1 \u202e"
)
SPELLINGS = (
    KEY, quote(KEY, safe=""), quote(KEY, safe="").lower(), html.escape(KEY), json.dumps(KEY)[1:-1],
)  # fmt: skip


class Planting(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = 0

    def log_message(self, *_: object) -> None:
        pass

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status, f"{KEY} <script>")
        self.send_header("Content-Type", kind)
        self.send_header("Retry-After", f"<script>{KEY}")
        self.send_header("Server", f"{KEY}<script>")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self._send(404, "text/html", f"<script>{KEY}</script>".encode())
            return
        models = [{"id": MODEL, "object": "model", "owned_by": f"<script>{KEY}"}]
        self._send(200, "application/json", json.dumps({"object": "list", "data": models}).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked += 1
        if self.asked % 4 == 3:
            spelling = SPELLINGS[self.asked // 4 % len(SPELLINGS)]
            said = f"=1+1 {MODEL} refuses {spelling}, {self.headers['Authorization']} <img src=x onerror=a()>"
            self._send(500, "application/json", json.dumps({"error": {"message": said}}).encode())
            return
        chunk = {
            "id": f"<script>{KEY}",
            "model": MODEL,
            "choices": [{"index": 0, "delta": {"content": " x"}}],
        }
        last = {"model": MODEL, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        events = [json.dumps(chunk)] * 20 + [json.dumps(last), "[DONE]"]
        self._send(200, "text/event-stream", "".join(f"data: {e}\n\n" for e in events).encode())


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    folder = tmp_path_factory.mktemp("planted")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Planting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        targets = [{"name": "A", "base_url": url, "api_key_env": "PLANTED_KEY"}]
        path = scenario(folder, targets=targets, phases=[phase("p", 2, 6)])
        new = folder / "new"
        yield locust(new, "--scenario", str(path), env={"PLANTED_KEY": KEY})
        server.shutdown()


def outputs(run: Ended) -> dict[str, str]:
    """All that the run has left, and what the report prints once more."""
    files = {p.name: p.read_text(encoding="utf-8") for p in run.prefix.parent.glob("run_*")}
    again = analysis("report", str(run.prefix))
    assert "run_requests.csv" in files and "run_report.html" in files, run.err
    return files | {"stdout": run.out, "stderr": run.err, "report": again.stdout, "complaints": again.stderr}


def test_the_servers_words_were_there_to_be_shown(planted: Ended) -> None:
    errors = [r["error"] for r in planted.rows if r["error"]]
    assert len(errors) >= len(SPELLINGS) - 1 and all("refuses ***" in e for e in errors)
    assert all("cmd" in r["model"] for r in planted.rows)


def test_the_key_is_in_no_output(planted: Ended) -> None:
    for name, text in outputs(planted).items():
        for shown in (text, html.unescape(text)):
            assert "SECRET" not in shown and "0123456789abcdef" not in shown, name


def test_no_escape_sequence_is_in_any_output(planted: Ended) -> None:
    for name, text in outputs(planted).items():
        assert not set("\x1b\x07\u202e") & set(text), name


def test_no_tag_is_in_the_page(planted: Ended) -> None:
    page = file_of(planted.prefix, "report.html").read_text(encoding="utf-8")
    assert not re.search(r"<\s*(script|img|iframe)|onerror\s*=\s*a\(\)[^&]*>|javascript:alert\(1\)\"", page)
    assert "&lt;script&gt;" in page


def test_the_markdown_holds_neither_tag_nor_link(planted: Ended) -> None:
    text = file_of(planted.prefix, "report.md").read_text(encoding="utf-8")
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inner = [child for token in tokens for child in token.children or ()]
    kinds = {t.type for t in (*tokens, *inner)}
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}
    assert [t.content for t in inner if "H1" in t.content], "the heading's words stay where they were"


def test_no_cell_runs_in_a_spreadsheet(planted: Ended) -> None:
    for path in planted.prefix.parent.glob("run_*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        for cell in cells:
            assert not re.match(r"\s*[=+@]|\s*-(?!\d)", cell), (path.name, cell)


def test_files_and_folders_are_for_their_user_alone(planted: Ended) -> None:
    folder = planted.prefix.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
