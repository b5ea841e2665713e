"""The pages of notices and sessions: seen and put away, places by name, and what follows on “this was not me”."""

import re

import pytest

from app.accounts.notices import notify
from tests.actors import Browser
from tests.personal.conftest import post
from tests.tables import each

_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_LIST = "/account/settings/notices/"


@pytest.fixture
def tell(in_database, alice):
    """Tell Alice of so many apps."""

    def tell(*names: str) -> None:
        def write(session):
            for name in names:
                notify(session, alice.id, "new_app", app=name, grant_id="grant_1")
            session.commit()

        in_database(write)

    return tell


def _visit(app, alice, address: str = "198.51.100.4") -> Browser:
    browser = Browser(app, address=address)
    browser.client.environ_base["HTTP_USER_AGENT"] = _FIREFOX
    browser.sign_in(alice.email, alice.password)
    return browser


def _is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


# -- notices -------------------------------------------------------------------------------------


def test_the_first_page_shows_the_latest_and_says_how_many_there_are(signed_in, tell):
    assert "new notice" not in signed_in.get("/account/").text.split("<main")[1]
    tell("One", "Two", "Three")
    page = signed_in.get("/account/").text
    assert "Three was connected" in page and "Two was connected" not in page
    assert "3 new notices" in page


def test_a_notice_that_is_seen_leaves_the_first_page_and_stays_in_the_list(signed_in, tell):
    tell("One")
    page = signed_in.follow(signed_in.submit(signed_in.get("/account/"), press="Seen: One was connected"))
    assert page.request.path == "/account/" and "One was connected" not in page.text
    page = signed_in.get(_LIST).text
    assert "One was connected" in page and "Seen<" not in page


def test_looking_at_notices_changes_nothing(signed_in, tell):
    tell("One")
    signed_in.get(_LIST)
    assert "<mark>new</mark>" in signed_in.get(_LIST).text and "One was connected" in signed_in.get("/account/").text


def test_what_came_after_the_page_was_made_is_not_put_away_with_the_rest(signed_in, tell):
    tell("One", "Two")
    page = signed_in.get(_LIST)
    tell("Three")
    signed_in.submit(page, action=f"{_LIST}seen")
    page = signed_in.get("/account/").text
    assert "Three was connected" in page and "Two was connected" not in page and "One was connected" not in page


def test_many_notices_are_on_pages(signed_in, tell):
    tell(*[f"App {number}" for number in range(20)])
    pages = [signed_in.get(f"{_LIST}?page={number}").text for number in range(1, 7)]
    assert [len(set(re.findall(r"App \d+ was connected", page))) for page in pages] == [4, 4, 4, 4, 4, 0]
    assert "There is no more." in signed_in.get(f"{_LIST}?page=9").text
    for wrong in ("0", "-3", "x", "99999999999999999999"):
        assert signed_in.get(f"{_LIST}?page={wrong}").status_code == 200


def test_an_app_that_calls_itself_markup_is_shown_harmlessly(signed_in, tell):
    tell("<script>alert(1)</script>")
    for path in ("/account/", _LIST):
        assert "<script>alert" not in signed_in.get(path).text


# -- sessions ------------------------------------------------------------------------------------


def test_a_session_says_how_and_from_where_it_began(app, signed_in, alice):
    _visit(app, alice)
    page = signed_in.get("/account/sessions/").text
    here, there = re.findall(r"<article.*?</article>", page, re.DOTALL)
    assert ", where you are now." in here and ", which is not where you are now." in there
    assert "with a password" in there and "You first signed in from there" in there and "198.51.100.4" in there


def test_a_place_has_the_name_that_its_person_gave(app, signed_in, alice, stranger):
    _visit(app, alice)
    page = signed_in.get("/account/sessions/")
    action = re.search(r'198\.51\.100\.4.*?action="([^"]*/name)"', page.text, re.DOTALL)[1]
    page = signed_in.follow(signed_in.submit(page, action=action, name="  The <b>library</b> "))
    assert "The &lt;b&gt;library&lt;/b&gt;</bdi>" in page.text
    # The same network is the same place, in whichever browser.
    _visit(app, alice)
    assert signed_in.get("/account/sessions/").text.count("library&lt;/b&gt;</bdi>") == 2
    page = signed_in.follow(signed_in.submit(page, action=action, name=""))
    assert "library" not in page.text


@each("name", ["x" * 61, "\x00\x00\x01", "a\u202eb", "\ud800"])
def test_a_name_that_cannot_be_shown_is_not_given(app, signed_in, name):
    action = re.search(r'action="([^"]*/name)"', signed_in.get("/account/sessions/").text)[1]
    answer = post(signed_in, action, {"name": name.encode("utf-8", "surrogatepass")})
    assert answer.status_code == 303
    assert "Its name" in signed_in.get("/account/sessions/").text


def test_not_me_ends_the_session_and_leads_to_the_password_and_to_the_apps(
    app, signed_in, alice, connect, notebook, let_time_pass
):
    before = connect(notebook, selection="none").grant_id
    let_time_pass(hours=1)
    signed_in.enter(alice)
    thief, other = _visit(app, alice), _visit(app, alice, "203.0.113.9")
    let_time_pass(minutes=1)
    page = signed_in.get("/account/sessions/")
    action = re.search(r'198\.51\.100\.4.*?action="([^"]*/not-me)"', page.text, re.DOTALL)[1]
    page = signed_in.follow(signed_in.submit(page, action=action))
    assert not _is_in(thief) and _is_in(other) and _is_in(signed_in)
    assert 'href="/account/settings/password/"' in page.text and "Freeze everything" in page.text
    assert "No app was connected since then." in page.text and before not in page.text
    assert "You are signed in at 2 other places." in page.text
    signed_in.submit(page, press="Sign out everywhere else")
    assert not _is_in(other) and _is_in(signed_in)


def test_apps_that_a_stranger_connected_are_named_with_the_way_to_end_them(app, signed_in, alice, connect, notebook):
    _visit(app, alice)
    page = signed_in.get("/account/sessions/")
    connected = connect(notebook, selection="all")
    page = signed_in.follow(signed_in.submit(page, press="Not me"))
    assert f'href="{connected.path}disconnect"' in page.text and "Acme Notebook" in page.text


def test_not_me_on_the_notice_does_the_same_also_when_the_session_is_over(app, signed_in, alice):
    thief = _visit(app, alice)
    assert "A new device signed in" in signed_in.get("/account/").text
    page = signed_in.follow(signed_in.submit(signed_in.get(_LIST), press="This was not me"))
    assert "1. Change your password" in page.text and not _is_in(thief)
    assert "A new device signed in" not in signed_in.get("/account/").text
    page = signed_in.follow(signed_in.submit(signed_in.get(_LIST), press="This was not me"))
    assert "1. Change your password" in page.text


def test_not_me_never_ends_the_session_that_says_so(app, alice):
    _visit(app, alice)
    browser = _visit(app, alice)
    page = browser.follow(browser.submit(browser.get(_LIST), press="This was not me"))
    assert "so nothing was ended" in page.text and _is_in(browser)


@each("since", ["", "x", "2026-01-01", "9999-01-01T00:00:00+00:00", "2026-01-01T00:00:00%2B05:00", "%00"])
def test_the_page_after_it_takes_any_address(signed_in, since):
    assert signed_in.get(f"/account/sessions/not-me?since={since}").status_code == 200
