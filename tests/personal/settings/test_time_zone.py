"""``/account/settings/time-zone/``: found without a script, and every date that the person reads is in it."""

import re
from datetime import UTC, datetime

import pytest

from app.accounts.models import User
from tests.personal.conftest import post
from tests.tables import each

_PATH = "/account/settings/time-zone/"


def found(signed_in, question: str) -> list[str]:
    page = signed_in.get(f"{_PATH}?q={question}").text
    return re.findall(r'name="time_zone" value="([^"]+)"', page)


def test_a_city_or_a_country_finds_it_however_it_is_written(signed_in):
    assert found(signed_in, "lisbon") == ["Europe/Lisbon"]
    assert found(signed_in, "portugal") == ["Atlantic/Azores", "Atlantic/Madeira", "Europe/Lisbon"]
    assert found(signed_in, "S%C3%A3o+paulo") == ["America/Sao_Paulo"]
    assert "Asia/Kolkata" in found(signed_in, "kolkata") and "Asia/Kolkata" in found(signed_in, "INDIA")
    assert found(signed_in, "los ang") == ["America/Los_Angeles"]


def test_a_search_that_finds_much_shows_the_first_and_says_so(signed_in):
    page = signed_in.get(f"{_PATH}?q=america").text
    assert len(found(signed_in, "america")) == 12 and "The first 12 are shown." in page
    assert "Nothing found" in signed_in.get(f"{_PATH}?q=nowhere").text
    assert "Nothing found" in signed_in.get(f"{_PATH}?q={'x' * 5000}").text


def test_the_one_that_is_chosen_is_on_the_profile_until_it_is_taken_back(signed_in, alice, in_database):
    page = signed_in.get(f"{_PATH}?q=lisbon")
    page = signed_in.follow(signed_in.submit(page, press="Use it: Europe/Lisbon"))
    assert "Dates are in the time zone Europe/Lisbon" in page.text and "Europe/Lisbon, where it is" in page.text
    signed_in.submit(signed_in.get(_PATH), press="Name no time zone")
    assert in_database(lambda session: session.get(User, alice.id).time_zone) is None


def test_its_page_is_marked_among_the_settings(signed_in):
    page = signed_in.get("/account/settings/time-zone/").text
    assert '<a href="/account/settings/" aria-current="true">Profile</a>' in page


@each(
    "name",
    ["Atlantis/Capital", "../../etc/passwd", "/etc/passwd", "Factory", "a\x00b", "\ud800", "x" * 9000, "europe/lisbon"],
)
def test_what_is_no_time_zone_is_refused(signed_in, alice, in_database, name):
    answer = post(signed_in, _PATH, {"time_zone": name.encode("utf-8", "surrogatepass")})
    assert answer.status_code == 400 and "There is no such time zone" in answer.text
    assert in_database(lambda session: session.get(User, alice.id).time_zone) is None


def choose(signed_in, name: str) -> None:
    assert post(signed_in, _PATH, {"time_zone": name}).status_code == 303


def test_every_date_on_the_pages_is_in_it_and_no_script_makes_it_another(signed_in, connected, shelf):
    for path in (
        "/account/sessions/",
        connected.path,
        f"/account/memories/{shelf.memories['Soup']}/",
        "/account/history/",
    ):
        choose(signed_in, "")
        assert " UTC<" in signed_in.get(path).text
        choose(signed_in, "Asia/Kathmandu")
        page = signed_in.get(path).text
        assert " UTC<" not in page and "data-precision" not in page, path
        assert not re.findall(r"(?<!\+5:45)</time>", re.sub(r"\d{4}</time>", "", page)), path


def test_an_option_with_a_date_is_in_it_too(signed_in, connected):
    choose(signed_in, "Asia/Kathmandu")
    post(signed_in, f"{connected.path}end", {"until": "month"})
    options = re.findall(r"<option[^>]*>[^<]*\d{4}[^<]*</option>", signed_in.get(connected.path).text)
    assert options and not [option for option in options if "UTC" in option or "data-" in option]


@pytest.fixture
def in_auckland(signed_in, monkeypatch):
    """It is 3 May 2026, 21:30 in UTC, and in Auckland the morning of the fourth."""
    monkeypatch.setattr("app.clock.now", lambda: datetime(2026, 5, 3, 21, 30, tzinfo=UTC))


def test_days_begin_and_end_in_it(in_auckland, signed_in, alice, connected, record):
    choose(signed_in, "Pacific/Auckland")
    record(8 * 60, "read", 3)  # 4 May, 01:30
    record(12 * 60, "read", 5)  # 3 May, 21:30
    page = signed_in.get("/account/activity/").text
    assert re.findall(r'day=(2026-\d\d-\d\d)">', page) == ["2026-05-04", "2026-05-03"]
    assert "Day (Pacific/Auckland)" in page
    fourth = signed_in.get("/account/activity/?day=2026-05-04").text
    assert "4 May 2026, 01:" in fourth and "3 May 2026, 21:" not in fourth
    assert len(re.findall(r"<tr><th scope", signed_in.get("/account/activity/?day=2026-05-03").text)) == 2


def test_a_moment_in_a_form_is_in_it(in_auckland, signed_in, connected):
    choose(signed_in, "Pacific/Auckland")
    page = signed_in.get("/account/activity/undo/since?moment=2026-05-04T09:00").text
    assert 'title="3 May 2026, 21:00:00 UTC">4 May 2026, 09:00:00 NZST</time>' in page
    choose(signed_in, "")
    page = signed_in.get("/account/activity/undo/since?moment=2026-05-03T21:00").text
    assert "3 May 2026, 21:00:00 UTC</time>" in page
    assert signed_in.get("/account/activity/undo/since?moment=0001-01-01T00:00").status_code == 200
