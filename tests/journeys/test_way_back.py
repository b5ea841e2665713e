"""The way back to the app, in a real browser: whatever the callback's scheme, and wherever it leads on to."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page

from app.accounts.organizations import create_organization
from app.accounts.users import register_user
from app.clients.registration import register_client
from app.config import settings
from app.extensions import db
from tests.journeys.walk import enter, follow

PRIVATE = "com.example.app:/cb"
EMAIL, PASSWORD = "dora@home.example", "the password of Dora Dorn"


# -- the app's side --------------------------------------------------------------------------------


@contextmanager
def listening(answer: Callable, *, certificate: Path | None = None) -> Iterator[int]:
    """A little web server on loopback that answers GET by ``answer(handler)``; its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        def log_message(self, *_args):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as listener:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            listener.socket = context.wrap_socket(listener.socket, server_side=True)
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield listener.server_port
        listener.shutdown()
        thread.join()


def be_back(handler: BaseHTTPRequestHandler) -> None:
    """The page of the app on which the person is back."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html; charset=utf-8")
    handler.end_headers()
    handler.wfile.write(b"<!doctype html><title>Back at the app</title><h1>Back at the app</h1>")


@pytest.fixture(scope="module")
def callbacks(certificate) -> Iterator[dict[str, str]]:
    """Kind of callback -> its redirect URI."""
    with ExitStack() as running:
        http = running.enter_context(listening(be_back))
        https = running.enter_context(listening(be_back, certificate=certificate))

        def lead_home(handler: BaseHTTPRequestHandler) -> None:
            # As an app does that takes the code at one address and lives at another.
            handler.send_response(302)
            handler.send_header("Location", f"http://app.localhost:{http}/home?{urlsplit(handler.path).query}")
            handler.end_headers()

        chained = running.enter_context(listening(lead_home))
        yield {
            "http": f"http://127.0.0.1:{http}/cb",
            "https": f"https://127.0.0.1:{https}/cb",
            "private": PRIVATE,
            "chained": f"http://127.0.0.1:{chained}/cb",
        }


@pytest.fixture
def link(server, callbacks) -> Callable[[str], str]:
    """The link by which Dora's app sends her to us, by the kind of its callback. It asks for nothing to choose from."""
    with server.app.app_context():
        register_user(email=EMAIL, name="Dora Dorn", password=PASSWORD)
        client, _ = register_client(
            db.session(),
            settings(),
            organization=create_organization("Dorn"),
            name="Dora's App",
            type="confidential",
            redirect_uris=list(callbacks.values()),
            scopes=["integrations:read"],
        )
        client_id = client.client_id
        db.session.commit()

    def link(kind: str) -> str:
        asked = {"response_type": "code", "client_id": client_id, "redirect_uri": callbacks[kind], "state": "xyz"}
        return f"{server.url}/oauth/authorize?{urlencode(asked)}"

    return link


# -- the browser's side ----------------------------------------------------------------------------


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request, open_page) -> Page:
    return open_page(java_script_enabled=request.param, ignore_https_errors=True)


class Watch:
    """Where a page has asked to go, and what Chromium has complained of."""

    def __init__(self, page: Page):
        self.attempts: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.attempts.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))


def press(page: Page, name: str, kind: str) -> dict[str, str]:
    """Press the button that ends at the app, and be there; the answer that the app got."""
    watch = Watch(page)
    button = page.get_by_role("button", name=name)
    if kind == "private":
        # Nothing on this machine opens the scheme, so the page stays; that Chromium tried is what counts.
        with page.expect_event("requestfailed", lambda request: request.url.startswith(PRIVATE)):
            button.click(no_wait_after=True)
        back = next(url for url in watch.attempts if url.startswith(PRIVATE))
    else:
        follow(button)
        page.get_by_role("heading", name="Back at the app").wait_for()
        back = page.url
        if kind == "chained":
            assert "//app.localhost:" in back and urlsplit(back).path == "/home"
    assert not [text for text in watch.complaints if "Content Security Policy" in text], watch.complaints
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


@pytest.mark.parametrize("kind", ["http", "https", "private", "chained"])
def test_the_person_is_led_back_to_the_app(page, server, link, kind):
    """From the consent page, and from the sign-in of somebody who has allowed the app before."""
    enter(page, server, EMAIL)
    page.goto(link(kind))
    answer = press(page, "Authorize", kind)
    assert answer["state"] == "xyz" and answer["code"]

    page.context.clear_cookies()
    page.goto(link(kind))
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    again = press(page, "Sign in", kind)
    assert again["code"] != answer["code"]


def test_cancel_leads_back_too(page, server, link):
    enter(page, server, EMAIL)
    page.goto(link("chained"))
    assert press(page, "Cancel", "chained")["error"] == "access_denied"
