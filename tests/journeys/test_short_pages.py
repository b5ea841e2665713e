"""How tall the pages are that mementos stand on: five fit into one window, and two hundred into three."""

import pytest

from app.accounts.models import User
from app.accounts.notices import notify
from app.accounts.sessions import start_session
from app.accounts.users import find_user_by_email
from app.clients.models import find_client
from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.database.connections import connect
from app.extensions import db
from app.memories.mementos import list_mementos
from app.memories.models import Integration, Memento, MementoContent
from tests.integrator import s256
from tests.journeys.walk import ALICE, enter, follow, sign_in

#: width, height, how many windows a page may have: on the narrowest screen lines are so short that what stands on a
#: page beside mementos takes two windows and more.
_SIZES = [(1280, 900, 3), (390, 844, 3), (320, 640, 3.75)]
_SCOPE = "memories:read memories:write"
_IS_IN_SIGHT = """element => {
  const { top, bottom, left } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight && element.contains(document.elementFromPoint(left + 5, (top + bottom) / 2));
}"""


@pytest.fixture
def link(server, demonstration, callback) -> str:
    client_id = demonstration.clients["Acme Notebook"].client_id
    return (
        f"{server.url}/oauth/authorize?response_type=code&client_id={client_id}&redirect_uri={callback.url}&state=x"
        f"&scope={_SCOPE.replace(' ', '+')}&code_challenge={s256('v' * 43)}&code_challenge_method=S256&prompt=consent"
    )


@pytest.fixture
def two_hundred(server, demonstration) -> str:
    """Alice has two hundred mementos, and an app looks through them all: the id of its connection."""
    with server.app.app_context():
        user_id = find_user_by_email(ALICE).id
        source = db.session.query(Integration).filter_by(user_id=user_id).first()
        for number in range(200 - len(list_mementos(user_id))):
            contents = [MementoContent(integration_id=source.id)]
            db.session.add(Memento(user_id=user_id, name=f"Project {number} of the year", contents=contents))
        db.session.commit()
        for number in range(100):
            notify(db.session, user_id, "new_app", app=f"Notebook number {number} of Acme", grant_id="grant_1")
            device = {"address": "192.0.2.7", "user_agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0"}
            notify(db.session, user_id, "new_device", session_id="ses_1", **device)
            start_session(db.session.get_one(User, user_id), **device)
        db.session.commit()
        ids = [memento.id for memento in list_mementos(user_id)]
        db.session.remove()
        with connect(db.engine) as connection, connection.transaction():
            return give_consent(
                connection,
                user_id=user_id,
                client_key=find_client(connection, demonstration.clients["Acme Notebook"].client_id).key,
                scope=_SCOPE,
                choice=Choice("selected", dict.fromkeys(ids, True)),
            ).grant_id


def test_five_mementos_and_the_way_on_are_in_one_window(page, server, link):
    """At 1280 x 900 nobody scrolls: who asks, what for, all that can be chosen, the sum, the way on and out."""
    enter(page, server, ALICE)
    page.goto(link)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for one in [
            *page.locator(".memento").all(),
            *page.get_by_role("radio").all(),
            *page.locator("#footer button").all(),
            page.get_by_role("heading", level=1),
            page.get_by_text("Its makers say:"),
            page.get_by_text("read and search the memories you choose"),
        ]:
            assert one.evaluate(_IS_IN_SIGHT), one
    assert page.locator(".memento").count() == 5
    # And the way on stays there once the page has grown, and on a small screen from the first line on.
    for name in ("Recipes", "Lisbon", "Health"):
        page.get_by_role("checkbox", name=name).first.check()
    page.get_by_text("3 mementos").wait_for()
    for width, height, _most in _SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for place in ("0", "document.documentElement.scrollHeight / 2"):
            page.evaluate(f"scrollTo(0, {place})")
            for one in page.locator("#footer button").all():
                assert one.evaluate(_IS_IN_SIGHT), (width, one)


def test_two_hundred_mementos_make_no_page_taller_than_three_windows(page, server, demonstration, link, two_hundred):
    too_tall = []

    def measure(name: str, sizes=_SIZES) -> None:
        for width, height, most in sizes:
            page.set_viewport_size({"width": width, "height": height})
            is_high, is_wide = page.evaluate(
                "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
            )
            if is_high > most * height:
                too_tall.append(f"{name} at {width} x {height}: {is_high / height:.2f} windows")
            assert is_wide == width, name

    page.goto(link)
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    measure("consent")
    # What lies in the part that scrolls is told outside of it.
    page.get_by_text("200 mementos:").wait_for()
    follow(page.get_by_role("link", name="Change what it will see"))
    measure("choose, all ticked")
    app = f"{server.url}/account/apps/{two_hundred}/"
    for path in (
        "/account/",
        "/account/mementos/",
        "/account/mementos/found?q=the",
        "/account/apps/",
        "/account/memories/",
        "/account/sessions/",
        "/account/settings/notices/",
    ):
        page.goto(server.url + path)
        measure(path)
    follow(page.goto(f"{server.url}/account/mementos/") and page.get_by_role("link", name="Project 0 of the year"))
    measure("a memento's page", _SIZES[:2])
    page.goto(app)
    page.get_by_text("What it sees: 200 mementos").wait_for()
    # So many settings stand on it that it is long on the narrowest screen with one memento, too.
    measure("an app's page", _SIZES[:2])
    page.goto(app + "mementos")
    measure("an app's choice")
    page.get_by_role("radio", name="Nothing yet").check()
    follow(page.get_by_role("button", name="See what changes").last)
    measure("what changes")
    assert not too_tall, "\n".join(["", *too_tall])


def test_a_long_list_goes_by_keyboard(page, two_hundred, server):
    """The focus moves on in it, what has it is in sight, and one link leads past all two hundred."""
    enter(page, server, ALICE)
    page.goto(f"{server.url}/account/apps/{two_hundred}/mementos")
    page.get_by_label("Find a memento").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip the list"
    for _ in range(60):
        page.keyboard.press("Tab")
    focused = page.evaluate_handle("document.activeElement").as_element()
    assert focused.get_attribute("name") in ("memento_ids", "writable_ids")
    assert focused.evaluate("one => one.closest('ul').scrollTop") > 500
    assert focused.evaluate(_IS_IN_SIGHT)
    page.get_by_role("link", name="Skip the list").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#footer') !== null")
