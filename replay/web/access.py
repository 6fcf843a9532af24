"""Who may use the web UI: this machine's own pages, and others only with a login."""

import hmac
import math
import os
import secrets
import time
from argparse import Namespace
from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import gevent
from flask import Blueprint, Flask, Request, Response, redirect, request, session, url_for
from flask_login import UserMixin, login_user
from gevent.lock import BoundedSemaphore

from analysis.errors import ScenarioError
from replay.checks.local_ports import refuse_shut_port
from replay.output import log

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ANY_HOST = ("", "*", "0.0.0.0", "::")
PASSWORD = "PORTLAP_WEB_PASSWORD"
SAME_SITE = ("same-origin", "none")  # as browsers mark our own pages and a typed address
USER_NAME = "portlap"
WRONG_PASSWORD_S = 1.0  # that a wrong guess takes; those from one source wait for each other
CLASSES_STAY = "targets come from the scenario and stay as they are"
AGAIN_S = 10.0  # between two lines about the same
MOST_GUESSES = 20  # of one source that wait; more are not looked at
NETWORK_BITS = {4: 32, 6: 64}  # of an address: one source has a whole network of IPv6


class Owner(UserMixin):  # type: ignore[misc]
    """Who knows the password."""

    def get_id(self) -> str:
        return USER_NAME


def check_options(options: Namespace) -> None:
    """Raises ScenarioError if strangers could use the web UI, or if it could not be used at all."""
    host, port = options.web_host, options.web_port
    if host not in LOOPBACK and not options.web_login:
        raise ScenarioError(
            f"--web-host {host or '*'}: others could start load from here; add --web-login "
            f"and export {PASSWORD}"
        )
    if options.web_login and not os.environ.get(PASSWORD):
        raise ScenarioError(f"--web-login: no password is set; export {PASSWORD}")
    refuse_shut_port("--web", host, port)


def address(options: Namespace) -> str:
    """Where a browser on this machine finds the page."""
    scheme = "https" if options.tls_cert and options.tls_key else "http"
    host = "127.0.0.1" if options.web_host in ANY_HOST else options.web_host
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{options.web_port}{options.web_base_path}/"


def guard(app: Flask, options: Namespace) -> None:
    """403 for every `/user` call, a foreign Origin, and a Host that is neither loopback nor the one given."""
    last_s = -math.inf

    def told() -> None:
        """Locust's dialog closes as if it had saved: the tab *Logs* says that it has not, now and then."""
        nonlocal last_s
        if time.monotonic() - last_s > AGAIN_S:
            last_s = time.monotonic()
            log.warning(f"nothing was saved: {CLASSES_STAY}")

    hosts = {*LOOPBACK, options.web_host.strip("[]").lower()}
    pages = (f"{options.web_base_path}/", f"{options.web_base_path}/login")
    locust = app.wsgi_app

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = Request(environ)
        why = _why_stranger(asked, hosts, pages)
        if asked.path.rstrip("/").endswith("/user"):
            if why is None and asked.method == "POST":
                told()
            why = CLASSES_STAY
        if why is None:
            return locust(environ, start_response)
        return Response(f"portlap: {why}\n", 403, mimetype="text/plain")(environ, start_response)

    # careful: not before_request, for flask_cors would put its `Allow-Origin: *` on the refusals too
    app.wsgi_app = guarded  # type: ignore[method-assign]


def _why_stranger(asked: Request, hosts: set[str], pages: tuple[str, ...]) -> str | None:
    host = asked.headers.get("Host", "")
    if not _name_of(host) or _name_of(host) not in hosts:
        return "start it with --web-host and the name or address you use here"
    origin = asked.headers.get("Origin")
    if origin is not None and origin.lower() != f"{asked.scheme}://{host}".lower():
        return "requests of other pages are refused"
    is_link = asked.headers.get("Sec-Fetch-Dest") == "document" and asked.method == "GET"
    is_own = asked.headers.get("Sec-Fetch-Site", "none") in SAME_SITE
    return None if is_own or (is_link and asked.path in pages) else "requests of other pages are refused"


def _name_of(host: str) -> str:
    """`[::1]:8089` and `localhost:8089` without their port; empty if it is no host."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class Guesses:
    """The wrong passwords of one source: each takes its time, one after the other."""

    def __init__(self) -> None:
        self.number = 0
        self._one = BoundedSemaphore()

    def take_turn(self) -> None:
        self.number += 1
        with self._one:
            gevent.sleep(WRONG_PASSWORD_S)
        self.number -= 1


def _source(address: str) -> str:
    """Who guesses: an address, or the network of an address of IPv6."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_loopback:
        return LOOPBACK[0]
    return str(ip_network(f"{ip}/{NETWORK_BITS[ip.version]}", strict=False).network_address)


def add_login(web_ui: Any, options: Namespace) -> None:
    """The page and check behind Locust's `--web-login`: one password, from the environment."""
    web_ui.app.secret_key = secrets.token_bytes(32)
    web_ui.app.config.update(
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=bool(options.tls_cert),
    )
    web_ui.login_manager.user_loader(lambda name: Owner() if name == USER_NAME else None)
    form = {
        "inputs": [{"label": "Password", "name": "password", "is_secret": True}],
        "callback_url": f"{options.web_base_path}/login_submit",
        "submit_button_text": "Log in",
    }
    web_ui.auth_args = {"custom_form": form, "title": "portlap"}
    guesses: dict[str, Guesses] = {}  # of each source
    pages = Blueprint("portlap_login", __name__, url_prefix=options.web_base_path)

    @pages.route("/login_submit", methods=["POST"])
    def login_submit() -> Any:
        source = _source(request.remote_addr or "")
        waiting = guesses.get(source, Guesses())
        given, wanted = request.form.get("password", ""), os.environ[PASSWORD]
        if source not in LOOPBACK and waiting.number >= MOST_GUESSES:
            return Response("portlap: too many wrong passwords; wait a moment\n", 429, mimetype="text/plain")
        # careful: judged before it waits, or a hundred guessers would keep the owner out
        if hmac.compare_digest(given.encode(), wanted.encode()):
            login_user(Owner())
            return redirect(url_for("locust.index"))
        guesses[source] = waiting
        waiting.take_turn()
        if not waiting.number:
            guesses.pop(source, None)
        session["auth_error"] = "Wrong password"
        return redirect(url_for("locust.login"))

    web_ui.app.register_blueprint(pages)
