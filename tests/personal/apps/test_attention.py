"""An app that nobody has used for half a year, or whose end is near, is asked about on the overview."""

from datetime import timedelta

import pytest

from app import clock
from app.consents.models import Consent
from tests.personal.conftest import post

ASKED = "Do you still need them?"


@pytest.fixture
def set_consent(connected, in_database):
    """Change what the consent remembers."""

    def change(**fields) -> None:
        def write(session):
            consent = session.get_one(Consent, connected.grant_id)
            for name, value in fields.items():
                setattr(consent, name, value)
            session.commit()

        in_database(write)

    return change


def ago(**time):
    return clock.now() - timedelta(**time)


@pytest.fixture
def unused(set_consent) -> None:
    set_consent(issued_at=ago(days=400), updated_at=ago(days=400), last_used_at=ago(days=190))


def is_asked(browser) -> bool:
    return ASKED in browser.get("/account/").text


def test_one_that_is_used_or_new_is_not_asked_about(signed_in, connected, set_consent):
    assert not is_asked(signed_in)
    set_consent(issued_at=ago(days=400), updated_at=ago(days=400), last_used_at=ago(days=180))
    assert not is_asked(signed_in)


def test_one_that_was_not_used_for_half_a_year_is_kept_for_as_long(signed_in, connected, unused, let_time_pass):
    page = signed_in.get("/account/")
    assert ASKED in page.text and "Not used since" in page.text
    page = signed_in.follow(signed_in.submit(page, action=connected.path + "keep"))
    assert "Acme Notebook is kept." in page.text and ASKED not in page.text
    let_time_pass(days=180)
    signed_in.enter(signed_in.person)
    assert not is_asked(signed_in)
    let_time_pass(days=4)
    signed_in.enter(signed_in.person)
    assert is_asked(signed_in)


def test_pausing_it_answers_too(signed_in, connected, unused):
    data = {"from": "overview"}
    page = signed_in.follow(post(signed_in, connected.path + "pause", data))
    assert page.request.path == "/account/" and ASKED not in page.text
    assert "Acme Notebook is paused." in page.text


def test_resuming_it_is_a_decision_as_well(signed_in, connected, unused):
    post(signed_in, connected.path + "pause")
    post(signed_in, connected.path + "resume")
    assert not is_asked(signed_in)


def test_one_that_was_never_used_counts_from_when_it_was_connected(signed_in, connected, set_consent):
    set_consent(issued_at=ago(days=184), updated_at=ago(days=184), last_used_at=None)
    assert is_asked(signed_in)


def test_an_end_that_is_near_is_told_and_can_be_moved(signed_in, connected, set_consent, in_database):
    set_consent(issued_at=ago(days=60), updated_at=ago(days=60), expires_at=clock.now() + timedelta(days=8))
    assert not is_asked(signed_in)
    set_consent(expires_at=clock.now() + timedelta(days=6))
    page = signed_in.get("/account/")
    assert ASKED in page.text and "Ends <time" in page.text
    page = signed_in.follow(signed_in.submit(page, action=connected.path + "keep", until="year"))
    assert ASKED not in page.text
    expires_at = in_database(lambda session: session.get_one(Consent, connected.grant_id).expires_at)
    assert expires_at - clock.now() > timedelta(days=364)


def test_it_goes_on_for_a_month_unless_one_chooses_otherwise(signed_in, connected, set_consent, in_database):
    set_consent(issued_at=ago(days=60), updated_at=ago(days=60), expires_at=clock.now() + timedelta(days=1))
    signed_in.submit(signed_in.get("/account/"), action=connected.path + "keep")
    left = in_database(lambda session: session.get_one(Consent, connected.grant_id).expires_at) - clock.now()
    assert timedelta(days=29) < left < timedelta(days=31)


def test_an_end_that_was_set_for_a_day_is_not_asked_about(signed_in, connected):
    post(signed_in, connected.path + "end", {"until": "day"})
    assert not is_asked(signed_in)


def test_of_many_two_are_shown_at_once(signed_in, connected, unused, in_database):
    def add(session):
        one = session.get_one(Consent, connected.grant_id)
        columns = ("user_id", "client_key", "scope", "selection", "resources", "issued_at", "updated_at")
        for number in range(5):
            fields = {name: getattr(one, name) for name in columns}
            session.add(Consent(**fields, installation=f"old-{number}"))
        session.commit()

    in_database(add)
    page = signed_in.get("/account/").text
    assert page.count("Pause it<") == 2 and "4 more come after these." in page
