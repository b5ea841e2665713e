"""Every request that writes, killed with -9 after each of its statements in turn, on both databases.

What is left is looked at from outside: within a transaction nothing of it, after it all of it. Then the request is made
once more, as whoever got no answer would: it is never an error of ours, and what is to be done once was done once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.accounts.models import Membership
from app.accounts.organizations import find_organization
from app.extensions import db
from tests import conftest as people
from tests.actors import Browser, Person
from tests.databases import empty_tables
from tests.integrator import Integrator
from tests.org.conftest import HONEST
from tests.robustness.dying import count_ends, dump, kill_after, statements_of

WRITING = "memories:read memories:write"
Act = Callable[[], Any]


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


@dataclass
class World:
    """Some people of Acme, one of its apps, and what they are about to do, anew for each death."""

    app: Any
    alice: Person
    bob: Person
    carol: Person
    notebook: Integrator
    #: Of Alice, of Bob who is an owner, and of Carol of another organization.
    person: Browser
    admin: Browser
    stranger: Browser

    def api(self, method: str, path: str, json=None, key: str | None = None) -> Act:
        tokens = self.notebook.tokens(self.person, scope=WRITING, choose={"selection": "none"})
        headers = {"Authorization": f"Bearer {tokens['access_token']}"} | ({"Idempotency-Key": key} if key else {})
        return lambda: self.app.test_client().open(f"/api/v1/{path}", method=method, json=json, headers=headers)

    def made(self, path: str, body: dict[str, Any]) -> str:
        return self.api("POST", path, body)().json["id"]

    def form(self, browser: Browser, path: str, action: str | None = None, **fields: Any) -> Act:
        page = browser.get(path)
        assert page.status_code == 200, (path, page.status)
        # Who signs in or up sends the form back to where it came from.
        action = None if path.startswith("/sign-") else action or path
        return lambda: browser.submit(page, action=action, **fields)


def new_world(app) -> World:
    with app.app_context():
        db.session.remove()
        empty_tables(db.engine, db.metadata)
    alice = people._register(app, "Alice Archer", "alice@acme.example", "Acme", "member")
    bob = people._register(app, "Bob Baker", "bob@acme.example", "Acme", "owner")
    carol = people._register(app, "Carol Chen", "carol@globex.example", "Globex", "owner")
    notebook = people._register_integrator(
        app, "Acme Notebook", "confidential", "https://notebook.acme.example/callback"
    )
    # Kept with a waiting request, where it is to be the same each time.
    notebook.code_verifier = "v" * 43
    browsers = [Browser(app) for _ in range(3)]
    for browser, person in zip(browsers, (alice, bob, carol), strict=True):
        browser.enter(person)
    return World(app, alice, bob, carol, notebook, *browsers)


# -- what is done ----------------------------------------------------------------------------------


def exchange(w: World) -> Act:
    code = w.notebook.code(w.person)
    return lambda: w.notebook.exchange(code)


def refresh(w: World) -> Act:
    tokens = w.notebook.tokens(w.person)
    return lambda: w.notebook.refresh(tokens["refresh_token"])


def replay_a_code(w: World) -> Act:
    code = w.notebook.code(w.person)
    assert w.notebook.exchange(code).status_code == 200
    return lambda: w.notebook.exchange(code)


def revoke(w: World) -> Act:
    tokens = w.notebook.tokens(w.person)
    return lambda: w.notebook.revoke(tokens["refresh_token"])


def decide(w: World) -> Act:
    page = w.notebook.start(w.person)
    page = w.person.follow(w.person.submit(page, press="Continue", selection="all"))
    return lambda: w.person.submit(page, press="Authorize")


def authorize_without_a_screen(w: World) -> Act:
    w.notebook.allow(w.alice, w.notebook.scope, {"selection": "all"})
    return lambda: w.person.get(w.notebook.authorize_url())


def disconnect(w: World) -> Act:
    page = w.person.get(f"/account/apps/{w.notebook.tokens(w.person)['grant_id']}/disconnect")
    return lambda: w.person.submit(page, press="End Acme Notebook")


def pause(w: World) -> Act:
    grant_id = w.notebook.tokens(w.person)["grant_id"]
    return w.form(w.person, f"/account/apps/{grant_id}/", f"/account/apps/{grant_id}/pause")


def add_memory(w: World) -> Act:
    return w.api("POST", "memories/", {"title": "Bread", "text": "Flour.", "tags": ["a", "b"]}, key="one")


def change_memory(w: World) -> Act:
    id = w.made("memories/", {"title": "Bread", "text": "Flour.", "tags": ["a"]})
    return w.api("PATCH", f"memories/{id}/", {"title": "Cake", "tags": ["b", "c"]})


def delete_memory(w: World) -> Act:
    id = w.made("memories/", {"title": "Bread", "text": "Flour.", "tags": ["a"]})
    return w.api("DELETE", f"memories/{id}/")


def make_memento(w: World) -> Act:
    return w.api("POST", "mementos/", {"name": "Work"}, key="one")


def fill_memento(w: World) -> Act:
    memory, memento = w.made("memories/", {"title": "Bread", "text": "x"}), w.made("mementos/", {"name": "Work"})
    return w.api("POST", f"mementos/memento_document/{memento}/", {"add": [memory]})


def delete_memento(w: World) -> Act:
    return w.api("DELETE", f"mementos/{w.made('mementos/', {'name': 'Work'})}/")


def register_app(w: World) -> Act:
    return w.form(w.admin, "/org/oauth/register", press="Register the app", **HONEST)


def save_settings(w: World) -> Act:
    return w.form(w.admin, f"/org/oauth/{w.notebook.client_id}/settings", press="Save", name="Bob's Notebook")


def rotate_all(w: World) -> Act:
    w.notebook.tokens(w.person)
    return w.form(w.admin, f"/org/oauth/{w.notebook.client_id}/rotate-everything")


def delete_app(w: World) -> Act:
    w.notebook.tokens(w.person)
    return w.form(w.admin, f"/org/oauth/{w.notebook.client_id}/delete", typed_name="Acme Notebook")


def accept_invitation(w: World) -> Act:
    page = w.admin.submit(w.admin.get("/org/oauth/members"), press="Make an invitation link")
    link = re.search(r"/org/oauth/join/rlq_in_[0-9a-f]{64}", page.text)[0]
    return w.form(w.stranger, link, press="Join")


def leave(w: World) -> Act:
    with w.app.app_context():
        db.session.add(Membership(user_id=w.carol.id, organization_id=find_organization("acme").id, role="owner"))
        db.session.commit()
    return w.form(w.admin, "/org/oauth/members/leave")


def delete_organization(w: World) -> Act:
    w.notebook.tokens(w.person)
    return w.form(w.admin, "/org/oauth/organization/delete", typed_name="Acme")


def sign_up(w: World) -> Act:
    browser = Browser(w.app)
    fields = {"email": "dora@example.org", "name": "Dora", "password": "the password of Dora Dee"}
    return w.form(browser, "/sign-up", organization_name="Dora's", **fields)


def sign_in(w: World) -> Act:
    browser = Browser(w.app)
    return w.form(browser, "/sign-in", email=w.alice.email, password=w.alice.password)


@dataclass(frozen=True)
class Expected:
    """What a repetition is answered with, when the first was committed, and whether it then does nothing more."""

    again: tuple[int, ...]
    once: bool = True


ACTS = {
    exchange: Expected((400,), once=False),
    refresh: Expected((200,), once=False),
    replay_a_code: Expected((400,)),
    revoke: Expected((200,)),
    decide: Expected((410,)),
    authorize_without_a_screen: Expected((302, 303), once=False),
    disconnect: Expected((404,)),
    pause: Expected((303,)),
    add_memory: Expected((201,)),
    # The person is told that it was written twice.
    change_memory: Expected((200,), once=False),
    delete_memory: Expected((404,)),
    make_memento: Expected((201,)),
    fill_memento: Expected((200,)),
    delete_memento: Expected((404,)),
    register_app: Expected((303,)),
    save_settings: Expected((303, 409)),
    rotate_all: Expected((303,)),
    delete_app: Expected((404,)),
    accept_invitation: Expected((303, 410)),
    leave: Expected((303, 403, 404), once=False),
    delete_organization: Expected((303, 403, 404, 200), once=False),
    sign_up: Expected((303, 400), once=False),
    sign_in: Expected((303,), once=False),
}


@pytest.mark.parametrize("prepare", ACTS, ids=lambda prepare: prepare.__name__)
def test_it_is_done_as_a_whole_or_not_at_all(app, prepare):
    expected = ACTS[prepare]
    statements = statements_of(app, prepare(new_world(app)))
    all_ends = count_ends(statements)
    assert all_ends, "It writes nothing."
    states: dict[int, Any] = {}
    answers: dict[str, int] = {}
    for k in range(1, len(statements) + 1):
        act = prepare(new_world(app))
        kill_after(app, act, k)
        ends, left = count_ends(statements[:k]), dump(app)
        assert states.setdefault(ends, left) == left, f"Half of it is there, after {statements[k - 1]}"
        again = act()
        assert again.status_code < 500, (k, again.status)
        if ends == all_ends:
            assert again.status_code in expected.again, (k, again.status)
            assert not expected.once or dump(app) == left, f"It was done twice, after {statements[k - 1]}"
        answers[again.status] = answers.get(again.status, 0) + 1
    print(
        f"\n{prepare.__name__}: killed after each of {len(statements)} statements, {len(states)} states; then {answers}"
    )
    assert set(states) >= {0, all_ends} or statements[0].startswith(("INSERT", "UPDATE", "DELETE", "WITH"))
