"""Whatever is read and then written is held in between, on both databases: two who meet there take turns.

Each test lets one act stop right after it has read what its decision rests on, and another one come as far as it can.
"""

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from app.clients.models import find_client
from app.consents import changes
from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.consents.events import NARROWED, ConsentEvent
from app.consents.models import Consent
from app.consents.standing.freezing import freeze
from app.credentials import new_id
from app.database.connections import connect
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.memories.editing import Draft, duplicate_memento, save_draft
from app.memories.mementos import MementoNameTaken
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag
from app.memories.picks import Pick
from tests.actors import Browser
from tests.databases import BACKEND
from tests.robustness.meeting import meet, within

WRITING = "memories:read memories:write"


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


@pytest.fixture
def call(app, notebook, signed_in):
    """Call the API as Acme Notebook, which may look through nothing but what it adds."""
    tokens = notebook.tokens(signed_in, scope=WRITING, choose={"selection": "none"})
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def call(method: str, path: str, json=None):
        return app.test_client().open(f"/api/v1/{path}", method=method, json=json, headers=headers)

    call.grant_id = tokens["grant_id"]
    return call


@pytest.fixture
def source(app, alice) -> str:
    """A source of Alice's with one memory in it, by id."""
    with app.app_context():
        integration = Integration(user_id=alice.id, kind="memory", name="Notes")
        db.session.add(integration)
        db.session.flush()
        db.session.add(Memory(user_id=alice.id, integration_id=integration.id, title="Bread", text="Flour."))
        db.session.commit()
        return integration.id


@pytest.fixture
def new_memento(app, alice, source):
    """Make a memento of Alice's, and return its id."""

    def new_memento(name: str) -> str:
        with app.app_context():
            memento = Memento(user_id=alice.id, name=name, contents=[MementoContent(integration_id=source)])
            db.session.add(memento)
            db.session.commit()
            return memento.id

    return new_memento


# -- consents --------------------------------------------------------------------------------------


def test_two_first_consents_at_once_are_one_with_both_scopes(app, alice, notebook):
    """There is no row yet that the second could wait for, so it waits for the person's."""

    def give(scope: str):
        def act():
            with app.app_context(), connect(db.engine) as connection, connection.transaction():
                key = find_client(connection, notebook.client_id).key
                give_consent(connection, user_id=alice.id, client_key=key, scope=scope, choice=Choice("all"))

        return act

    met = meet(app, give("memories:read"), give("integrations:read"), after="FROM consents")
    assert met.second_waited
    with app.app_context():
        (consent,) = db.session.scalars(select(Consent))
        assert set(consent.scope.split()) == {"memories:read", "integrations:read"}


def test_of_two_first_pages_that_are_answered_at_once_the_second_is_shown_what_the_first_allowed(
    app, signed_in, notebook
):
    pages = []
    for scope in ("memories:read", "integrations:read"):
        page = notebook.start(signed_in, scope=scope)
        if "/mementos" in page.request.path:
            page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
        pages.append(page)
    acts = [lambda page=page: signed_in.submit(page, press="Authorize") for page in pages]
    met = meet(app, *acts, after="INSERT INTO consents")
    assert met.second_waited
    assert "code" in notebook.answer(met.first)
    assert "Something changed while this page was open" in met.second.text
    assert "code" in notebook.answer(signed_in.submit(met.second, press="Authorize"))
    with app.app_context():
        (consent,) = db.session.scalars(select(Consent))
        assert set(consent.scope.split()) == {"memories:read", "integrations:read"}


def test_a_memento_that_is_deleted_while_an_app_is_given_it_is_told_as_lost(app, alice, call, new_memento):
    """The event stands in the consent's history, whichever was first."""
    memento_id = new_memento("Work")

    def choose():
        choice = Choice("selected", {memento_id: False})
        return changes.change_choice(SessionConnection(db.session()), alice.id, call.grant_id, choice)

    browser = Browser(app)
    browser.enter(alice)
    page = browser.get(f"/account/mementos/{memento_id}/delete")
    delete = f"/account/mementos/{memento_id}/delete"
    met = meet(
        app, within(app, choose), lambda: browser.submit(page, action=delete), after="INSERT INTO consent_mementos"
    )
    assert (met.first, met.second.status_code, met.second_waited) == (True, 303, True)
    with app.app_context():
        told = db.session.scalars(select(ConsentEvent.changed).where(ConsentEvent.kind == NARROWED)).all()
    assert any(memento_id in str(one) for one in told)


# -- freezing everything ---------------------------------------------------------------------------


def test_what_is_given_while_everything_is_frozen_is_frozen_too(app, alice, signed_in, notebook):
    page = notebook.start(signed_in, scope="integrations:read")
    met = meet(
        app,
        lambda: signed_in.submit(page, press="Authorize"),
        within(app, lambda: freeze(SessionConnection(db.session()), alice.id)),
        after="INSERT INTO consents",
    )
    assert (met.first.status_code, met.second, met.second_waited) == (303, 1, True)
    with app.app_context():
        assert db.session.scalars(select(Consent.paused_at)).one() is not None


def test_what_is_decided_while_everything_is_being_frozen_is_asked_about_once_more(app, alice, signed_in, notebook):
    page = notebook.start(signed_in, scope="integrations:read")
    met = meet(
        app,
        within(app, lambda: freeze(SessionConnection(db.session()), alice.id)),
        lambda: signed_in.submit(page, press="Authorize"),
        after="UPDATE users",
    )
    assert (met.first, met.second.status_code, met.second_waited) == (0, 200, True)
    assert "You have paused all your apps meanwhile." in met.second.text
    with app.app_context():
        assert db.session.scalars(select(Consent)).all() == []


# -- writes of apps --------------------------------------------------------------------------------


def test_a_write_that_has_begun_is_over_before_an_end_is_answered(app, alice, call):
    met = meet(
        app,
        lambda: call("POST", "memories/", {"title": "Bread", "text": "Flour."}),
        within(app, lambda: changes.end(SessionConnection(db.session()), alice.id, call.grant_id)),
        after="INSERT INTO memories",
    )
    assert (met.first.status_code, met.second, met.second_waited) == (201, True, True)
    assert call("GET", "memories/").status_code == 401


def test_a_write_that_comes_while_the_person_ends_it_is_not_done(app, alice, call):
    met = meet(
        app,
        within(app, lambda: changes.end(SessionConnection(db.session()), alice.id, call.grant_id)),
        lambda: call("POST", "memories/", {"title": "Bread", "text": "Flour."}),
        after="UPDATE consents",
    )
    assert (met.first, met.second.status_code, met.second_waited) == (True, 401, True)
    assert "invalid_token" in met.second.headers["WWW-Authenticate"]
    with app.app_context():
        assert db.session.scalars(select(Memory)).all() == []


def test_a_write_that_comes_while_the_choice_is_made_smaller_is_held_to_the_new_one(
    app, alice, signed_in, notebook, source, new_memento
):
    memento_id = new_memento("Work")
    chosen = {"selection": "selected", "memento_ids": [memento_id], "writable_ids": [memento_id]}
    tokens = notebook.tokens(signed_in, scope=WRITING, choose=chosen)
    with app.app_context():
        memory_id = db.session.scalar(select(Memory.id))
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    met = meet(
        app,
        within(
            app,
            lambda: changes.change_choice(
                SessionConnection(db.session()), alice.id, tokens["grant_id"], Choice("selected", {memento_id: False})
            ),
        ),
        lambda: app.test_client().patch(f"/api/v1/memories/{memory_id}/", json={"title": "Cake"}, headers=headers),
        after="INSERT INTO consent_mementos",
    )
    assert (met.first, met.second.status_code, met.second_waited) == (True, 403, True)
    with app.app_context():
        assert db.session.scalar(select(Memory.title)) == "Bread"


def test_two_patches_of_one_memory_are_one_after_the_other(app, call):
    memory = call("POST", "memories/", {"title": "Bread", "text": "Flour.", "tags": ["a"]}).json["id"]

    def patch(**fields):
        return lambda: call("PATCH", f"memories/{memory}/", fields)

    met = meet(app, patch(tags=["a", "b"]), patch(tags=["b", "c"], title="Cake"), after="FROM memory_tags")
    assert (met.first.status_code, met.second.status_code, met.second_waited) == (200, 200, True)
    shown = call("GET", f"memories/{memory}/").json
    assert (shown["title"], sorted(shown["tags"])) == ("Cake", ["b", "c"])


def test_a_patch_beside_a_delete_is_done_before_or_finds_nothing(app, call):
    for acts in (("PATCH", "DELETE"), ("DELETE", "PATCH")):
        memory = call("POST", "memories/", {"title": "Bread", "text": "Flour.", "tags": ["a"]}).json["id"]
        requests = {
            "PATCH": lambda path=f"memories/{memory}/": call("PATCH", path, {"tags": ["b"]}),
            "DELETE": lambda path=f"memories/{memory}/": call("DELETE", path),
        }
        met = meet(app, *[requests[method] for method in acts], after="FROM memories")
        assert met.second_waited
        assert (met.first.status_code, met.second.status_code) == ((200, 204) if acts[0] == "PATCH" else (204, 404))
    with app.app_context():
        assert db.session.scalars(select(MemoryTag)).all() == []


def test_a_memory_that_its_person_deletes_while_an_app_changes_it_is_gone(app, alice, call):
    memory = call("POST", "memories/", {"title": "Bread", "text": "Flour."}).json["id"]
    browser = Browser(app)
    browser.enter(alice)
    with app.app_context():
        memento_id = db.session.scalar(select(Memento.id))
    page = browser.get(f"/account/mementos/{memento_id}/")
    asked = browser.submit(page, action=f"/account/mementos/{memento_id}/prune", memory_ids=[memory])
    met = meet(
        app,
        lambda: call("PATCH", f"memories/{memory}/", {"title": "Cake"}),
        lambda: browser.submit(asked, action=f"/account/mementos/{memento_id}/prune"),
        after="FROM memories",
    )
    assert (met.first.status_code, met.second.status_code) == (200, 303)
    assert call("GET", f"memories/{memory}/").status_code == 404


def test_two_first_writes_make_one_memento_of_the_app(app, alice, call):
    write = lambda: call("POST", "memories/", {"title": "Bread", "text": "Flour."})  # noqa: E731
    met = meet(app, write, write, after="^SELECT saved_mementos")
    assert (met.first.status_code, met.second.status_code, met.second_waited) == (201, 201, True)
    with app.app_context():
        assert len(db.session.scalars(select(Memento)).all()) == 1


def test_what_is_added_while_an_app_deletes_an_empty_source_is_kept_or_refused(app, alice, signed_in, notebook):
    tokens = notebook.tokens(signed_in, scope=f"{WRITING} integrations:write", choose={"selection": "all"})
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def arrange():
        with app.app_context():
            integration = Integration(user_id=alice.id, kind="memory", name="Notes")
            db.session.add(integration)
            db.session.commit()
            memory = {"user_id": alice.id, "integration_id": integration.id, "title": "Bread", "text": "Flour."}
        path = f"/api/v1/integrations/{integration.id}/"
        delete = lambda: app.test_client().delete(path, headers=headers).status_code  # noqa: E731
        return delete, within(app, lambda: db.session.execute(insert(Memory), [memory]) and None)

    delete, add = arrange()
    met = meet(app, add, delete, after="INSERT INTO memories")
    assert met == (None, 403, True)
    delete, add = arrange()
    met = meet(app, delete, add, after="FROM memories")
    assert met == (204, IntegrityError, True)
    with app.app_context():
        assert db.session.scalars(select(Memory.title)).all() == ["Bread"]


@pytest.mark.parametrize("act", ["add", "add to its own", "rename"])
def test_a_source_that_another_app_of_an_organization_deletes_is_there_or_is_not(app, notebook, act):
    """A person's apps take turns, an organization's do not."""
    scope = f"{WRITING} integrations:read integrations:write"
    headers = {"Authorization": f"Bearer {notebook.client_credentials(scope=scope).json['access_token']}"}
    call = lambda method, path, json: app.test_client().open(  # noqa: E731
        f"/api/v1/{path}", method=method, json=json, headers=headers
    )
    memory = {"title": "Bread", "text": "Flour."}
    if act == "add to its own":
        source = call("POST", "memories/", memory).json["integration_id"]
    else:
        source = call("POST", "integrations/", {"kind": "books", "name": "Books"}).json["id"]
        memory["integration_id"] = source
    path = f"integrations/{source}/"
    change = (
        (lambda: call("PATCH", path, {"name": "N"})) if act == "rename" else lambda: call("POST", "memories/", memory)
    )
    gone = within(app, lambda: db.session.execute(delete(Integration).where(Integration.id == source)) and None)
    met = meet(app, lambda: change().status_code, gone, after=r"(?s)^SELECT.*FROM integrations")
    assert (met.first, met.second) in {(201, None), (200, None)} and met.second_waited
    assert change().status_code == {"add": 422, "add to its own": 201, "rename": 404}[act]


# -- mementos --------------------------------------------------------------------------------------


def test_of_two_mementos_whose_names_read_the_same_one_is_made(app, alice, source):
    """No index knows that “Work” and “WORK” read the same."""

    def save(name: str):
        return lambda: save_draft(alice.id, None, name, Draft(added={Pick(source): None})).name

    met = meet(app, within(app, save("Work")), within(app, save("WORK")), after="SELECT mementos.name")
    assert (met.first, met.second, met.second_waited) == ("Work", MementoNameTaken, True)


def test_two_copies_of_a_memento_have_two_names(app, alice, new_memento):
    memento_id = new_memento("Work")
    copy = within(app, lambda: duplicate_memento(db.session.get_one(Memento, memento_id), new_id("mem")).name)
    met = meet(app, copy, copy, after="SELECT mementos.name")
    assert (met.first, met.second, met.second_waited) == ("Work (copy)", "Work (copy 2)", True)


def test_one_form_sent_twice_makes_one_copy(app, alice, new_memento):
    memento_id, copy_id = new_memento("Work"), new_id("mem")
    copy = within(app, lambda: duplicate_memento(db.session.get_one(Memento, memento_id), copy_id).name)
    met = meet(app, copy, copy, after="SELECT mementos.name")
    assert (met.first, met.second, met.second_waited) == ("Work (copy)", "Work (copy)", True)


# -- tokens of an app that is being deleted --------------------------------------------------------


@pytest.fixture
def delete_app(app, bob, notebook):
    """Delete Acme Notebook, as Bob does on its page."""
    browser = Browser(app)
    browser.enter(bob)
    path = f"/org/oauth/{notebook.client_id}/delete"
    page = browser.get(path)
    return lambda: browser.submit(page, action=path, typed_name="Acme Notebook")


def test_a_refresh_that_has_begun_is_done_before_its_app_is_deleted(app, signed_in, notebook, delete_app):
    tokens = notebook.tokens(signed_in)
    refresh = lambda: notebook.refresh(tokens["refresh_token"])  # noqa: E731
    met = meet(app, refresh, delete_app, after="UPDATE oauth_refresh_tokens")
    assert (met.first.status_code, met.second.status_code) == (200, 303)
    # On PostgreSQL it is one statement, and stands when that is over.
    assert met.second_waited is (BACKEND == "sqlite")
    assert not notebook.is_alive(met.first.json["access_token"])


@pytest.mark.parametrize("after", ["UPDATE consents", "DELETE FROM oauth_families"])
def test_a_refresh_that_comes_while_its_app_is_deleted_gets_nothing(app, signed_in, notebook, delete_app, after):
    tokens = notebook.tokens(signed_in)
    met = meet(app, delete_app, lambda: notebook.refresh(tokens["refresh_token"]), after=after)
    assert met.first.status_code == 303
    # The deletion is not answered before the refresh is over, so it may still have been done.
    assert met.second.status_code in (200, 400, 401)
    assert not notebook.is_alive(tokens["access_token"])
    assert met.second.status_code != 200 or not notebook.is_alive(met.second.json["access_token"])


@pytest.mark.parametrize("after", ["UPDATE consents", "DELETE FROM oauth_families"])
def test_a_code_that_is_redeemed_while_its_app_is_deleted_gives_nothing_that_lives(
    app, signed_in, notebook, delete_app, after
):
    code = notebook.code(signed_in)
    met = meet(app, delete_app, lambda: notebook.exchange(code), after=after)
    assert (met.first.status_code, met.second.status_code in (200, 400, 401)) == (303, True)
    assert met.second.status_code != 200 or not notebook.is_alive(met.second.json["access_token"])


# -- several tabs ----------------------------------------------------------------------------------


@pytest.fixture
def continued(app, alice, notebook):
    """A request that was begun before its person signed in, and that a consent covers: a browser and the way on."""
    notebook.allow(alice, notebook.scope, {"selection": "all"})
    browser = Browser(app)
    page = browser.follow(browser.get(notebook.authorize_url()))
    return browser, browser.submit(page, email=alice.email, password=alice.password).location


def test_a_tab_that_comes_too_late_is_told_that_another_one_answered(app, notebook, continued):
    """It has seen the request as nobody's yet: that does not make it another person's."""
    browser, way_on = continued
    late, first = (lambda: browser.get(way_on)), (lambda: browser.get(way_on))
    met = meet(app, late, first, after="FROM authorization_requests")
    assert "code" in notebook.answer(met.second)
    assert (met.first.status_code, "This request was already answered" in met.first.text) == (410, True)
    assert "/account/apps/" in met.first.text


def test_a_tab_of_somebody_else_learns_nothing_of_who_answered(app, bob, notebook, continued):
    browser, way_on = continued
    assert "code" in notebook.answer(browser.get(way_on))
    browser.enter(bob)
    page = browser.get(way_on)
    assert (page.status_code, "This request was already answered" in page.text) == (410, True)
    assert "/account/apps/" not in page.text.partition("<main")[2]
    assert "Alice" not in page.text and "Acme" not in page.text


def test_a_consent_that_ends_while_a_covered_request_goes_on_gives_no_code(app, alice, notebook, continued):
    browser, way_on = continued
    with app.app_context():
        grant_id = db.session.scalar(select(Consent.grant_id))
    end = within(app, lambda: changes.end(SessionConnection(db.session()), alice.id, grant_id))
    met = meet(app, lambda: browser.get(way_on), end, after="SELECT consents.grant_id")
    assert met.second is True
    assert met.first.status_code == 303 and met.first.location.startswith("/oauth/authorize/")
