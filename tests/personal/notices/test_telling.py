"""What a person is told, on their page and by mail: a new device, a new app, a replay, an end that is near."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from app import clock
from app.accounts.models import User
from app.accounts.notices.models import Notice
from app.accounts.places.models import KnownPlace
from app.clients.models import Client
from app.consents.models import Consent
from app.database.leases import Lease
from tests.actors import Browser
from tests.personal.conftest import post
from tests.purging import purge

_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def told(in_database):
    """The kinds and facts of what a person was told, the earliest first."""

    def find(person) -> list[tuple[str, dict]]:
        rows = in_database(
            lambda session: session.scalars(
                select(Notice).where(Notice.user_id == person.id).order_by(Notice.at, Notice.id)
            ).all()
        )
        return [(one.kind, json.loads(one.facts)) for one in rows]

    return find


@pytest.fixture
def change_user(in_database, alice):
    def change(**values) -> None:
        def write(session):
            session.execute(update(User).where(User.id == alice.id).values(**values))
            session.commit()

        in_database(write)

    return change


def _sign_in(app, person, address: str = "192.0.2.7") -> Browser:
    browser = Browser(app, address=address)
    browser.client.environ_base["HTTP_USER_AGENT"] = _FIREFOX
    assert browser.sign_in(person.email, person.password).location == "/"
    return browser


# -- a new device --------------------------------------------------------------------------------


def test_the_first_sign_in_of_a_new_account_is_no_news(app, alice, told):
    _sign_in(app, alice)
    assert told(alice) == []


def test_the_first_sign_in_of_an_account_that_was_made_long_ago_is_news(app, alice, told, change_user):
    change_user(created_at=clock.now() - timedelta(days=2))
    _sign_in(app, alice)
    assert [kind for kind, _facts in told(alice)] == ["new_device"]


def test_another_browser_is_news_and_each_sign_in_of_a_known_one_is_not(app, alice, told, sent_mail):
    home, away = _sign_in(app, alice), _sign_in(app, alice, "198.51.100.4")
    for browser in (home, away, home):
        browser.sign_out()
        browser.sign_in(alice.email, alice.password)
    ((kind, facts),) = told(alice)
    assert (kind, facts["address"], facts["user_agent"]) == ("new_device", "198.51.100.4", _FIREFOX)
    (letter,) = sent_mail()
    assert letter.to == alice.email and letter.subject == "A new device signed in"
    for text in (letter.text, letter.html):
        assert (
            "Firefox on Linux" in text and "198.51.100.4" in text and "http://127.0.0.1:8000/account/sessions/" in text
        )
        assert "rlq_" not in text and facts["session_id"] not in text


def test_another_browser_is_news_though_the_first_session_ended_long_ago(app, alice, told):
    _sign_in(app, alice).sign_out()
    _sign_in(app, alice)
    assert [kind for kind, _facts in told(alice)] == ["new_device"]


def test_a_wrong_password_in_a_new_browser_is_no_news(app, alice, told):
    _sign_in(app, alice)
    Browser(app, address="198.51.100.4").sign_in(alice.email, "wrong, wrong, wrong")
    assert told(alice) == []


def test_an_address_that_nobody_confirmed_gets_no_letter(app, alice, told, sent_mail, change_user):
    change_user(email_verified_at=None)
    for _ in range(2):
        _sign_in(app, alice)
    assert len(told(alice)) == 1 and sent_mail() == []


# -- a new app, and a replay ---------------------------------------------------------------------


def test_a_new_app_is_told_once_by_the_name_that_was_seen(signed_in, alice, connected, told, in_database, sent_mail):
    expected = {"app": "Acme Notebook", "grant_id": connected.grant_id}
    assert told(alice) == [("new_app", expected)]
    in_database(lambda session: (session.execute(update(Client).values(name="Something Else")), session.commit()))
    connected.integrator.tokens(signed_in)
    assert told(alice) == [("new_app", expected)]
    page = signed_in.get("/account/").text
    assert "Acme Notebook was connected" in page
    (letter,) = sent_mail()
    assert letter.subject == "Acme Notebook was connected"
    assert letter.link("/account/apps/") == f"/account/apps/{connected.grant_id}/"
    assert "/account/settings/notices/" in letter.text


def test_a_replay_is_told_once_however_often_it_comes(alice, connected, told, sent_mail):
    renewed = connected.integrator.refresh(connected.refresh_token).json["refresh_token"]
    connected.integrator.refresh(renewed)
    for _ in range(3):
        assert connected.integrator.refresh(connected.refresh_token).status_code == 400
    assert [kind for kind, _facts in told(alice)] == ["new_app", "replay"]
    letter = sent_mail()[-1]
    assert "was used twice" in letter.subject
    for text in (letter.text, letter.html):
        assert connected.refresh_token not in text and renewed not in text and "Recipes" not in text


def test_an_app_that_sends_each_code_twice_is_told_of_once_a_day(
    signed_in, alice, connected, told, sent_mail, let_time_pass
):
    integrator, days, now = connected.integrator, 2, clock.now()
    let_time_pass(seconds=(now.replace(hour=12, minute=0) + timedelta(days=1) - now).total_seconds())
    for _day in range(days):
        for _ in range(3):
            code = integrator.code_by_consent(signed_in)
            assert [integrator.exchange(code).status_code for _ in range(2)] == [200, 400]
        let_time_pass(days=1)
    assert [kind for kind, _facts in told(alice)] == ["new_app", *["replay"] * days]
    letters = sent_mail()
    assert ["used twice" in letter.subject for letter in letters] == [False, *[True] * days]
    assert "once a day at most; the app's page says how often" in letters[-1].text


@pytest.mark.parametrize(("way", "tells", "letters"), [("mail", 1, 1), ("page", 1, 0), ("off", 0, 0)])
def test_what_is_not_of_security_comes_as_one_chose(
    signed_in, alice, connect, notebook, told, sent_mail, way, tells, letters
):
    page = signed_in.get("/account/settings/notices/")
    page = signed_in.follow(signed_in.submit(page, new_app=way, action="/account/settings/notices/"))
    assert f'value="{way}" selected' in page.text
    connect(notebook, selection="all")
    assert (len(told(alice)), len(sent_mail())) == (tells, letters)


def test_a_form_cannot_turn_security_off(signed_in, alice, told, app):
    post(signed_in, "/account/settings/notices/", {"new_device": "off", "replay": "off", "new_app": "wrong"})
    _sign_in(app, alice)
    assert [kind for kind, _facts in told(alice)] == ["new_device"]


# -- an end that is near -------------------------------------------------------------------------


@pytest.fixture
def pass_days(app, let_time_pass, in_database):
    """Let so many days pass, again and again, each time with a purge and what it does daily."""

    def wait(*days: int) -> None:
        for count in days:
            let_time_pass(days=count)
            # The lease goes by the database's clock.
            in_database(lambda session: (session.execute(delete(Lease)), session.commit()))
            purge(app)

    return wait


@pytest.fixture
def ends_in(in_database, connected):
    def change(days: int, **values) -> None:
        def write(session):
            values["expires_at"] = clock.now() + timedelta(days=days, hours=1)
            session.execute(update(Consent).where(Consent.grant_id == connected.grant_id).values(**values))
            session.commit()

        in_database(write)

    return change


def _ends(told, person) -> list[dict]:
    return [facts for kind, facts in told(person) if kind == "consent_ends"]


def test_an_end_is_told_a_week_before_and_once(alice, told, ends_in, pass_days, sent_mail):
    ends_in(10)
    pass_days(3)
    assert _ends(told, alice) == []
    pass_days(1)
    assert [facts["app"] for facts in _ends(told, alice)] == ["Acme Notebook"]
    letter = sent_mail()[-1]
    assert "is about to end" in letter.subject and " UTC, unless you keep it" in letter.text
    pass_days(1, 1, 3)
    assert len(_ends(told, alice)) == 1


def test_an_end_that_was_put_off_is_told_anew(alice, told, ends_in, pass_days):
    ends_in(8)
    pass_days(2)
    ends_in(20)
    pass_days(15)
    assert len(_ends(told, alice)) == 2


def test_an_end_that_is_paused_over_or_was_chosen_so_near_is_not_told(
    alice, told, ends_in, pass_days, in_database, connected
):
    ends_in(8, paused_at=clock.now())
    pass_days(2)
    assert _ends(told, alice) == []
    ends_in(3, paused_at=None, decided_at=clock.now())
    pass_days(4)
    assert _ends(told, alice) == []


def test_the_pass_is_made_once_a_day_over_all_machines(app, alice, told, ends_in, let_time_pass, in_database):
    purge(app)
    ends_in(8)
    let_time_pass(days=2)
    purge(app)
    assert _ends(told, alice) == []


def test_closed_accounts_are_not_told_of_ends(alice, told, ends_in, pass_days, change_user):
    change_user(disabled_at=clock.now())
    ends_in(8)
    pass_days(2)
    assert _ends(told, alice) == []


# -- kept a while --------------------------------------------------------------------------------


def test_notices_and_places_are_kept_for_a_while(app, signed_in, alice, connected, told, let_time_pass, in_database):
    let_time_pass(days=89)
    purge(app)
    assert len(told(alice)) == 1
    let_time_pass(days=2)
    assert purge(app)["notices"] == 1
    assert in_database(lambda session: session.scalar(select(func.count()).select_from(KnownPlace))) == 1
    let_time_pass(days=310)
    assert purge(app)["known_places"] == 1
