"""What is said of an app that asks, as axe-core sees it: for each way in which an app is known, and a long host."""

from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest

from app import clock
from app.clients.models import DOCUMENT, DYNAMIC, Client, ClientDocument
from app.extensions import db
from app.scopes import SCOPES
from tests.integrator import s256
from tests.journeys.walk import ALICE, enter, follow

#: As long as the name of a host may be.
LONG = ".".join(["accounts", "claude", "ai", "a" * 63, "b" * 63, "c" * 63, "d" * 34, "example"])
#: what it is -> origin, client id, name, redirect URI, a sentence of the page
APPS = {
    "dynamic, loopback": (DYNAMIC, "client_loopback", "Claude Code", "http://localhost:3118/callback", "says it is"),
    "dynamic, private scheme": (
        DYNAMIC,
        "client_private",
        "Cursor",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "a program on this computer or phone that answers to cursor:",
    ),
    "dynamic, a site with a long name": (
        DYNAMIC,
        "client_long",
        "Claude",
        f"https://{LONG}/cb",
        "nobody has checked that",
    ),
    "document, proved": (
        DOCUMENT,
        "https://claude.ai/oauth/client.json",
        "Claude",
        "https://claude.ai/api/mcp/auth_callback",
        "proved to be claude.ai",
    ),
    "document, elsewhere": (
        DOCUMENT,
        "https://openai.com/client.json",
        "ChatGPT",
        "https://chatgpt.com/connector/oauth/a1b2c3",
        "says it is openai.com; the answer goes to chatgpt.com; nobody has checked whose that is",
    ),
    "document, loopback": (
        DOCUMENT,
        "https://claude.ai/oauth/claude-code.json",
        "Claude Code",
        "http://localhost:51234/callback",
        "says it is claude.ai; the answer goes to a program on this computer; we cannot check which",
    ),
}


@pytest.fixture
def links(server) -> dict[str, str]:
    """The link by which each app sends people to us. What is known of a document is fresh, so nothing is fetched."""
    links, at = {}, clock.now()
    with server.app.app_context():
        for what, (origin, client_id, name, uri, _sentence) in APPS.items():
            client = Client(
                client_id=client_id,
                origin=origin,
                name=name,
                type="public",
                redirect_uris=[uri],
                scope=" ".join(SCOPES),
                native_app=not uri.startswith("https:"),
            )
            db.session.add(client)
            db.session.flush()
            if origin == DOCUMENT:
                later = at + timedelta(hours=1)
                document = ClientDocument(client_key=client.key, read_at=at, fresh_until=later, good_until=later)
                document.registered_at = at
                db.session.add(document)
            asked = {"response_type": "code", "client_id": client_id, "redirect_uri": uri, "state": "x"}
            asked |= {"scope": "integrations:read", "code_challenge": s256("v" * 43), "code_challenge_method": "S256"}
            links[what] = f"{server.url}/oauth/authorize?{urlencode(asked, quote_via=quote)}"
        db.session.commit()
    return links


def test_how_far_an_app_is_known(look, page, server, demonstration, links):
    enter(page, server, ALICE)
    for what, link in links.items():
        look(what, link)
        assert APPS[what][-1] in page.locator(".trust").inner_text().replace("\n", " ")
    page.goto(links["document, loopback"].replace("integrations%3Aread", "memories%3Aread"))
    look("document, loopback, choose")
    assert "we cannot check which" in page.locator(".trust").inner_text()
    page.goto(links["dynamic, a site with a long name"])
    # Nobody is at the app's address, so the browser shows a page of its own; the answer was on its way all the same.
    with page.expect_event("requestfailed", lambda request: request.url.startswith(f"https://{LONG}/cb?code=")):
        page.get_by_role("button", name="Authorize").click()
    page.wait_for_url("chrome-error://**")
    with server.app.app_context():
        db.session.query(Client).filter_by(client_id="client_long").one().name = "Google"
        db.session.commit()
    look("dynamic, with another name since", links["dynamic, a site with a long name"])
    assert "This app was called “Claude” when you allowed it." in page.inner_text("main")
    look("connected apps, a long host", server.url + "/account/apps/")
    follow(page.get_by_role("main").get_by_role("link", name="Google", exact=True))
    look("an app's page, a long host")
