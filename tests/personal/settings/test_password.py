"""``/account/settings/password/``: the old one is asked, or a passkey was; then every other session ends."""

import json
from datetime import timedelta

from sqlalchemy import delete, select, update

from app import clock, create_app
from app.accounts.models import Session
from app.accounts.notices.models import Notice
from app.accounts.passkeys.models import Passkey
from app.accounts.passwords import hash_password
from app.credentials import digest
from app.extensions import db
from app.limits.table import KNOWN_BROWSER_SIGN_INS, STRANGER_SIGN_INS
from tests.actors import Browser, find_form
from tests.personal.conftest import post
from tests.personal.settings.test_profile import kinds_of
from tests.tables import each

_PATH = "/account/settings/password/"
_NEW = "seven herons over a lake"


def change(signed_in, old: str, new: str = _NEW):
    return signed_in.submit(signed_in.get(_PATH), old=old, new=new)


def test_with_the_new_one_one_signs_in_and_with_the_old_one_no_more(app, signed_in, alice):
    page = signed_in.follow(change(signed_in, alice.password))
    assert page.status_code == 200 and "Your password is changed." in page.text
    assert Browser(app).sign_in(alice.email, _NEW, next="/account/").location == "/account/"
    assert Browser(app).sign_in(alice.email, alice.password).status_code == 400


def test_every_other_session_ends_and_this_one_begins_anew(app, signed_in, alice, connected, in_database):
    elsewhere, stolen = Browser(app), Browser(app)
    elsewhere.enter(alice)
    cookie = signed_in.client.get_cookie("reliquary", "127.0.0.1")
    stolen.client.set_cookie("reliquary", cookie.value, domain="127.0.0.1")
    assert stolen.get("/account/").status_code == 200
    change(signed_in, alice.password)
    assert signed_in.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == stolen.get("/account/").status_code == 303
    assert connected.is_alive()


def test_it_is_in_the_audit_log_and_the_person_is_told(signed_in, alice, in_database):
    change(signed_in, alice.password)
    assert in_database(lambda session: kinds_of(session, alice.id))[-1:] == ["user.password_changed"]
    told = in_database(lambda session: session.scalars(select(Notice).where(Notice.kind == "password_changed")).one())
    assert told.user_id == alice.id and json.loads(told.facts)["address"] == "127.0.0.1"


def test_a_wrong_old_password_changes_nothing(app, signed_in, alice):
    page = change(signed_in, "not the password")
    assert page.status_code == 400 and "That is not your password." in page.text
    assert Browser(app).sign_in(alice.email, alice.password).status_code == 303


def test_guesses_at_the_old_password_are_counted_like_those_at_the_door(signed_in, alice):
    for _ in range(STRANGER_SIGN_INS.most):
        assert change(signed_in, "not the password").status_code == 400
    page = change(signed_in, alice.password)
    assert page.status_code == 429 and int(page.headers["Retry-After"]) > 0


def test_a_known_browser_has_a_count_of_its_own(app, alice):
    browser = Browser(app)
    browser.sign_in(alice.email, alice.password)
    for _ in range(KNOWN_BROWSER_SIGN_INS.most):
        assert change(browser, "not the password").status_code == 400
    assert change(browser, alice.password).status_code == 429
    assert Browser(app, address="192.0.2.9").sign_in(alice.email, alice.password).status_code == 303


@each("new", ["", "short", "x" * 201, "1234567890", "alice@acme.example", "nul\x00in the middle of it"])
def test_a_new_one_that_nobody_should_have_is_refused(app, signed_in, alice, new):
    page = change(signed_in, alice.password, new)
    assert page.status_code == 400 and 'aria-invalid="true"' in page.text
    assert Browser(app).sign_in(alice.email, alice.password).status_code == 303


def test_after_a_passkey_the_old_one_is_not_asked(app, signed_in, alice, in_database):
    def show_passkey(session):
        session.execute(update(Session).values(shown="passkey"))
        session.commit()

    in_database(show_passkey)
    page = signed_in.get(_PATH)
    assert "old" not in find_form(page, names=["new"]).choices
    assert signed_in.follow(signed_in.submit(page, new=_NEW)).status_code == 200
    assert Browser(app).sign_in(alice.email, _NEW).status_code == 303
    shown = in_database(lambda session: session.scalars(select(Session.shown).order_by(Session.issued_at)).first())
    assert shown == "passkey"


def test_a_passkey_that_was_made_since_the_sign_in_does_not_stand_in_for_the_old_one(
    app, signed_in, alice, in_database
):
    def add_passkey(session):
        device = {
            "digest": digest("x"),
            "credential_id": b"x",
            "public_key": b"x",
            "rp_id": "localhost",
            "sign_count": 0,
        }
        kept = {"transports": [], "backup_eligible": False, "backed_up": False}
        session.add(Passkey(user_id=alice.id, name="Key", **device, **kept))
        session.execute(update(Session).values(shown="passkey password"))
        session.commit()

    in_database(add_passkey)
    assert "old" in find_form(signed_in.get(_PATH), names=["new"]).choices
    assert post(signed_in, _PATH, {"new": _NEW}).status_code == 400
    assert Browser(app).sign_in(alice.email, _NEW).status_code == 400


def test_a_change_that_was_on_its_way_when_all_sessions_ended_changes_nothing(app, signed_in, alice, monkeypatch):
    def end_meanwhile(password):
        with create_app(app.extensions["services"].settings).app_context():
            db.session.execute(delete(Session))
            db.session.commit()
        return hash_password(password)

    page = signed_in.get(_PATH)
    monkeypatch.setattr("app.personal.settings.password_views.hash_password", end_meanwhile)
    answer = signed_in.submit(page, old=alice.password, new=_NEW)
    assert answer.status_code == 303 and answer.location.startswith("/sign-in")
    assert Browser(app).sign_in(alice.email, _NEW).status_code == 400


def test_an_old_sign_in_is_to_be_made_anew_first(signed_in, alice, in_database):
    def age(session):
        session.execute(update(Session).values(issued_at=clock.now() - timedelta(minutes=11)))
        session.commit()

    in_database(age)
    answer = signed_in.get(_PATH)
    assert answer.status_code == 303 and answer.location.startswith("/sign-in?again=1")
