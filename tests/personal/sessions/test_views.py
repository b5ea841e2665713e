"""Where I am signed in: listed so that one recognises it, and ended."""

import re

from app.accounts.models import Session
from tests.actors import Browser, find_forms

_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def sign_in_elsewhere(app, alice, user_agent: str = _FIREFOX, address: str = "192.0.2.7") -> Browser:
    browser = Browser(app, address=address)
    browser.client.environ_base["HTTP_USER_AGENT"] = user_agent
    browser.sign_in(alice.email, alice.password)
    return browser


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


def articles(page) -> list[str]:
    parts = re.findall(r"<article.*?</article>", page.text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", part).split()) for part in parts]


def test_this_one_comes_first_and_cannot_be_ended_by_mistake(app, signed_in, alice):
    sign_in_elsewhere(app, alice)
    here, there = articles(signed_in.get("/account/sessions/"))
    assert "this one" in here and "Sign out there" not in here
    assert "Firefox on Linux" in there and "192.0.2.7" in there and "Last used" in there and "Sign out there" in there


def test_alone_there_is_nothing_to_end(signed_in):
    page = signed_in.get("/account/sessions/")
    assert len(articles(page)) == 1
    assert "You are signed in nowhere else" in page.text
    assert "Sign out everywhere else" not in page.text


def test_each_button_says_which_sign_in_it_ends(app, signed_in, alice):
    """Several browsers read alike, and a screen reader may go from button to button."""
    for _ in range(2):
        sign_in_elsewhere(app, alice)
    for path, text, count in (
        ("/account/sessions/", "Not me", 2),
        ("/account/settings/notices/", "This was not me", 2),
    ):
        page = signed_in.get(path).text
        told = re.findall(rf'<button[^>]* aria-describedby="([^"]*)"[^>]*>{text}</button>', page)
        assert len(set(told)) == count, path
        assert all(page.count(f' id="{id}"') == 1 for ids in told for id in ids.split()), path


def test_an_act_leads_back_to_its_page_and_never_beyond_the_last(app, signed_in, alice, monkeypatch):
    for _ in range(4):
        sign_in_elsewhere(app, alice)
    page = signed_in.get("/account/sessions/?page=2")
    (last,) = articles(page)
    named = signed_in.submit(page, press="Save", name="Attic")
    assert named.location == "/account/sessions/?page=2"
    for name in ("x" * 200, "a\u202eb"):
        refused = signed_in.follow(signed_in.submit(page, press="Save", name=name))
        assert "Nothing was changed." in refused.text and "Attic" in refused.text and name not in refused.text
    # Only its person reads it, so it need not be words.
    assert "🏠" in signed_in.follow(signed_in.submit(page, press="Save", name="🏠")).text
    ended = signed_in.submit(page, press="Sign out there")
    assert ended.location == "/account/sessions/?page=2" and last not in articles(signed_in.follow(ended))
    assert len(articles(signed_in.follow(ended))) == 4
    monkeypatch.setattr("app.personal.notices.views._PAGE_SIZE", 1)
    page = signed_in.get("/account/settings/notices/?page=2")
    press = next(button.text for form in find_forms(page.text) for button in form.buttons if "Seen" in button.text)
    seen = signed_in.submit(page, press=press)
    assert re.fullmatch(r"/account/settings/notices/\?page=2#ntc_\w+", seen.location)


def test_one_place_is_ended_at_once_and_the_others_go_on(app, signed_in, alice):
    one, other = sign_in_elsewhere(app, alice, address="192.0.2.1"), sign_in_elsewhere(app, alice, address="192.0.2.2")
    page = signed_in.get("/account/sessions/")
    action = re.search(r'192\.0\.2\.1<.*?action="([^"]*/end)"', page.text, re.DOTALL)[1]
    page = signed_in.follow(signed_in.submit(page, action=action))
    assert "That place is signed out" in page.text
    assert not is_signed_in(one)
    assert is_signed_in(other) and is_signed_in(signed_in)


def test_all_other_places_are_ended_at_once(app, signed_in, alice, stranger):
    others = [sign_in_elsewhere(app, alice) for _ in range(3)]
    page = signed_in.follow(signed_in.submit(signed_in.get("/account/sessions/"), press="Sign out everywhere else"))
    assert "everywhere but here" in page.text
    assert not any(is_signed_in(browser) for browser in others)
    assert is_signed_in(signed_in) and is_signed_in(stranger)


def test_a_place_that_is_ended_already_is_gone(app, signed_in, alice):
    sign_in_elsewhere(app, alice)
    page = signed_in.get("/account/sessions/")
    signed_in.submit(page, press="Sign out there")
    assert signed_in.submit(page, press="Sign out there").status_code == 404


def test_expired_and_idle_places_are_not_listed(app, signed_in, alice, in_database, let_time_pass):
    sign_in_elsewhere(app, alice)

    def age(session):
        for one in session.query(Session).filter(Session.user_agent == _FIREFOX):
            one.expires_at = one.issued_at
        session.commit()

    in_database(age)
    assert len(articles(signed_in.get("/account/sessions/"))) == 1


def test_a_strange_user_agent_is_shown_harmlessly(app, signed_in, alice):
    sign_in_elsewhere(app, alice, "<script>alert(1)</script>")
    page = signed_in.get("/account/sessions/")
    assert "<script>alert" not in page.text
    assert "An unknown browser" in page.text
