"""The question whether an agent is the same as before, to somebody who has fourteen of them, and their own pages."""

import os
from pathlib import Path

import pytest

from app.accounts.users import find_user_by_email
from app.clients.models import DYNAMIC, find_client
from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.consents.continuing import rename
from app.database.connections import connect
from app.extensions import db
from app.memories.mementos import list_mementos
from tests.integrator import s256
from tests.journeys.walk import ALICE, follow, sign_in
from tests.unregistered import add_unregistered

_SCOPE = "memories:read memories:write"
#: Where pictures of the pages are put, if somebody wants to look at them.
_PICTURES = os.environ.get("TEST_PICTURES")


@pytest.fixture
def picture(page):
    """Take pictures of the whole page: wide and narrow, light and dark."""

    def picture(name: str) -> None:
        for width, height, scheme in ((1280, 900, "light"), (320, 640, "dark"), (320, 640, "light")):
            if _PICTURES:
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=Path(_PICTURES) / f"{name}-{width}-{scheme}.png", full_page=True)

    return picture


def _connect_fourteen(app) -> None:
    """Thirteen connections of the name, one of them with a name of its own, and everything that they can have."""
    with app.app_context():
        user_id = find_user_by_email(ALICE).id
        mementos = [memento.id for memento in list_mementos(user_id)]
    for number in range(13):
        agent = add_unregistered(app, f"client_{number:024}", "Claude Code", DYNAMIC)
        choice = Choice("selected", dict.fromkeys(mementos[: number % 4 + 1], number % 2 == 0))
        with app.app_context(), connect(db.engine) as connection, connection.transaction():
            given = give_consent(
                connection,
                user_id=user_id,
                client_key=find_client(connection, agent.client_id).key,
                scope=_SCOPE,
                choice=choice,
            )
            if number == 12:
                rename(connection, user_id, given.grant_id, "Claude Code on the laptop under the stairs")


def test_which_of_fourteen_it_is(look, picture, page, server, demonstration, callback):
    """It is asked on the consent screen itself, which is no longer than three windows; no script is needed for it."""
    _connect_fourteen(server.app)

    def ask(number: int) -> None:
        client_id = f"client_{number:024}"
        if number not in range(14):
            add_unregistered(server.app, client_id, "Claude Code", DYNAMIC, redirect_uris=[callback.url])
        page.goto(
            f"{server.url}/oauth/authorize?response_type=code&client_id={client_id}&redirect_uri={callback.url}"
            f"&state=x&scope={_SCOPE.replace(' ', '+')}&code_challenge={s256('v' * 43)}&code_challenge_method=S256"
        )

    ask(20)
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    look("which one it is")
    picture("question")
    assert page.get_by_role("radio", name="Another one").is_checked()
    assert page.get_by_role("radio", name="The same as").count() == 1
    for width, height in ((1280, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        length = page.evaluate("document.documentElement.scrollHeight / window.innerHeight")
        assert length <= 3, f"{length:.1f} windows at {width} pixels"
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_text("The same as one of 12 others").click()
    look("which one it is, all that are offered")
    picture("question-open")
    assert page.get_by_role("radio", name="The same as").count() == 4
    page.get_by_role("radio", name="laptop under the stairs").check()
    follow(page.get_by_role("button", name="Authorize"))
    page.get_by_role("heading", name="Back at the app").wait_for()
    assert "code" in callback.answer()

    ask(21)
    assert page.get_by_role("radio", name="on this browser").count() == 1
    follow(page.get_by_role("button", name="Authorize"))
    look("what another one may see")
    page.get_by_role("radio", name="Nothing yet").check()
    follow(page.get_by_role("button", name="Continue").last)
    look("which one it is, with a choice for another one")
    picture("question-with-a-choice")
    follow(page.get_by_role("button", name="Authorize"))
    page.get_by_role("heading", name="Back at the app").wait_for()

    look("apps", server.url + "/account/apps/")
    picture("apps")
    look("overview", server.url + "/account/")
    page.goto(server.url + "/account/apps/")
    follow(page.get_by_role("link", name="laptop under the stairs").first)
    page.get_by_label("What you call it").fill("\u200b\u2060")
    follow(page.get_by_role("button", name="Save the name"))
    look("app, no name")
    picture("app")
