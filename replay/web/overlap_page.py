"""The page *Overlap* beside Locust's own: `overlap_page.html`, and the data it asks for once a second."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify

from replay.plan.live import LiveRun

PAGE = Path(__file__).with_suffix(".html")


def add_overlap_page(web_ui: Any, live: Callable[[], LiveRun], base_path: str) -> None:
    """`/overlap` and `/overlap/data`, behind the login where there is one."""
    pages = Blueprint("portlap_overlap", __name__, url_prefix=base_path)

    @pages.route("/overlap")
    @web_ui.auth_required_if_enabled  # type: ignore[untyped-decorator]
    def page() -> Response:
        return Response(PAGE.read_text(encoding="utf-8"), mimetype="text/html")

    @pages.route("/overlap/data")
    @web_ui.auth_required_if_enabled  # type: ignore[untyped-decorator]
    def data() -> Response:
        return jsonify(asdict(live()))

    web_ui.app.register_blueprint(pages)
