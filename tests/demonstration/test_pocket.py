"""Acme Pocket at ``/demonstration/``: an app like any other, on the page where a newcomer begins."""

import json
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from msgspec import structs
from sqlalchemy import func, select

from app import create_app
from app.clients.life import delete_client
from app.clients.models import Client
from app.consents.models import Consent
from app.demonstration.pocket import wire
from app.demonstration.pocket.place import CALLBACKS, CLIENT_ID
from app.demonstration.seeds import seed
from app.extensions import db
from app.memories.models import Memory
from tests.actors import Browser
from tests.tables import each

PAGE, CALLBACK = "/demonstration/", "/demonstration/callback"


# -- where it is -----------------------------------------------------------------------------------


def test_without_a_demonstration_there_is_no_such_page(browser):
    assert [browser.get(path).status_code for path in (PAGE, CALLBACK)] == [404, 404]
    assert PAGE not in browser.get("/").text


def test_a_demonstration_has_it_and_the_first_page_leads_there(browser, people):
    assert browser.get(PAGE).status_code == 200
    assert f'href="{PAGE}"' in browser.get("/").text


def test_a_server_for_the_world_has_no_such_page(settings, app, people):
    """Everybody knows the demonstration's passwords, and the page would ask by http."""
    house = create_app(structs.replace(settings, issuer="https://id.example.com"))
    assert not [rule for rule in house.url_map.iter_rules() if rule.rule.startswith(PAGE)]
    answer = house.test_client().get(PAGE)
    assert answer.status_code == 404
    with house.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("how", ["deleted", "another address"])
def test_whoever_looks_after_the_app_can_take_it_away(app, browser, people, how):
    with app.app_context():
        client = db.session.get_one(Client, CLIENT_ID)
        if how == "deleted":
            delete_client(db.session(), client, actor_user_id=None)
        else:
            client.redirect_uris = [uri for uri in client.redirect_uris if uri not in CALLBACKS]
        db.session.commit()
    assert browser.get(PAGE).status_code == 404


# -- asking ------------------------------------------------------------------------------------------


def test_the_button_sends_people_to_where_they_decide(browser, people):
    answer = browser.submit(browser.get(PAGE), press="Connect your memories")
    asked = {name: one for name, (one,) in parse_qs(urlsplit(answer.location).query).items()}
    assert urlsplit(answer.location).path == "/oauth/authorize"
    assert asked | {"state": "", "code_challenge": ""} == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": "http://127.0.0.1:8000/demonstration/callback",
        "scope": "memories:read memories:write profile",
        "state": "",
        "code_challenge": "",
        "code_challenge_method": "S256",
    }
    again = browser.submit(browser.get(PAGE), press="Connect your memories").location
    assert parse_qs(urlsplit(again).query)["state"] != [asked["state"]]
    assert browser.follow(answer).request.path == "/sign-in"


def test_it_finds_what_the_person_shares_and_nothing_else(connect):
    browser = connect(names=("Recipes",))
    page = browser.get(f"{PAGE}?q=garlic")
    assert "Connected as" in page.text and "Alice Marlow" in page.text
    assert "Fifteen-minute chickpeas with spinach" in page.text
    assert "Nothing." in browser.get(f"{PAGE}?q=heron").text


def test_it_finds_everything_of_whoever_shares_everything(connect):
    assert "Margaret Ellery" in connect(selection="all", names=()).get(f"{PAGE}?q=heron+ellery").text


def test_what_was_asked_and_answered_stands_beside_it_without_the_token(connect):
    browser = connect()
    held = json.loads(
        urlsafe_b64decode(browser.client.get_cookie("acme_pocket_8000", domain="127.0.0.1", path=PAGE).value)
    )
    page = browser.get(f"{PAGE}?q=garlic").text
    assert "GET /api/v1/memories/?q=garlic&amp;limit=5" in page and "HTTP/1.1 200 OK" in page
    assert f"Bearer rlq_at_…{held['access_token'][-4:]}" in page
    assert held["access_token"] not in page and held["refresh_token"] not in page


def test_a_note_is_kept_once_however_often_it_is_sent(app, connect):
    browser = connect()
    page = browser.get(PAGE)
    for _ in range(2):
        kept = browser.submit(page, press="Keep it in Reliquary", title="Bread <on> Friday", text="Ask for rye.")
        assert kept.status_code == 200 and "Bread &lt;on&gt; Friday</bdi>” is among your memories now" in kept.text
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(Memory.title == "Bread <on> Friday")) == 1


def test_the_address_after_a_note_leads_back_when_it_is_opened_again(browser, people):
    assert browser.get(f"{PAGE}notes").location.endswith(PAGE)


def test_whoever_leaves_writing_out_reads_why_a_note_is_not_kept(app, connect):
    browser = connect(scopes=[])
    kept = browser.submit(browser.get(PAGE), press="Keep it in Reliquary", title="Bread", text="Ask for rye.")
    assert "did not take the note" in kept.text and "needs the scope memories:write" in kept.text


# -- what comes back ---------------------------------------------------------------------------------


def test_cancelling_shares_nothing_and_is_told(app, people, by_wire):
    browser = Browser(app)
    browser.sign_in("alice@example.com", people["alice@example.com"])
    screen = browser.follow(browser.submit(browser.get(PAGE), press="Connect your memories"))
    page = browser.follow(browser.submit(screen, press="Cancel"))
    assert page.request.path == PAGE and "You cancelled" in page.text and "Connect your memories" in page.text
    assert "You cancelled" not in browser.get(PAGE).text


@pytest.fixture
def asked(browser, people, monkeypatch):
    """An honest answer to what the browser has begun; what would be redeemed is kept, not sent."""
    sent = []
    monkeypatch.setattr(wire, "_exchange", lambda *call: sent.append(call) or (400, "Bad Request", {}, "{}"))
    location = browser.submit(browser.get(PAGE), press="Connect your memories").location
    state = parse_qs(urlsplit(location).query)["state"][0]
    return {"code": "rlq_ac_" + "a" * 64, "state": state, "iss": "http://127.0.0.1:8000"}, sent


def test_an_honest_answer_is_redeemed_with_its_verifier(browser, asked):
    answer, sent = asked
    page = browser.follow(browser.get(f"{CALLBACK}?{urlencode(answer)}"))
    ((_, method, path, _, body),) = sent
    assert (method, path) == ("POST", "/oauth/token")
    form = parse_qs(body)
    assert form["code"] == [answer["code"]] and len(form["code_verifier"][0]) == 64
    assert "was not let in" in page.text


@pytest.mark.parametrize(
    "change", [{"state": "x"}, {"state": ""}, {"state": "é"}, {"iss": "https://evil.example"}, {"iss": None}]
)
def test_an_answer_to_something_else_is_redeemed_never(browser, asked, change):
    """Neither somebody else's code (:rfc:`6749#section-10.12`) nor one of another server (:rfc:`9207`)."""
    answer, sent = asked
    changed = {name: value for name, value in (answer | change).items() if value is not None}
    page = browser.follow(browser.get(f"{CALLBACK}?{urlencode(changed)}"))
    assert sent == [] and "does not belong to what you began here" in page.text


def test_the_same_answer_twice_is_redeemed_once(browser, asked):
    answer, sent = asked
    for _ in range(2):
        page = browser.follow(browser.get(f"{CALLBACK}?{urlencode(answer)}"))
    assert len(sent) == 1 and "does not belong" in page.text


# -- when access changes -----------------------------------------------------------------------------


def test_a_paused_app_reads_why_and_works_again_when_it_is_resumed(app, connect):
    browser = connect()
    grant_id = re.search(r"/account/apps/(\w+)/", browser.get(PAGE).text)[1]
    of_app = f"/account/apps/{grant_id}/"
    browser.submit(browser.get(of_app), press="Pause")
    page = browser.get(PAGE)
    assert page.status_code == 200 and "paused this app" in page.text and "chickpeas" not in page.text
    assert of_app in page.text
    browser.submit(browser.get(of_app), press="Resume")
    assert "chickpeas" in browser.get(f"{PAGE}?q=garlic").text


def test_an_old_token_is_replaced_without_a_word(connect, let_time_pass):
    browser = connect()
    let_time_pass(hours=2)
    first = browser.get(f"{PAGE}?q=garlic").text
    assert "POST /oauth/token" in first and "chickpeas" in first
    again = browser.get(f"{PAGE}?q=garlic").text
    assert "POST /oauth/token" not in again and "chickpeas" in again


def test_letting_it_forget_gives_the_tokens_back(app, connect):
    browser = connect()
    held = browser.client.get_cookie("acme_pocket_8000", domain="127.0.0.1", path=PAGE)
    page = browser.follow(browser.submit(browser.get(PAGE), press="Let Acme Pocket forget you"))
    assert "has forgotten you" in page.text and "Connect your memories" in page.text
    # The tokens work no more, for whoever kept them.
    browser.client.set_cookie("acme_pocket_8000", held.value, path=PAGE, domain="127.0.0.1")
    assert "chickpeas" not in browser.get(PAGE).text
    with app.app_context():
        assert db.session.scalars(select(Consent)).one().revoked_at is None


# -- when something is wrong -------------------------------------------------------------------------


def test_a_server_that_does_not_answer_is_told_on_the_page(connect, monkeypatch):
    browser = connect()

    def fail(*_call):
        raise wire.Unreachable

    monkeypatch.setattr(wire, "_exchange", fail)
    page = browser.get(PAGE)
    assert page.status_code == 200 and "does not reach the server" in page.text
    kept = browser.submit(page, press="Keep it in Reliquary", title="a", text="b")
    assert kept.status_code == 200 and "does not reach the server" in kept.text
    assert browser.follow(browser.submit(page, press="Let Acme Pocket forget you")).status_code == 200


def test_many_pages_at_once_do_not_wait_for_each_other(server):
    """Each page's call waits for a thread of the very server that made it, which has four to a worker."""
    with server.app.app_context():
        seed()
        db.session.commit()
    held = urlsafe_b64encode(json.dumps({"access_token": "rlq_at_x", "refresh_token": "rlq_rt_x"}).encode()).decode()
    cookies = {f"acme_pocket_{urlsplit(server.url).port}": held}
    began = time.monotonic()
    with ThreadPoolExecutor(24) as together:
        asked = [together.submit(requests.get, server.url + PAGE, cookies=cookies, timeout=60) for _ in range(48)]
        assert {one.result().status_code for one in asked} == {200}
    # Where they wait for each other, each call ends after ten seconds.
    assert time.monotonic() - began < 9


@each(
    "held",
    [
        "x",
        "%%%",
        urlsafe_b64encode(b"[" * 2000).decode(),
        *(
            urlsafe_b64encode(json.dumps(one).encode()).decode()
            for one in (
                [],
                {"x": "y"},
                {"access_token": 1},
                {"access_token": "a\r\nX: y"},
                {"access_token": "é"},
                {"said": "nothing that is said"},
            )
        ),
    ],
)
def test_a_cookie_that_is_none_of_its_own_is_none(browser, people, held):
    browser.client.set_cookie("acme_pocket_8000", held, path=PAGE, domain="127.0.0.1")
    page = browser.get(PAGE)
    assert page.status_code == 200 and "Connect your memories" in page.text


def test_no_form_of_another_site_is_taken(browser, people):
    for path in ("connect", "notes", "forget"):
        answer = browser.client.post(PAGE + path, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 400, path


def test_a_long_memory_of_what_looks_like_credentials_takes_no_time():
    began = time.process_time()
    assert "rlq_a_" in wire._say("HTTP/1.1 200 OK", {}, "rlq_a_" * 20_000)
    assert time.process_time() - began < 1
