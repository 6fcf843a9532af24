"""Who may use the web UI: this machine's own pages, and nobody else without a login."""

import hmac
import os
import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, redirect, request, session, url_for
from flask_login import UserMixin, login_user

from analysis.errors import ScenarioError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PASSWORD = "PORTLAP_WEB_PASSWORD"
SAME_SITE = ("same-origin", "none")  # what a browser says of our own pages and of a typed address
USER_NAME = "portlap"


class Owner(UserMixin):  # type: ignore[misc]
    """The one who knows the password."""

    def get_id(self) -> str:
        return USER_NAME


def check_options(web_host: str, web_login: bool) -> None:
    """Raises ScenarioError unless the web UI is for this machine only or asks for a password."""
    if web_host not in LOOPBACK and not web_login:
        raise ScenarioError(
            f"--web-host {web_host or '*'}: others could start load from here; add --web-login "
            f"and export {PASSWORD}"
        )
    if web_login and not os.environ.get(PASSWORD):
        raise ScenarioError(f"--web-login: no password is set; export {PASSWORD}")


def guard(app: Flask, web_host: str) -> None:
    """403 for every `/user` call, a foreign Origin, and a Host that is neither loopback nor the one given."""

    @app.before_request
    def refuse() -> tuple[str, int] | None:
        if request.path.rstrip("/").endswith("/user"):
            return "portlap: targets come from the scenario and stay as they are\n", 403
        host = _host_name(request.host)
        if host not in LOOPBACK and host != web_host:
            return "portlap: start it with --web-host and the name or address you use here\n", 403
        if request.headers.get("Sec-Fetch-Site", "none") not in SAME_SITE:
            return "portlap: requests of other pages are refused\n", 403  # `/stop` is a mere GET
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return "portlap: requests of other pages are refused\n", 403
        return None


def _host_name(host: str) -> str:
    """`[::1]:8089` and `localhost:8089` without their port."""
    return urlsplit(f"//{host}").hostname or ""


def add_login(app: Flask, web_ui: Any) -> None:
    """The page and check behind Locust's `--web-login`: one password, from the environment."""
    app.secret_key = secrets.token_bytes(32)
    app.config.update(SESSION_COOKIE_SAMESITE="Strict", SESSION_COOKIE_HTTPONLY=True)
    web_ui.login_manager.user_loader(lambda name: Owner() if name == USER_NAME else None)
    web_ui.auth_args = {"custom_form": _form()}
    pages = Blueprint("portlap_login", __name__)

    @pages.route("/login_submit", methods=["POST"])
    def login_submit() -> Response:
        given, wanted = request.form.get("password", ""), os.environ[PASSWORD]
        if hmac.compare_digest(given.encode(), wanted.encode()):
            login_user(Owner())
            return redirect(url_for("locust.index"))  # type: ignore[return-value]
        session["auth_error"] = "Wrong password"
        return redirect(url_for("locust.login"))  # type: ignore[return-value]

    app.register_blueprint(pages)


def _form() -> dict[str, Any]:
    return {
        "inputs": [{"label": "Password", "name": "password", "is_secret": True}],
        "callback_url": "/login_submit",
        "submit_button_text": "Log in",
    }
