"""The addresses of the page *Overlap*: the page, its data, and the files of the runs of this process."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request, send_file

import analysis
from analysis.files.run import file_of
from replay.plan.run_state import RunState

HERE = Path(__file__).parent
REPORT_CSS = Path(analysis.__file__).parent / "report" / "writers" / "report.css"
PARTS = {name: HERE / name for name in ("overlap.css", "overlap.js")} | {"report.css": REPORT_CSS}
FILES = {  # of a run: what the page calls them
    "report.html": "report",
    "report.md": "report as Markdown",
    "report.json": "report as JSON",
    "requests.csv": "requests",
    "run.json": "what was planned and found",
}
LATEST = "latest"
# What is shown needs nothing but itself: a server's words in a report can load or run nothing
POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'"


def add_overlap_page(web_ui: Any, runs: Callable[[], Sequence[RunState]], base_path: str) -> None:
    """`/overlap` and all below it, behind the login where there is one. `runs`: oldest first."""
    pages = Blueprint("portlap_overlap", __name__, url_prefix=f"{base_path}/overlap")
    protected = web_ui.auth_required_if_enabled

    def run_of(number: str) -> tuple[int, RunState]:
        """The run of this number, from 1 on, and its number. 404 if there is none."""
        found = runs()
        place = len(found) if number == LATEST else int(number) if number.isdecimal() else 0
        if not 1 <= place <= len(found):
            abort(Response("portlap: no run has begun\n", 404, mimetype="text/plain"))
        return place, found[place - 1]

    @pages.route("")
    @protected  # type: ignore[untyped-decorator]
    def page() -> Response:
        return Response((HERE / "overlap.html").read_text(encoding="utf-8"), mimetype="text/html")

    @pages.route("/<part>")
    @protected  # type: ignore[untyped-decorator]
    def part(part: str) -> Response:
        if part not in PARTS:
            abort(404)
        return send_file(PARTS[part])

    @pages.route("/data")
    @protected  # type: ignore[untyped-decorator]
    def data() -> Response:
        """What can be seen of a run; `have`: the run and the round that the page has already."""
        found = runs()
        names = [run.recorder.prefix.name for run in found]
        if not found:
            return jsonify({"runs": names})
        place, run = run_of(request.args.get("run", LATEST))
        shown = run.live.page() | {"runs": names, "run": place, "files": _files(run)}
        if request.args.get("have") != f"{place}-{run.live.rounds_ended}" and run.live.rounds:
            shown["round"] = run.live.rounds[-1]
        return jsonify(shown)

    @pages.route("/rounds/<number>/<int:wanted>")
    @protected  # type: ignore[untyped-decorator]
    def one_round(number: str, wanted: int) -> Response:
        """A round that has ended, by its number in the run."""
        _, run = run_of(number)
        for shown in run.live.rounds:
            if shown["number"] == wanted:
                return jsonify(shown)
        abort(404)

    @pages.route("/files/<number>/<suffix>")
    @protected  # type: ignore[untyped-decorator]
    def file(number: str, suffix: str) -> Response:
        _, run = run_of(number)
        path = file_of(run.recorder.prefix, suffix)
        if suffix not in FILES or not path.exists():
            words = "portlap: this file is written at the end of the run\n"
            abort(Response(words, 404, mimetype="text/plain"))
        return send_file(path.resolve())

    @pages.after_request
    def contained(reply: Response) -> Response:
        reply.headers["Content-Security-Policy"] = POLICY
        reply.headers["Cache-Control"] = "no-store"
        return reply

    web_ui.app.register_blueprint(pages)


def _files(run: RunState) -> dict[str, str]:
    """Those that are there, by suffix."""
    prefix = run.recorder.prefix
    return {suffix: words for suffix, words in FILES.items() if file_of(prefix, suffix).exists()}
