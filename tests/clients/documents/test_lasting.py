"""How long a document holds, what becomes of its app when it is gone, and who else may stop the app."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import select

from app import clock
from app.clients.documents import kept as keeping
from app.clients.life import delete_client, resume_client, suspend_client
from app.clients.models import Client, ClientDocument, find_record
from app.extensions import db
from tests.actors import Browser
from tests.clients.documents.conftest import HONEST, URL


@pytest.fixture
def operate(app):
    """Do something to the app as an operator would."""

    def operate(act) -> None:
        with app.app_context():
            act(db.session(), find_record(db.session(), URL), actor_user_id=None)
            db.session.commit()

    return operate


@pytest.fixture
def hang_up(document_hosts, monkeypatch):
    """Let the app's host answer nothing any more, in one of several ways."""

    def hang_up(how: str) -> None:
        if how == "5xx":
            document_hosts.serve(URL, HONEST, status=503)
        elif how == "429":
            document_hosts.serve(URL, HONEST, status=429)
        else:
            monkeypatch.setattr(document_hosts, "connect", time_out)

    def time_out(address: str, seconds: float):
        document_hosts.connections.append(address)
        raise TimeoutError

    return hang_up


# -- fresh, old, too old ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ({}, 5),
        ({"cache_control": "no-store"}, 5),
        ({"cache_control": "max-age=3600"}, 60),
        ({"cache_control": "max-age=999999"}, 24 * 60),
    ],
    ids=str,
)
def test_it_is_kept_as_its_headers_say_between_five_minutes_and_a_day(
    claude, serve, signed_in, let_time_pass, document_hosts, said, minutes
):
    """ "SHOULD respect HTTP cache headers … MAY define its own upper and/or lower bounds"."""
    serve(headers=said)
    claude.start(signed_in)
    let_time_pass(minutes=minutes, seconds=-5)
    claude.start(signed_in)
    assert len(document_hosts.requests) == 1
    let_time_pass(seconds=10)
    claude.start(signed_in)
    assert len(document_hosts.requests) == 2


def test_what_the_document_says_anew_holds_from_then_on(claude, serve, join, signed_in, kept, let_time_pass):
    tokens = join(signed_in)
    serve(client_name="Claude Code Two", redirect_uris=["http://localhost/callback", "http://localhost/other"])
    let_time_pass(minutes=6)
    assert "Claude Code Two" in claude.start(signed_in).text
    client, _ = kept()
    assert (client.name, client.version) == ("Claude Code Two", 2)
    assert claude.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("how", ["5xx", "429", "timeout"])
def test_the_last_good_one_serves_for_a_day(claude, join, signed_in, hang_up, let_time_pass, document_hosts, how):
    join(signed_in)
    hang_up(how)
    let_time_pass(minutes=6)
    assert claude.start(signed_in).status_code == 200
    # A host that is down is not asked by each who comes.
    asked = len(document_hosts.connections)
    assert claude.start(signed_in).status_code == 200 and len(document_hosts.connections) == asked
    let_time_pass(hours=23, minutes=50)
    assert claude.start(signed_in).status_code == 200 and len(document_hosts.connections) == asked + 1
    let_time_pass(minutes=20)
    page = claude.start(signed_in)
    assert page.status_code == 400 and "We could not find out who this app is" in page.text


def test_an_app_that_was_never_known_gets_no_benefit_of_that(claude, signed_in, hang_up, kept):
    """ "MUST NOT cache error responses": the next one asks again."""
    hang_up("5xx")
    assert claude.start(signed_in).status_code == 400 and kept() is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "https://other.example/"},
        {"client_secret": "x"},
        {"redirect_uris": []},
    ],
    ids=str,
)
def test_a_document_that_is_wrong_now_stops_new_requests_and_changes_nothing(
    claude, serve, join, signed_in, kept, let_time_pass, wrong
):
    """ "MUST NOT cache documents which are invalid or malformed"; what people have allowed goes on."""
    tokens = join(signed_in)
    before = kept()[0].redirect_uris
    serve(**wrong)
    let_time_pass(minutes=6)
    assert claude.start(signed_in).status_code == 400
    assert kept()[0].redirect_uris == before
    assert claude.refresh(tokens["refresh_token"]).status_code == 200
    serve()
    assert claude.start(signed_in).status_code == 200


# -- withdrawn -------------------------------------------------------------------------------------


def test_a_document_that_was_read_by_a_clock_ahead_is_read_again_when_that_is_put_right(
    app, claude, serve, join, signed_in, kept
):
    """It would not be for as long, and its app would go on for a year after its host has let go of it."""
    join(signed_in)
    with app.app_context():
        document = db.session.scalars(select(ClientDocument)).one()
        for name in ("read_at", "fresh_until", "good_until"):
            setattr(document, name, getattr(document, name) + timedelta(days=365))
        db.session.commit()
    serve(status=404)
    assert claude.start(signed_in).status_code == 400
    assert kept()[0].status == "suspended"
    serve()
    assert claude.start(signed_in).status_code == 200
    with app.app_context():
        assert db.session.scalar(select(ClientDocument.read_at)) < clock.now()


@pytest.mark.parametrize("status", [404, 410])
def test_a_document_that_is_gone_stops_its_app_at_once(claude, serve, join, signed_in, kept, let_time_pass, status):
    """With all its tokens; what the person allowed stays where they can see it, and goes on when the document is back."""
    tokens = join(signed_in)
    serve(status=status)
    let_time_pass(minutes=6)
    page = claude.start(signed_in)
    assert page.status_code == 400 and "claude.example does not know this app any more" in page.text
    refused = claude.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json["error"]) == (401, "invalid_client")
    assert not claude.is_alive(tokens["access_token"])
    assert "Claude Code" in signed_in.get("/account/apps/").text
    assert kept()[0].status == "suspended"

    serve()
    assert claude.start(signed_in).status_code == 200
    assert kept()[0].status == "active"
    assert claude.refresh(tokens["refresh_token"]).status_code == 200


def test_a_withdrawn_app_is_not_let_in_because_its_host_is_down(claude, serve, signed_in, hang_up, let_time_pass):
    claude.start(signed_in)
    serve(status=410)
    let_time_pass(minutes=6)
    assert claude.start(signed_in).status_code == 400
    hang_up("5xx")
    page = claude.start(signed_in)
    assert page.status_code == 400 and "We could not find out who this app is" in page.text


def test_a_request_that_waits_while_the_document_goes_is_not_answered(claude, serve, signed_in, let_time_pass):
    page = signed_in.follow(signed_in.submit(claude.start(signed_in), press="Continue", selection="all"))
    serve(status=404)
    let_time_pass(minutes=6)
    assert "does not know this app any more" in signed_in.submit(page, press="Authorize").text


# -- the operator ----------------------------------------------------------------------------------


def test_an_app_that_the_operator_suspended_stays_so_whatever_its_document_says(
    claude, join, signed_in, operate, let_time_pass, document_hosts
):
    """Its host is not even asked."""
    tokens = join(signed_in)
    operate(suspend_client)
    let_time_pass(minutes=6)
    page = claude.start(signed_in)
    assert page.status_code == 400 and "is switched off for now" in page.text
    assert claude.refresh(tokens["refresh_token"]).status_code == 401
    assert document_hosts.requests == [URL]
    operate(resume_client)
    assert claude.start(signed_in).status_code == 200 and len(document_hosts.requests) == 2
    assert claude.refresh(tokens["refresh_token"]).status_code == 200


def test_suspended_while_it_was_withdrawn_it_does_not_come_back_with_its_document(
    claude, serve, signed_in, operate, kept, let_time_pass
):
    claude.start(signed_in)
    serve(status=404)
    let_time_pass(minutes=6)
    claude.start(signed_in)
    operate(suspend_client)
    serve()
    assert "is switched off for now" in claude.start(signed_in).text
    operate(resume_client)
    # The operator has let it go on, and its own host has not yet.
    assert kept()[0].status == "suspended"
    assert claude.start(signed_in).status_code == 200
    assert kept()[0].status == "active"


def test_suspended_while_its_document_is_fetched_it_stays_suspended(
    claude, serve, signed_in, operate, kept, let_time_pass, document_hosts
):
    claude.start(signed_in)
    serve(status=404)
    let_time_pass(minutes=6)
    claude.start(signed_in)
    serve()
    answer = document_hosts.host("claude.example").answers["/oauth/client.json"]

    def suspend_and_answer(connection, is_over):
        operate(suspend_client)
        connection.sendall(answer.written())

    document_hosts.serve(URL, suspend_and_answer)
    assert "is switched off for now" in claude.start(signed_in).text
    assert kept()[0].status == "suspended"


def test_resuming_does_not_bring_back_what_its_own_host_has_withdrawn(
    claude, serve, join, signed_in, operate, kept, let_time_pass
):
    tokens = join(signed_in)
    serve(status=404)
    let_time_pass(minutes=6)
    claude.start(signed_in)
    operate(resume_client)
    assert kept()[0].status == "suspended"
    assert claude.refresh(tokens["refresh_token"]).status_code == 401


def test_a_host_that_is_denied_later_gets_no_further_token(
    app, claude, join, signed_in, monkeypatch, document_hosts, change_settings
):
    """The access token lives on for what is left of its hour; suspending the app ends that, too."""
    tokens = join(signed_in)
    monkeypatch.setattr(app.extensions["services"].fetcher, "_denied", ("*.example",))
    page = claude.start(signed_in)
    assert page.status_code == 403 and "Apps of claude.example are not let in here" in page.text
    refused = claude.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json["error"]) == (401, "invalid_client")
    assert document_hosts.requests == [URL]


def test_an_app_that_was_deleted_begins_anew_with_its_document(claude, join, signed_in, operate, kept):
    """Its tokens and what it was allowed are gone; the person's history still names it."""
    tokens = join(signed_in)
    key = kept()[0].key
    operate(delete_client)
    assert claude.refresh(tokens["refresh_token"]).status_code == 401
    page = claude.start(signed_in)
    assert page.status_code == 200 and "authorized it before" not in page.text
    assert kept()[0].key == key
    assert join(signed_in)["grant_id"] != tokens["grant_id"]
    assert claude.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


# -- how often, how many ---------------------------------------------------------------------------


def test_five_a_minute_for_each_person(app, claude, serve, signed_in, bob):
    """One too many gets a page, and when to come back; others go on."""
    urls = [f"https://claude.example/{n}.json" for n in range(6)]
    for url in urls:
        serve(url)

    def start(browser, url):
        return type(claude)(app, url, None, claude.redirect_uri, claude.scope).start(browser)

    assert [start(signed_in, url).status_code for url in urls] == [200] * 5 + [429]
    page = start(signed_in, urls[5])
    assert 0 < int(page.headers["Retry-After"]) <= 60 and "Please wait a minute" in page.text
    assert page.headers.getlist("Content-Type") == ["text/html; charset=utf-8"]
    # What is known already needs nothing to be asked.
    assert start(signed_in, urls[0]).status_code == 200
    other = Browser(app)
    other.sign_in(bob.email, bob.password)
    assert start(other, urls[5]).status_code == 200


def test_whoever_has_asked_too_often_still_comes_from_an_app_that_was_known(
    app, claude, serve, signed_in, let_time_pass
):
    claude.start(signed_in)
    let_time_pass(minutes=6)
    for n in range(5):
        serve(f"https://claude.example/{n}.json")
        type(claude)(app, f"https://claude.example/{n}.json", None, claude.redirect_uri, claude.scope).start(signed_in)
    assert claude.start(signed_in).status_code == 200


def test_a_third_at_once_is_told_to_try_again_in_a_moment(app, claude, serve, signed_in, document_hosts, people):
    """At once, and without a place taken; who was known before goes on."""
    is_asked, may_answer = [Event(), Event()], Event()

    def slow(n):
        def answer(connection, is_over):
            is_asked[n].set()
            may_answer.wait(20)

        return answer

    slow_urls = [f"https://slow{n}.example/x" for n in range(2)]
    for n, url in enumerate(slow_urls):
        document_hosts.serve(url, slow(n))
    with ThreadPoolExecutor(2) as threads:
        waiting = [
            threads.submit(type(claude)(app, url, None, claude.redirect_uri, claude.scope).start, browser)
            for url, browser in zip(slow_urls, people, strict=True)
        ]
        assert all(one.wait(20) for one in is_asked)
        page = claude.start(signed_in)
        may_answer.set()
        assert page.status_code == 503 and "Please try again in a moment" in page.text
        assert int(page.headers["Retry-After"]) > 0
        assert page.headers.getlist("Content-Type") == ["text/html; charset=utf-8"]
        assert [one.result().status_code for one in waiting] == [400, 400]
    assert signed_in.get(page_action(page)).status_code in (200, 303)


def page_action(page) -> str:
    """Where "Try again" leads."""
    return page.text.split('">Try again')[0].rpartition('href="')[2].replace("&amp;", "&")


@pytest.fixture
def people(app, alice, bob) -> list[Browser]:
    browsers = [Browser(app), Browser(app)]
    for browser, person in zip(browsers, (alice, bob), strict=True):
        browser.enter(person)
    return browsers


def test_robots_make_room_for_others(app, claude, join, signed_in, serve, kept, monkeypatch):
    """There are no more than so many that nobody has allowed anything; one that is used stays."""
    monkeypatch.setattr(keeping, "MOST_UNUSED", 2)
    monkeypatch.setattr(keeping, "_MOST_AT_ONCE", 1)
    join(signed_in)
    urls = [f"https://claude.example/{n}.json" for n in range(4)]
    for url in urls:
        serve(url)
        type(claude)(app, url, None, claude.redirect_uri, claude.scope).start(signed_in)
    assert [kept(url) is not None for url in [URL, *urls]] == [True, False, False, True, True]


def test_one_that_nobody_wrote_down_as_good_is_older_than_what_stands(app, claude, signed_in, kept, serve):
    """Two read it at once: what was read first does not replace what was read later."""
    claude.start(signed_in)
    _, document = kept()
    assert document.good_until - document.fresh_until == timedelta(days=1)
    with app.app_context():
        db.session.get(ClientDocument, document.client_key).read_at = clock.now() + timedelta(hours=1)
        db.session.get(ClientDocument, document.client_key).fresh_until = clock.now()
        db.session.commit()
    serve(client_name="Earlier")
    claude.start(signed_in)
    with app.app_context():
        assert db.session.get(Client, document.client_key).name == "Claude Code"
