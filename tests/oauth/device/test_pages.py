"""Connecting a device (:rfc:`8628#section-3.3`) from the person's side: one code, one person, one browser, and always a screen."""

import json

import pytest
from sqlalchemy import delete, select, update

from app import clock
from app.accounts.models import Session
from app.accounts.notices.models import Notice
from app.consents.introductions import Introduction
from app.extensions import db
from app.limits.table import _limit
from app.oauth.authorization_request import AuthorizationRequest, hold_authorization_request
from app.oauth.authorization_request.user_codes import new_user_code, read_user_code
from app.oauth.endpoints import device_pages
from tests.actors import Browser
from tests.integrator import Integrator
from tests.oauth.device.conftest import GRANT, Device, allow, enter
from tests.tables import each

# -- the code ----------------------------------------------------------------------------------------


@each(
    "typed",
    [
        "WDJB-MJHT",
        "wdjb-mjht",
        "WDJBMJHT",
        " wdjb mjht ",
        "W D J B M J H T",
        "WDJB\u2013MJHT",
        "WDJB\u2011MJHT",
        "WDJB_MJHT",
        "\u200eWDJB-MJHT\u200f",
        "\uff37\uff24\uff2a\uff22\uff0d\uff2d\uff2a\uff28\uff34",
        "WDJB\t-\nMJHT",
    ],
)
def test_a_code_is_read_however_it_is_typed(typed):
    assert read_user_code(typed) == "WDJB-MJHT"


@each("typed", ["", "WDJB-MJH", "WDJB-MJHTT", "WDJA-MJHT", "WDJB-MJH1", "\u0428DJB-MJHT", "x" * 1000, "WDJB\x00MJHT-X"])
def test_what_cannot_be_a_code_is_none(typed):
    assert read_user_code(typed) is None


def test_who_has_misread_a_letter_is_told_which_there_are_none_of(signed_in):
    assert "none of them A, E, I, O, U or Y" in enter(signed_in, "WDJO-MJHT").text


def test_codes_are_random_and_each_is_read_as_itself():
    codes = {new_user_code() for _ in range(100)}
    assert len(codes) == 100 and all(read_user_code(code) == code for code in codes)


# -- who enters it -----------------------------------------------------------------------------------


def test_whoever_is_not_signed_in_comes_back_with_the_code(television, browser, alice):
    asked = television.begin()
    page = browser.follow(browser.get(asked["verification_uri_complete"].removeprefix("http://127.0.0.1:8000")))
    assert page.request.path == "/sign-in" and "to connect a device" in page.text
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/device" and asked["user_code"] in page.text
    assert "show exactly this code" in " ".join(page.text.split())
    page = browser.follow(browser.submit(page, press="Yes, my device shows this code"))
    assert page.request.path == "/oauth/authorize/mementos"


def test_an_address_with_a_code_does_nothing_by_itself(app, television, signed_in):
    """Whoever is sent one has not said that their device shows it."""
    asked = television.begin()
    signed_in.get(f"/device?user_code={asked['user_code']}")
    with app.app_context():
        assert db.session.scalar(select(AuthorizationRequest.user_id)) is None


def test_a_session_that_ended_before_the_code_was_sent_leads_back_with_it(app, television, signed_in, alice):
    asked = television.begin()
    page = signed_in.get("/device")
    with app.app_context():
        db.session.execute(update(Session).values(expires_at=clock.now()))
        db.session.commit()
    page = signed_in.follow(signed_in.submit(page, action="/device", user_code=asked["user_code"]))
    page = signed_in.follow(signed_in.submit(page, email=alice.email, password=alice.password))
    assert asked["user_code"] in page.text


def test_a_wrong_code_and_one_that_has_expired_read_alike(television, signed_in, let_time_pass):
    asked = television.begin()
    let_time_pass(minutes=11)
    expired, wrong = enter(signed_in, asked["user_code"]), enter(signed_in, "BCDF-GHJK")
    assert (expired.status_code, wrong.status_code) == (400, 400)
    assert _without_code(expired, asked["user_code"]) == _without_code(wrong, "BCDF-GHJK")


def _without_code(page, code: str) -> str:
    """The page's words, without what differs each time."""
    return page.text.split("<main")[1].replace(code, "").split('name="csrf_token"')[0]


def test_guesses_are_counted_and_what_was_right_is_given_back(television, signed_in, monkeypatch):
    monkeypatch.setattr(device_pages, "DEVICE_CODES", _limit("device/codes", 3, 900))
    for _ in range(3):
        assert enter(signed_in, television.begin()["user_code"]).status_code == 200
    answers = [enter(signed_in, "BCDF-GHJK") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
    assert int(answers[3].headers["Retry-After"]) > 0
    # Then a right one is not looked at either: else it could be found.
    assert enter(signed_in, television.begin()["user_code"]).status_code == 429
    # What is no code at all is no guess.
    assert enter(signed_in, "hello").status_code == 400


def test_one_network_cannot_guess_as_many_persons(app, television, signed_in, bob, monkeypatch):
    monkeypatch.setattr(device_pages, "ADDRESS_DEVICE_CODES", _limit("device/codes-of-address", 1, 900))
    assert enter(signed_in, "BCDF-GHJK").status_code == 400
    other, elsewhere = Browser(app), Browser(app, address="198.51.100.7")
    other.enter(bob), elsewhere.enter(bob)
    assert enter(other, "BCDF-GHJK").status_code == 429
    assert enter(elsewhere, television.begin()["user_code"]).status_code == 200


def test_of_two_people_who_enter_it_at_once_one_has_it(app, television, signed_in, bob, at_once):
    asked = television.begin()
    other = Browser(app)
    other.enter(bob)
    browsers = [signed_in, other]
    pages = [one.get("/device") for one in browsers]
    numbers = iter(range(2))

    def act():
        number = next(numbers)
        return browsers[number].submit(pages[number], action="/device", user_code=asked["user_code"])

    answers = at_once(act, after=(device_pages, "read_user_code"))
    assert sorted(answer.status_code for answer in answers) == [303, 400]


def test_nobody_else_and_no_other_browser_gets_what_was_entered(app, television, signed_in, alice, bob):
    asked = television.begin()
    page = enter(signed_in, asked["user_code"])
    same_person, other_person = Browser(app), Browser(app)
    same_person.enter(alice), other_person.enter(bob)
    assert [enter(one, asked["user_code"]).status_code for one in (same_person, other_person)] == [400, 400]
    # Nor does anybody by the address of its pages.
    assert other_person.get(page.request.full_path).status_code == 410


def test_another_person_in_the_same_browser_does_not_get_it_either(television, signed_in, bob):
    asked = television.begin()
    enter(signed_in, asked["user_code"])
    signed_in.enter(bob)
    assert enter(signed_in, asked["user_code"]).status_code == 400


def test_a_letter_on_the_way_gives_a_device_no_more_time(app, television, signed_in):
    """Its request waits for nobody longer than the device asks."""
    asked = television.begin()
    page = enter(signed_in, asked["user_code"])
    signed_in.submit(page, press="Not you? Switch account")
    with app.app_context():
        (row,) = db.session.scalars(select(AuthorizationRequest))
        before = row.expires_at
        hold_authorization_request(db.session(), row)
        db.session.commit()
        assert row.expires_at == before


def test_whoever_enters_it_once_more_in_the_same_browser_goes_on(television, signed_in):
    asked = television.begin()
    enter(signed_in, asked["user_code"])
    page = enter(signed_in, asked["user_code"])
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="none"))
    assert "go back to your device" in signed_in.follow(signed_in.submit(page, press="Authorize")).text
    assert television.poll(asked).status_code == 200
    # It is answered by now.
    assert enter(signed_in, asked["user_code"]).status_code == 400


def test_a_page_goes_on_though_its_code_was_entered_once_more(television, signed_in):
    asked = television.begin()
    first = enter(signed_in, asked["user_code"])
    assert enter(signed_in, asked["user_code"]).request.full_path == first.request.full_path
    assert signed_in.follow(signed_in.submit(first, press="Continue", selection="all")).status_code == 200


def test_two_clicks_at_once_in_a_new_browser_both_lead_on(television, signed_in, at_once):
    asked = television.begin()
    page = signed_in.get("/device")
    answers = at_once(
        lambda: signed_in.submit(page, action="/device", user_code=asked["user_code"]),
        after=(device_pages, "read_user_code"),
    )
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.location for answer in answers}) == 1
    assert signed_in.follow(answers[0]).request.path == "/oauth/authorize/mementos"


# -- what they read ----------------------------------------------------------------------------------


def test_both_screens_say_that_it_is_a_device_and_show_its_code(television, signed_in):
    asked = television.begin()
    page = enter(signed_in, asked["user_code"])
    assert "You are connecting a device" in page.text and asked["user_code"] in page.text
    assert "The answer goes to" not in page.text
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    words = " ".join(page.text.split())
    assert "You are connecting a device" in words and asked["user_code"] in words
    assert "Back to your device, which goes on by itself" in words
    assert "The answer goes to" not in words and "receives your answer" not in words


@pytest.mark.parametrize(
    ("address", "told"),
    [("127.0.0.1", "from the network that you are in now"), ("203.0.113.9", "another network than the one")],
)
def test_the_network_of_the_device_is_told(app, television, signed_in, monkeypatch, address, told):
    form = {"client_id": television.app.client_id}
    answer = app.test_client().post(
        "/oauth/device_authorization", data=form, environ_overrides={"REMOTE_ADDR": address}
    )
    page = enter(signed_in, answer.json["user_code"])
    assert told in " ".join(page.text.split())
    assert (address in page.text) == (address != "127.0.0.1")


def test_a_device_and_a_phone_of_one_home_may_have_addresses_of_two_kinds(app, television, signed_in):
    """Nobody can tell that they are in one network, and it is no reason not to go on."""
    form = {"client_id": television.app.client_id}
    answer = app.test_client().post(
        "/oauth/device_authorization", data=form, environ_overrides={"REMOTE_ADDR": "2001:db8:1:2::9"}
    )
    words = " ".join(enter(signed_in, answer.json["user_code"]).text.split())
    assert "2001:db8:1:2::/64" in words and "one of the two addresses is IPv4, the other IPv6" in words
    assert "another network than the one" not in words


def test_of_a_server_that_asks_nobody_knows_where_the_device_is(kiosk, signed_in):
    page = enter(signed_in, kiosk.begin()["user_code"])
    assert "A server of the app asked for it" in page.text


def test_an_app_that_registered_itself_hides_its_network_by_no_secret(app, signed_in):
    """Anybody may register one, with a secret too, and send its code to somebody."""
    client = app.test_client()
    said = {
        "client_name": "Robot",
        "grant_types": [GRANT],
        "token_endpoint_auth_method": "client_secret_post",
    }
    known = client.post("/oauth/register", json=said).json
    form = {name: known[name] for name in ("client_id", "client_secret")}
    answer = client.post("/oauth/device_authorization", data=form, environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    page = enter(signed_in, answer.json["user_code"])
    assert "another network than the one" in " ".join(page.text.split()) and "203.0.113.9" in page.text


def test_an_app_that_was_allowed_everything_before_is_shown_all_the_same(kiosk, signed_in):
    """Nobody but the person knows whose device it is."""
    kiosk.app.tokens(signed_in)
    asked = kiosk.begin()
    page = enter(signed_in, asked["user_code"])
    assert page.status_code == 200 and "You are connecting a device" in page.text
    assert kiosk.error(asked) == "authorization_pending"


def test_the_pages_send_no_form_to_any_app(television, signed_in):
    asked = television.begin()
    page = signed_in.get("/device")
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    page = enter(signed_in, asked["user_code"])
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]


def test_a_device_waits_no_longer_than_it_was_told(app, television, signed_in, let_time_pass):
    """No step gives its request more time: it would be allowed, and nobody would ask any more."""
    asked = television.begin()
    let_time_pass(minutes=9)
    page = enter(signed_in, asked["user_code"])
    assert 'data-left="60"' in page.text or 'data-left="59"' in page.text
    let_time_pass(minutes=2)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    assert page.status_code == 410 and "The code of your device has expired" in page.text
    # What was ticked is there when the device asks again.
    page = enter(signed_in, television.begin()["user_code"])
    assert 'value="all" checked' in page.text


# -- how it ends -------------------------------------------------------------------------------------


def test_every_tab_and_back_lead_to_how_it_has_ended(television, signed_in):
    asked = television.begin()
    page = enter(signed_in, asked["user_code"])
    confirm = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    signed_in.submit(confirm, press="Authorize")
    for again in (
        signed_in.get(page.request.full_path),
        signed_in.submit(confirm, press="Authorize"),
        signed_in.submit(page, press="Cancel"),
    ):
        assert "go back to your device" in signed_in.follow(again).text
    assert television.poll(asked).status_code == 200


def test_how_it_has_ended_is_for_its_browser_and_its_person(app, television, signed_in, alice, bob):
    asked = television.begin()
    page = enter(signed_in, asked["user_code"])
    end = page.request.full_path.replace("/oauth/authorize/mementos", "/device/done")
    assert signed_in.get(end).location.startswith("/oauth/authorize/continue")
    other = Browser(app)
    other.enter(alice)
    assert other.get(end).status_code == 410
    assert other.get("/device/done").status_code == 410
    signed_in.follow(signed_in.submit(page, press="Cancel"))
    assert signed_in.get(end).status_code == 200
    signed_in.enter(bob)
    assert signed_in.get(end).status_code == 403


def test_a_last_page_that_is_opened_again_long_after_does_not_deny_what_was_shared(app, television, signed_in):
    """A phone loads its old tabs anew."""
    end = allow(signed_in, television.begin()["user_code"]).request.full_path
    with app.app_context():
        db.session.execute(delete(AuthorizationRequest))
        db.session.commit()
    page = signed_in.get(end)
    assert page.status_code == 410 and "Nothing was shared" not in page.text
    assert 'href="/account/apps/"' in page.text


def test_back_after_the_connection_was_ended_promises_nothing_any_more(television, signed_in):
    asked = television.begin()
    end = allow(signed_in, asked["user_code"]).request.full_path
    signed_in.end_app(television.poll(asked).json["grant_id"])
    page = signed_in.get(end)
    assert page.status_code == 410 and "goes on by itself" not in page.text and 'href="/account/apps/"' in page.text


def test_another_account_may_answer_it(television, signed_in, bob):
    asked = television.begin()
    page = enter(signed_in, asked["user_code"])
    page = signed_in.follow(signed_in.submit(page, press="Not you? Switch account"))
    assert page.request.path == "/sign-in" and "form-action 'self'" in page.headers["Content-Security-Policy"]
    signed_in.follow(signed_in.submit(page, email=bob.email, password=bob.password))
    # Whoever types the code once more gets to it as well.
    page = enter(signed_in, asked["user_code"])
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    signed_in.submit(page, press="Authorize")
    tokens = television.poll(asked).json
    assert television.app.me(tokens["access_token"]).json["consent"]["grant_id"] == tokens["grant_id"]


def test_whoever_has_switched_the_account_types_the_code_once_more(television, signed_in, bob):
    asked = television.begin()
    page = enter(signed_in, asked["user_code"])
    signed_in.submit(page, press="Not you? Switch account")
    signed_in.enter(bob)
    assert enter(signed_in, asked["user_code"]).request.path == "/oauth/authorize/mementos"


def test_another_account_may_be_chosen_before_the_code_is_sent(television, signed_in):
    asked = television.begin()
    page = signed_in.get(f"/device?user_code={asked['user_code']}")
    page = signed_in.submit(page, press="Not you? Switch account")
    assert f"user_code={asked['user_code']}" in page.location.replace("%3D", "=")


def test_what_could_be_another_app_is_still_told_of_a_device(television, signed_in):
    """A public app's device proves nothing by its code."""
    page = enter(signed_in, television.begin()["user_code"])
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    assert "another app could pretend to be it" in " ".join(page.text.split())


def test_whoever_cancels_while_nobody_is_signed_in_ends_it(television, signed_in):
    asked = television.begin()
    page = enter(signed_in, asked["user_code"])
    page = signed_in.follow(signed_in.submit(page, press="Not you? Switch account"))
    page = signed_in.follow(signed_in.submit(page, press="Cancel"))
    assert "Nothing was shared" in page.text
    assert television.error(asked) == "access_denied"


def test_it_stands_among_the_connected_apps_and_in_the_history(app, television, signed_in, alice):
    allow(signed_in, television.begin()["user_code"])
    assert "Acme Television" in signed_in.get("/account/apps/").text
    page = signed_in.get("/account/history/").text
    assert "Acme Television" in page and page.count("A device was connected") == 1 == page.count("Given</strong>")
    with app.app_context():
        assert db.session.scalar(select(Introduction.redirect_uri)) == ""


def test_of_each_further_device_its_person_is_told(app, television, signed_in, alice):
    """The app is among those that they have connected already: else they would see nothing of it."""
    asked = television.begin()
    allow(signed_in, asked["user_code"])
    allow(signed_in, television.begin()["user_code"])
    grant_id = television.poll(asked).json["grant_id"]
    with app.app_context():
        told = db.session.execute(select(Notice.kind, Notice.facts).order_by(Notice.at)).all()
    facts = {"app": "Acme Television", "grant_id": grant_id}
    assert [(kind, json.loads(said)) for kind, said in told] == [("new_app", facts), ("app_device", facts)]
    assert "A device of Acme Television was connected" in signed_in.get("/account/").text


def test_an_app_that_registered_itself_tells_of_no_address_it_never_had(app, signed_in):
    """Its connection page, and the screen that asks again by the web flow, say nothing of where the answer went."""
    registered = (
        app.test_client()
        .post(
            "/oauth/register",
            json={
                "client_name": "Robot",
                "redirect_uris": ["http://127.0.0.1:8400/callback"],
                "grant_types": ["authorization_code", "refresh_token", GRANT],
                "token_endpoint_auth_method": "none",
            },
        )
        .json
    )
    assert registered["grant_types"] == ["authorization_code", "refresh_token", GRANT]
    robot = Integrator(app, registered["client_id"], None, "http://127.0.0.1:8400/callback", "memories:read")
    device = Device(robot)
    asked = device.begin()
    allow(signed_in, asked["user_code"])
    grant_id = device.poll(asked).json["grant_id"]
    shown = signed_in.get(f"/account/apps/{grant_id}/")
    assert shown.status_code == 200 and "a program" not in shown.text
    page = robot.start(signed_in)
    assert "When you allowed it, it went to" not in page.text
