"""No HEAD, no prefetch and no preview has an effect, on any address."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from app.consents.models import Consent
from app.consents.receipts.log import AccessLog
from app.extensions import db
from app.guide import markdown_views
from app.http.navigation import only_by_navigation
from app.last_uses import LastUses
from app.oauth.journal.log import RequestLog
from tests.actors import Browser
from tests.onlooker import Onlooker, Rows
from tests.tables import each

#: What browsers send when they fetch a page that nobody has gone to, or draw a preview of a link.
AHEAD = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Sec-Purpose": "prefetch;anonymous-client-ip"},
    {"Purpose": "prefetch"},
    {"X-Moz": "prefetch"},
    {"X-Purpose": "preview"},
    {"Purpose": "Preview"},
]
#: And what says that something is loaded into another page.
INSIDE = [{"Sec-Fetch-Dest": dest} for dest in ("image", "iframe", "empty", "script", "embed", "object")]


@pytest.fixture
def rows(app) -> Iterator[Callable[[], Rows]]:
    """Everything in the database, and what is still to be written down."""
    onlooker = Onlooker(app, db.metadata)

    def rows() -> Rows:
        with app.app_context():
            for log in (RequestLog, AccessLog, LastUses):
                app.extensions["services"].notes.of(log).flush()
        return onlooker.read_rows()

    yield rows
    onlooker.close()


@pytest.fixture
def converted_once(monkeypatch) -> None:
    """Of the many times that the guide's pages are asked for, their text is put into Markdown once."""
    known, convert = {}, markdown_views.to_markdown

    def convert_once(html, link):
        if html not in known:
            known[html] = convert(html, link)
        return known[html]

    monkeypatch.setattr(markdown_views, "to_markdown", convert_once)


@pytest.fixture
def admin(browser, bob) -> Browser:
    browser.enter(bob)
    return browser


@pytest.fixture
def addresses(app, notebook, admin, let_time_pass, converted_once) -> list[str]:
    """Every address that answers a GET, with what belongs in it, and the steps of a request that waits."""
    code = notebook.authorize(admin)["code"]
    notebook.exchange(code)
    with app.app_context():
        grant_id = db.session.scalars(select(Consent.grant_id)).one()
    known = {"client_id": notebook.client_id, "grant_id": grant_id}
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint != "static":
            values = {name: known.get(name, "unknown") for name in rule.arguments} | (rule.defaults or {})
            with app.test_request_context():
                found.append(app.url_map.bind("127.0.0.1:8000").build(rule.endpoint, values, append_unknown=False))
    waiting = notebook.start(admin, prompt="consent").request.full_path
    found += [waiting.replace("/mementos", f"/{step}") for step in ("continue", "account", "mementos", "consent")]
    found += [waiting.replace("/consent", f"/{step}") for step in ("continue", "account", "mementos", "consent")]
    found += [notebook.authorize_url(), notebook.authorize_url("/api/v1/auth/oauth2/authorize/")]
    # So that a note of the last use would be due.
    let_time_pass(minutes=5)
    return sorted(set(found))


def test_a_head_of_any_address_writes_nothing(admin, addresses, rows):
    before = rows()
    for address in addresses:
        answer = admin.client.head(address, base_url="http://127.0.0.1:8000")
        assert answer.status_code < 500, address
        assert answer.data == b""
        assert "Set-Cookie" not in answer.headers, address
        assert rows() == before, address


@each("headers", AHEAD, ids=str)
def test_what_is_fetched_ahead_is_refused_and_writes_nothing(admin, addresses, rows, headers):
    """A status that browsers throw away, so that they ask anew when the person goes there."""
    before = rows()
    for address in addresses:
        for method in ("GET", "HEAD"):
            answer = admin.client.open(address, method=method, base_url="http://127.0.0.1:8000", headers=headers)
            if address == "/llms.txt" or address.endswith(".md"):
                # For assistants, and the same for everybody: there is nothing to write.
                assert answer.status_code == 200 and "Set-Cookie" not in answer.headers, address
            elif (
                address.startswith(("/api/", "/.well-known/", "/healthz", "/readyz", "/mcp", "/oauth/register"))
                and "authorize" not in address
            ):
                # Programs' own: nothing that a browser fetches ahead carries their token.
                assert answer.status_code < 500, address
            else:
                assert (answer.status_code, answer.headers["Cache-Control"]) == (403, "no-store"), address
                assert "Set-Cookie" not in answer.headers and "Location" not in answer.headers, address
    assert rows() == before


@each("headers", INSIDE, ids=str)
def test_what_is_loaded_into_a_page_moves_no_request_on(admin, notebook, rows, headers):
    notebook.authorize(admin)
    before = rows()
    for path in (notebook.authorize_url(), notebook.authorize_url(prompt="consent")):
        answer = admin.get(path, headers=headers)
        assert (answer.status_code, answer.location) == (403, None)
    assert rows() == before


def test_a_head_with_a_live_consent_issues_no_code(admin, notebook):
    notebook.authorize(admin)
    answer = admin.client.head(notebook.authorize_url(), base_url="http://127.0.0.1:8000")
    assert (answer.status_code, answer.location) == (200, None)


def test_a_head_on_the_way_does_not_consume_the_request(browser, alice, notebook):
    """Today the GET that follows was told that the request was answered already."""
    other = Browser(browser.client.application)
    other.enter(alice)
    notebook.authorize(other)
    page = notebook.start(browser)
    answer = browser.submit(page, email=alice.email, password=alice.password)
    browser.client.head(answer.location, base_url="http://127.0.0.1:8000")
    assert "code" in notebook.answer(browser.follow(answer))


def test_a_person_who_goes_there_is_answered(admin, notebook):
    notebook.authorize(admin)
    headers = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}
    assert "code" in notebook.answer(admin.get(notebook.authorize_url(), headers=headers))


def test_a_head_leaves_the_notice_for_whoever_reads_it(admin, notebook):
    answer = admin.end_app(notebook.tokens(admin)["grant_id"])
    admin.client.head(answer.location, base_url="http://127.0.0.1:8000")
    assert "is ended" in admin.follow(answer).text


def test_a_head_of_the_api_is_no_use_of_a_connection(app, admin, notebook, rows, let_time_pass):
    tokens = notebook.tokens(admin)
    let_time_pass(minutes=5)
    before = rows()
    for path in ("/api/me/", "/api/v1/memories/", "/api/v1/mementos/"):
        answer = app.test_client().head(path, headers={"Authorization": f"Bearer {tokens['access_token']}"})
        assert answer.status_code == 200, path
    assert rows() == before
    app.test_client().get("/api/me/", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert rows() != before


def test_every_get_of_the_authorization_is_only_for_who_goes_there(app):
    """A new step of the authorization is marked, or fails here."""
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and "authorize" in rule.rule:
            app.bring_view(rule.endpoint)
            assert hasattr(app.view_functions[rule.endpoint], only_by_navigation.__name__), rule
