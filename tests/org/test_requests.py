"""The requests tab: each failure with what happened and what to do, and to nobody but the app's own people."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import delete

from app import clock
from app.accounts.models import Organization
from app.clients.models import Client
from app.database.access import expect_writes
from app.extensions import db
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import ERROR_PAGE, RequestRecord
from app.oauth.journal.told import PAGE_SIZE
from app.oauth.journal.uri_difference import compare, find_nearest
from app.oauth.refusals import REFUSALS, Reason
from tests.org.conftest import signed_in
from tests.tables import each

REGISTERED = "https://notebook.acme.example/callback"


@pytest.fixture
def page(admin, notebook):
    """The tab as Bob sees it, as text without tags."""

    def page(**query) -> str:
        response = admin.get(f"/org/oauth/{notebook.client_id}/requests", query_string=query)
        assert response.status_code == 200
        return " ".join(unescape(re.sub(r"<[^>]+>", "", response.text)).split())

    return page


@pytest.fixture
def record(app, notebook):
    """Write down a request that failed, unless changed."""

    def record(**changes) -> None:
        fields = {"client_key": notebook.client_id, "at": clock.now(), "endpoint": "token", "error": "invalid_grant",
                  "reason": Reason.CODE_EXPIRED}  # fmt: skip
        with app.app_context():
            db.session.add(RequestRecord(**fields | changes))
            db.session.commit()

    return record


# -- what the page tells ---------------------------------------------------------------------------


def test_without_a_request_the_page_says_how_to_make_one(page):
    assert "No requests yet" in page()
    assert "open the ready authorize URL under Credentials" in page()


def test_a_resource_server_that_asks_nobody_is_not_told_to(app, page, notebook):
    """It has no address to open, and no device either."""
    with app.app_context():
        client = db.session.get_one(Client, notebook.client_id)
        client.redirect_uris = []
        db.session.commit()
    assert "No requests yet" in page() and "To see one now" not in page()


def test_a_request_is_on_the_page_at_once(page, browser, alice, notebook):
    browser.enter(alice)
    tokens = notebook.tokens(browser)
    notebook.refresh(notebook.refresh(tokens["refresh_token"]).json["refresh_token"])
    notebook.refresh(tokens["refresh_token"])

    shown = page()

    assert "Token refresh_token invalid_grant" in shown
    assert "The refresh token was used before" in shown
    assert "Fix: Store the new refresh_token of every answer" in shown
    assert shown.count("Succeeded") == 4
    assert "The person came back to your app with a code." in shown
    assert "Alice" not in shown


@each("reason", Reason)
def test_every_reason_has_a_sentence_and_a_fix(page, record, reason):
    record(reason=reason, detail="A sentence about a parameter.", scope="memories:reed")
    happened, fix = REFUSALS[reason].happened, REFUSALS[reason].fix
    shown = page()
    assert f"Fix: {'Did you mean memories:read? ' if reason == Reason.SCOPE_UNKNOWN else ''}{fix}" in shown
    names = ": memories:reed" if "%(names)s" in happened else ""
    assert happened % {"detail": "A sentence about a parameter.", "names": names} in shown
    assert "%(" not in shown
    assert all(sentence.endswith((".", ")s")) for sentence in (happened, fix))


def test_a_password_grant_is_told_that_there_is_none(page, notebook):
    notebook.client_credentials(grant_type="password")
    assert "There is no password grant here" in page()


def test_a_scope_that_may_not_be_shown_is_not_named(page, notebook):
    notebook.client_credentials(scope="0123456789abcdef")
    assert "The scope holds a name that does not exist here." in page()
    assert "0123456789abcdef" not in page()


def test_a_scope_of_others_is_named_and_one_that_is_registered_is_not(app, page, notebook):
    with app.app_context():
        db.session.get_one(Client, notebook.client_id).scope = "memories:read"
        db.session.commit()
    notebook.client_credentials(scope="memories:read memories:write")
    assert "that this app is not registered for: memories:write." in page()


def test_a_scope_that_has_been_registered_since_is_to_be_tried_again(app, page, notebook):
    """After the repair the line must not still say that it is missing under Settings."""
    for scope in ("memories:read", "memories:read memories:write"):
        with app.app_context():
            db.session.get_one(Client, notebook.client_id).scope = scope
            db.session.commit()
        if scope == "memories:read":
            notebook.client_credentials(scope="memories:read memories:write")
            assert "Fix: Tick it under Settings" in page()
    assert "Fix: It is registered by now: try again." in page()


def test_what_was_sent_is_text_and_no_markup(admin, browser, notebook):
    browser.get(notebook.authorize_url(redirect_uri="https://x.example/<script>alert(1)</script>"))
    shown = admin.get(f"/org/oauth/{notebook.client_id}/requests").text
    assert "<script>alert" not in shown
    assert "&lt;" in shown


# -- redirect_uri_mismatch -------------------------------------------------------------------------


def test_sent_and_registered_stand_above_each_other_with_the_difference_marked(admin, browser, notebook, page):
    browser.get(notebook.authorize_url(redirect_uri="http://notebook.acme.example/Callback"))
    shown = admin.get(f"/org/oauth/{notebook.client_id}/requests").text
    assert "<code>http<mark></mark>://notebook.acme.example/<mark>C</mark>allback</code>" in shown
    assert "<code>http<mark>s</mark>://notebook.acme.example/<mark>c</mark>allback</code>" in shown
    assert "Authorize redirect_uri_mismatch" in page()
    assert "Register exactly this address under Settings" in page()


def test_an_address_that_has_been_registered_since_is_to_be_tried_again(app, browser, notebook, page):
    browser.get(notebook.authorize_url(redirect_uri=REGISTERED + "/"))
    assert "Registered" in page()
    with app.app_context():
        db.session.get_one(Client, notebook.client_id).redirect_uris = [REGISTERED, REGISTERED + "/"]
        db.session.commit()
    assert "Fix: It is registered by now: try again." in page()
    assert "Differs" not in page()


def test_a_code_with_another_address_is_shown_beside_the_one_it_was_asked_with(page, browser, alice, notebook):
    browser.enter(alice)
    notebook.exchange(notebook.code(browser), redirect_uri=REGISTERED + "/")
    assert f"Sent {REGISTERED}/ Asked with {REGISTERED} Differs the sent one ends with a slash" in page()


@each(
    ("sent", "words"),
    [
        (REGISTERED + "/", ["the sent one ends with a slash, the registered one does not"]),
        (REGISTERED[:-1], ["another path"]),
        ("http://notebook.acme.example/callback", ["the sent one has http instead of https"]),
        ("notebook.acme.example/callback", ["the sent one does not begin with https://"]),
        ("https://notebook.acme.example:8443/callback", ["another port: 8443 instead of none"]),
        ("https://www.notebook.acme.example/callback", ["the sent one begins with www."]),
        ("https://notebook.example/callback", ["another host"]),
        ("https://Notebook.acme.example/callback", ["only upper and lower case differ, and they count"]),
        ("https://notebook.acme.example/Callback?a", ["upper and lower case differ in the path, and they count",
                                                      "the sent one has a query (what follows “?”), the registered one has none"]),
        (REGISTERED + "#x", ["the sent one has a fragment (what follows “#”)"]),
        (REGISTERED + " ", ["the sent one has a space before or after it"]),
        (REGISTERED.replace(":", "%3A").replace("/", "%2F"), ["the sent one was percent-encoded once too often"]),
    ],
)  # fmt: skip
def test_what_differs_is_said_in_words(sent, words):
    assert compare(sent, REGISTERED).words == words


@each(
    ("sent", "registered", "words"),
    [
        ("http://localhost:1/", "http://127.0.0.1:1/", ["localhost and 127.0.0.1 are two addresses here"]),
        ("http://[::1]:1/", "http://[::1]:2/", ["another port: 1 instead of 2"]),
        ("https://a.example/", "https://www.a.example/", ["the registered one begins with www."]),
        ("https://a.example", "https://a.example/", ["the registered one ends with a slash, the sent one does not"]),
        ("https://a.example/?b=c", "https://a.example/?b=d", ["another query (what follows “?”)"]),
        (
            "https://a.example/",
            "https://a.example/?b",
            ["the registered one has a query (what follows “?”), the sent one has none"],
        ),
        ("", "https://a.example/", ["the sent one does not begin with https://"]),
        ("://", "https://a.example/", ["the sent one does not begin with https://"]),
    ],
)
def test_the_registered_one_may_differ_too(sent, registered, words):
    assert compare(sent, registered).words == words


@each("sent", [REGISTERED + "/", "http://x.example", "", "\N{WAVING HAND SIGN}", "a" * 2000])
def test_the_pieces_are_the_addresses(sent):
    difference = compare(sent, REGISTERED)
    assert "".join(piece.text for piece in difference.sent) == sent
    assert "".join(piece.text for piece in difference.registered) == REGISTERED
    same = [[piece for piece in pieces if not piece.differs] for pieces in (difference.sent, difference.registered)]
    assert same[0] == same[1]


def test_the_nearest_is_the_one_that_was_meant():
    registered = [REGISTERED, "http://127.0.0.1:8400/callback", "com.acme.notebook:/callback"]
    for uri in registered:
        assert find_nearest(uri.upper() + "/", registered) == uri
    assert find_nearest("http://notebook.acme.example/callback/", registered) == REGISTERED
    assert find_nearest("https://x.example/", []) is None


# -- which, and how many ---------------------------------------------------------------------------


def test_failures_can_be_looked_at_alone(page, notebook):
    notebook.client_credentials()
    assert "No request has failed." in page(show="failed")
    notebook.client_credentials(scope="unknown")
    assert "All (2) Failed (1)" in page(show="failed")
    assert "Succeeded" not in page(show="failed")
    assert "Succeeded" in page()


def test_more_than_a_page_goes_on(page, record):
    for _ in range(PAGE_SIZE):
        record()
    assert "Older" not in page()
    record(reason=Reason.CODE_USED)
    assert "Older" in page(show="failed")
    assert "redeemed before" in page() and "redeemed before" not in page(page="2")
    for number in ("2", "3", "9999"):
        assert "Newer" in page(page=number) and "Older" not in page(page=number)
    for number in ("0", "x", "-1", "99999999999999999999", "²"):
        assert "Older" in page(page=number)


def test_what_is_older_than_thirty_days_is_not_shown(page, record):
    record(at=clock.now() - timedelta(days=31))
    assert "No requests yet" in page()
    record(at=clock.now() - timedelta(days=29))
    assert "All (1)" in page()


def test_a_database_that_cannot_be_written_to_does_not_hide_the_page(app, page, notebook, record, monkeypatch, caplog):
    record()
    notebook.client_credentials()
    with monkeypatch.context() as patch:
        patch.setattr("app.oauth.journal.log._write", lambda _engine, _notes: 1 / 0)
        assert "The code had expired" in page()
    assert "The requests of apps could not be written down" in caplog.text
    assert "Your app got a token." in page()


@pytest.mark.parametrize("owner", [Client, Organization])
def test_an_app_that_is_deleted_while_the_notes_are_written_is_not_found(app, admin, notebook, monkeypatch, owner):
    def delete_meanwhile(_log) -> None:
        with app.app_context(), expect_writes():
            db.session.execute(delete(owner).where(owner.name.in_(["Acme Notebook", "Acme"])))
            db.session.commit()

    monkeypatch.setattr(RequestLog, "flush_if_possible", delete_meanwhile)
    assert admin.get(f"/org/oauth/{notebook.client_id}/requests").status_code == 404


def test_another_apps_requests_are_not_among_them(page, pocket, notebook, browser):
    pocket.refresh("unknown")
    browser.get(pocket.authorize_url(redirect_uri=None))
    assert "No requests yet" in page()


def test_a_member_reads_and_another_organization_sees_nothing(app, alice, carol, notebook):
    notebook.client_credentials(scope="unknown")
    path = f"/org/oauth/{notebook.client_id}/requests"
    assert "invalid_scope" in signed_in(app, alice).get(path).text
    assert signed_in(app, carol).get(path).status_code == 404


def test_an_error_page_has_no_error_on_the_wire(page, record):
    record(endpoint="authorize", error=ERROR_PAGE, reason=Reason.CLIENT_SUSPENDED)
    assert "Authorize client_suspended" in page()
    assert ERROR_PAGE not in page()
