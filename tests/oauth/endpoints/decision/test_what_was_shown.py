"""What a person was shown and answered binds: a change between page and answer shows the page again, and grants nothing.

Each test walks an honest request to a screen, changes one fact behind it, and answers.
"""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.accounts.models import Organization, User
from app.clients.models import Client, ClientLogo
from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.consents.models import Consent, ConsentMemento
from app.database.access import expect_writes
from app.database.connections import connect
from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.oauth.endpoints.decision import confirm as consent_screen
from app.oauth.tokens.code import AuthorizationCode
from tests.actors import find_form
from tests.tables import each

SCOPE = "memories:read memories:write"


@pytest.fixture
def in_database(app) -> Callable:
    """Do something to the database, behind everybody's back."""

    def act(change: Callable):
        with app.app_context():
            result = change(db.session)
            db.session.commit()
            return result

    return act


@pytest.fixture
def recipes(in_database, make_memento, alice) -> str:
    """A memento with one memory in it."""
    memento = make_memento("Recipes")
    in_database(lambda session: add_memory(session, alice.id, "Source of Recipes"))
    return memento


@pytest.fixture
def picker(app, notebook, signed_in, recipes, change_client):
    """The first screen, of an app whose memories:write may be left out."""
    change_client(notebook, optional_scope="memories:write")
    return notebook.start(signed_in, scope=SCOPE)


@pytest.fixture
def consent_page(picker, signed_in, recipes):
    return signed_in.follow(signed_in.submit(picker, press="Continue", selection="selected", memento_ids=[recipes]))


@pytest.fixture
def nothing_granted(in_database) -> Callable[[], None]:
    def check() -> None:
        for model in (Consent, AuthorizationCode):
            assert (
                in_database(lambda session, model=model: session.scalar(select(func.count()).select_from(model))) == 0
            )

    return check


def add_memory(session, user_id: str, source: str, kind: str = "memory") -> None:
    integration = session.scalar(select(Integration).where(Integration.name == source))
    if integration is None:
        integration = Integration(user_id=user_id, kind=kind, name=source)
        session.add(integration)
        session.flush()
    session.add(Memory(user_id=user_id, integration_id=integration.id, title="A title", text="A text"))


def assert_shown_again(page, *, path: str) -> None:
    """The same screen, which says that something changed; no way back to the app."""
    assert (page.status_code, page.request.path) == (200, f"/oauth/authorize/{path}"), (page.status, page.location)
    assert "Something changed while this page was open" in page.text


# -- the row's own example -----------------------------------------------------------------------------


def test_a_declined_scope_is_not_granted_when_it_has_become_required(
    notebook, signed_in, consent_page, change_client, nothing_granted
):
    """She unticked it; the app's owner made it required meanwhile. She is asked again, and nothing was granted."""
    change_client(notebook, optional_scope="")
    page = signed_in.submit(consent_page, press="Authorize", scopes=[])
    assert_shown_again(page, path="consent")
    assert "what of it you can leave out, has changed" in page.text
    nothing_granted()
    answer = notebook.answer(signed_in.submit(page, press="Authorize"))
    assert notebook.exchange(answer["code"]).json["scope"] == SCOPE


def test_what_was_unticked_stays_unticked_on_the_page_that_is_shown_again(
    notebook, signed_in, consent_page, change_client
):
    change_client(notebook, name="Acme Notebook 2")
    page = signed_in.submit(consent_page, press="Authorize", scopes=[], until="month")
    assert_shown_again(page, path="consent")
    form = find_form(page, press="Authorize")
    assert "scopes" not in dict(form.values) and dict(form.values)["until"] == "month"
    answer = notebook.answer(signed_in.submit(page, press="Authorize"))
    assert notebook.exchange(answer["code"]).json["scope"] == "memories:read"


# -- each fact, on each screen -------------------------------------------------------------------------


def change_of_client(**values):
    def change(session, client_id, **_):
        client = session.get_one(Client, client_id)
        for name, value in values.items():
            setattr(client, name, value)

    return change


def rename_organization(session, **_):
    session.execute(update(Organization).values(name="Globex"))


def give_logo(session, client_id, **_):
    session.get_one(Client, client_id).logo = ClientLogo(digest="d" * 64, image=b"png")


def rename_person(session, alice, **_):
    session.get_one(User, alice.id).name = "Somebody Else"


def readdress_person(session, alice, **_):
    session.get_one(User, alice.id).email = "else@acme.example"


def rename_memento(session, recipes, **_):
    session.get_one(Memento, recipes).name = "Diary"


def rename_source(session, recipes, **_):
    session.execute(update(Integration).values(name="Diary"))


def add_another_source(session, recipes, alice, **_):
    add_memory(session, alice.id, "Mail", kind="gmail")
    source = session.scalar(select(Integration.id).where(Integration.name == "Mail"))
    session.add(MementoContent(memento_id=recipes, integration_id=source))


#: fact -> (how it changes, what the page then says).
CHANGES = {
    "name of the app": (change_of_client(name="Acme Notebook 2"), "What the app is called"),
    "name of its organization": (rename_organization, "What the app is called"),
    "homepage": (change_of_client(homepage_url="https://acme.example/"), "logo or one of its links"),
    "privacy policy": (change_of_client(privacy_url="https://acme.example/p"), "logo or one of its links"),
    "terms": (change_of_client(terms_url="https://acme.example/t"), "logo or one of its links"),
    "logo": (give_logo, "logo or one of its links"),
    "type": (change_of_client(type="public"), "How the app proves"),
    "name of the person": (rename_person, "The account has changed"),
    "address of the person": (readdress_person, "The account has changed"),
    "name of the memento": (rename_memento, "A memento was renamed"),
    "name of a source": (rename_source, "A memento was renamed"),
    "another source in the memento": (add_another_source, "A memento was renamed"),
}


@pytest.fixture(params=["mementos", "consent"])
def screen(request):
    """The path of a screen, and the screen itself."""
    return request.param, request.getfixturevalue("picker" if request.param == "mementos" else "consent_page")


@each("fact", CHANGES)
def test_a_fact_that_changed_since_the_page_shows_it_again(
    screen, notebook, signed_in, recipes, alice, in_database, nothing_granted, fact
):
    change, sentence = CHANGES[fact]
    screen, page = screen

    in_database(lambda session: change(session, client_id=notebook.client_id, recipes=recipes, alice=alice))
    answer = {"press": "Authorize"} if screen == "consent" else {"press": "Continue", "memento_ids": [recipes]}
    page = signed_in.submit(page, **answer)
    assert_shown_again(page, path=screen)
    assert sentence in page.text
    nothing_granted()
    # Shown as it is now, it can be answered.
    page = signed_in.follow(signed_in.submit(page, **answer))
    page = page if page.status_code == 303 else signed_in.submit(page, press="Authorize")
    assert "code" in notebook.answer(page)


@each("changed", ["optional", "write"])
def test_what_may_be_left_out_is_a_fact(notebook, signed_in, consent_page, change_client, nothing_granted, changed):
    change_client(notebook, optional_scope="" if changed == "optional" else "memories:read memories:write")
    assert_shown_again(signed_in.submit(consent_page, press="Authorize"), path="consent")
    nothing_granted()


def test_a_memento_that_was_deleted_is_told_on_the_picker(signed_in, picker, recipes, make_memento, in_database):
    """With another memento ticked beside it, less than she ticked would go through unseen."""
    diary = make_memento("Diary")
    page = signed_in.get(picker.request.full_path)
    in_database(lambda session: session.delete(session.get_one(Memento, recipes)))
    page = signed_in.submit(page, press="Continue", memento_ids=[recipes, diary])
    assert_shown_again(page, path="mementos")


def test_a_memento_that_was_deleted_is_told_on_the_consent_page(signed_in, consent_page, recipes, in_database):
    in_database(lambda session: session.delete(session.get_one(Memento, recipes)))
    page = signed_in.follow(signed_in.submit(consent_page, press="Authorize"))
    assert page.request.path == "/oauth/authorize/mementos"
    assert "Something changed while this page was open" in page.text


def test_a_write_tick_that_was_set_in_another_tab_is_shown_first(
    signed_in, picker, recipes, consent_page, nothing_granted
):
    signed_in.submit(picker, press="Continue", memento_ids=[recipes], writable_ids=[recipes])
    page = signed_in.submit(consent_page, press="Authorize")
    assert_shown_again(page, path="consent")
    assert "It may also change or delete these" in page.text
    nothing_granted()


# -- what is no fact -----------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", ["mementos", "consent"])
def test_a_count_that_moves_does_not_keep_anybody_from_answering(
    request, notebook, signed_in, recipes, alice, in_database, screen
):
    """An import that runs adds memories all the time."""
    page = request.getfixturevalue("picker" if screen == "mementos" else "consent_page")
    in_database(lambda session: add_memory(session, alice.id, "Source of Recipes"))
    if screen == "mementos":
        page = signed_in.follow(signed_in.submit(page, press="Continue", memento_ids=[recipes]))
        in_database(lambda session: add_memory(session, alice.id, "Source of Recipes"))
    assert "code" in notebook.answer(signed_in.submit(page, press="Authorize"))


def test_a_memento_that_came_along_and_is_not_ticked_changes_nothing(signed_in, picker, recipes, make_memento):
    """An app that makes mementos must not make the picker unanswerable."""
    make_memento("Diary")
    page = signed_in.submit(picker, press="Continue", memento_ids=[recipes])
    assert page.status_code == 303


def test_a_memento_that_was_not_on_the_page_cannot_be_chosen_by_it(signed_in, picker, recipes, make_memento):
    diary = make_memento("Diary")
    form = find_form(picker, press="Continue")
    sent = dict(form.values) | {"action": "continue", "memento_ids": [recipes, diary]}
    page = signed_in.client.post(picker.request.full_path, data=sent, base_url="http://127.0.0.1:8000")
    assert_shown_again(page, path="mementos")


def test_to_cancel_is_never_asked_twice(notebook, signed_in, consent_page, change_client):
    change_client(notebook, name="Acme Notebook 2")
    assert notebook.answer(signed_in.submit(consent_page, press="Cancel"))["error"] == "access_denied"


# -- who comes back ------------------------------------------------------------------------------------


@pytest.fixture
def return_page(notebook, signed_in, recipes, make_memento):
    """The consent page of somebody who has allowed the app everything it asks for before."""
    notebook.authorize(signed_in, scope=SCOPE, choose={"memento_ids": [recipes, make_memento("Diary")]})
    return notebook.start(signed_in, scope=SCOPE, prompt="consent")


def test_a_later_end_is_shown_first(notebook, signed_in, return_page, change_consent):
    change_consent(notebook, expires_at=clock.now().replace(year=2099))
    page = signed_in.submit(return_page, press="Authorize")
    assert_shown_again(page, path="consent")
    assert "Until when it is allowed has changed" in page.text


def test_what_was_allowed_meanwhile_is_shown_first(notebook, signed_in, return_page, change_consent):
    """What is allowed before stays allowed, so it is part of what she signs."""
    change_consent(notebook, scope=f"{SCOPE} integrations:write")
    page = signed_in.submit(return_page, press="Authorize")
    assert_shown_again(page, path="consent")
    assert "connect, change and remove your sources" in page.text


def test_what_the_app_would_lose_is_shown_first(notebook, signed_in, return_page, make_memento, in_database):
    journeys = make_memento("Journeys")
    in_database(
        lambda session: session.add(
            ConsentMemento(grant_id=session.scalars(select(Consent.grant_id)).one(), memento_id=journeys)
        )
    )
    page = signed_in.submit(return_page, press="Authorize")
    assert_shown_again(page, path="consent")
    assert "<del><bdi>Journeys</bdi></del>" in page.text


# -- a pause -------------------------------------------------------------------------------------------


def test_a_paused_app_is_resumed_by_a_button_that_says_so_and_by_no_other(
    notebook, signed_in, return_page, change_consent, in_database
):
    """She paused it in another tab: what she reads here says nothing of it yet, so it cannot end the pause."""
    change_consent(notebook, paused_at=clock.now())
    page = signed_in.submit(return_page, press="Authorize")
    assert_shown_again(page, path="consent")
    assert "It was paused or resumed meanwhile" in page.text
    assert in_database(lambda session: session.scalars(select(Consent.paused_at)).one()) is not None
    assert "You paused it" in page.text
    notebook.answer(signed_in.submit(page, press="Resume and authorize"))
    assert in_database(lambda session: session.scalars(select(Consent.paused_at)).one()) is None


def test_the_picker_says_too_that_it_is_paused(notebook, signed_in, return_page, change_consent):
    change_consent(notebook, paused_at=clock.now())
    page = signed_in.get(return_page.request.full_path.replace("/consent", "/mementos"))
    assert "You paused it" in page.text


def test_to_cancel_leaves_it_paused(notebook, signed_in, return_page, change_consent, in_database):
    change_consent(notebook, paused_at=clock.now())
    page = notebook.start(signed_in, scope=SCOPE)
    notebook.answer(signed_in.submit(page, press="Cancel"))
    assert in_database(lambda session: session.scalars(select(Consent.paused_at)).one()) is not None


def test_a_consent_that_is_recorded_without_that_button_stays_paused(
    app, notebook, signed_in, return_page, change_consent, in_database, alice
):
    change_consent(notebook, paused_at=clock.now())
    with app.app_context(), expect_writes(), connect(db.engine) as connection, connection.transaction():
        again = give_consent(
            connection, user_id=alice.id, client_key=notebook.client_id, scope=SCOPE, choice=Choice("all")
        )
    assert again.paused_at is not None


# -- scripts, tabs, races ------------------------------------------------------------------------------


def post(browser, page, **sent):
    """Send what a script sends: the token against forgery, and what it decided."""
    token = dict(find_form(page, press="Cancel").values)["csrf_token"]
    return browser.client.post(
        page.request.full_path, data={"csrf_token": token} | sent, base_url="http://127.0.0.1:8000"
    )


@pytest.mark.parametrize("screen", ["mementos", "consent"])
def test_a_script_that_names_no_page_is_held_to_what_was_last_shown(
    request, notebook, signed_in, recipes, change_client, nothing_granted, screen
):
    page = request.getfixturevalue("picker" if screen == "mementos" else "consent_page")
    change_client(notebook, name="Acme Notebook 2")
    decision = {"action": "authorize"} if screen == "consent" else {"action": "continue", "memento_ids": recipes}
    assert_shown_again(post(signed_in, page, **decision), path=screen)
    nothing_granted()
    # Which is now shown, so that the same again is an answer.
    assert post(signed_in, page, **decision).status_code == 303


def test_a_script_cannot_sign_what_nobody_was_shown(notebook, signed_in, picker, recipes, nothing_granted):
    signed_in.submit(picker, press="Continue", memento_ids=[recipes])
    never_opened = picker.request.full_path.replace("/mementos", "/consent")
    token = dict(find_form(picker, press="Cancel").values)["csrf_token"]
    page = signed_in.client.post(
        never_opened, data={"csrf_token": token, "action": "authorize"}, base_url="http://127.0.0.1:8000"
    )
    assert page.status_code == 200 and "Authorize" in page.text
    nothing_granted()


@each("seal", ["", "x", "~", "." * 11, "\x00", "a" * 5000, "é.~.-."])
def test_a_seal_that_is_none_shows_the_page_again(signed_in, consent_page, nothing_granted, seal):
    page = signed_in.submit(consent_page, press="Authorize", shown=seal)
    assert_shown_again(page, path="consent")
    nothing_granted()


def test_each_of_two_tabs_is_held_to_its_own_page(notebook, signed_in, consent_page, change_client, nothing_granted):
    """The second tab has seen the new name. The first has not, whatever was shown last."""
    change_client(notebook, name="Acme Notebook 2")
    second = signed_in.get(consent_page.request.full_path)
    assert_shown_again(signed_in.submit(consent_page, press="Authorize"), path="consent")
    nothing_granted()
    assert "code" in notebook.answer(signed_in.submit(second, press="Authorize"))


def test_a_change_that_comes_with_the_click_itself_is_seen(
    notebook, signed_in, consent_page, change_client, nothing_granted, monkeypatch
):
    """The app is looked at when the request is opened, and again where it is decided."""
    read_action = consent_screen.read_action

    def change_and_read(*args):
        # As another request does it, which has a transaction of its own.
        with expect_writes():
            change_client(notebook, optional_scope="")
        return read_action(*args)

    monkeypatch.setattr(consent_screen, "read_action", change_and_read)
    page = signed_in.submit(consent_page, press="Authorize", scopes=[])
    assert_shown_again(page, path="consent")
    nothing_granted()


def test_another_account_in_another_tab_does_not_sign_for_the_first(
    notebook, signed_in, consent_page, carol, nothing_granted
):
    """She switched the account in the other tab; this tab still says Alice."""
    shown = dict(find_form(consent_page, press="Authorize").values)["shown"]
    page = signed_in.follow(signed_in.submit(consent_page, press="Not you? Switch account"))
    page = signed_in.follow(signed_in.submit(page, email=carol.email, password=carol.password))
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    token = dict(find_form(page, press="Cancel").values)["csrf_token"]
    page = signed_in.client.post(
        consent_page.request.full_path,
        data={"csrf_token": token, "action": "authorize", "shown": shown},
        base_url="http://127.0.0.1:8000",
    )
    assert_shown_again(page, path="consent")
    assert "The account has changed" in page.text
    nothing_granted()


# -- a decision that is not clear ------------------------------------------------------------------------

UNCLEAR = [
    {"action": ["authorize", "cancel"]},
    {"action": ["cancel", "authorize"]},
    {"action": ["authorize", "authorize"]},
    {"action": "approve"},
    {"action": ""},
    {},
    {"action": "authorize", "until": ["day", "forever"]},
    {"action": "authorize", "chooses_scopes": ["memories:write", "1"]},
    {"action": "authorize", "shown": ["a", "b"]},
    {"action": "cancel", "until": ["day", "forever"]},
    {"action": "authorize", "csrf_token": ["again"]},
]


@each("sent", UNCLEAR, ids=str)
def test_an_unclear_decision_is_none(signed_in, consent_page, nothing_granted, sent):
    """Neither given nor refused: the page is shown again, and says why."""
    token = dict(find_form(consent_page, press="Cancel").values)["csrf_token"]
    data = {"csrf_token": token} | sent
    if "csrf_token" in sent:
        data["csrf_token"] = [token, "again"]
    page = signed_in.client.post(consent_page.request.full_path, data=data, base_url="http://127.0.0.1:8000")
    assert (page.status_code, page.location) == (422, None)
    assert "It was not clear what you decided" in page.text
    nothing_granted()
    assert signed_in.submit(page, press="Authorize").status_code == 303


@each(
    "sent",
    [
        {"action": ["continue", "cancel"]},
        {"action": "next"},
        {},
        {"action": "continue", "selection": ["none", "all"]},
        {"action": "create", "new_name": ["One", "Two"]},
        {"action": "continue", "shown": ["a", "b"]},
    ],
    ids=str,
)
def test_an_unclear_choice_is_none(signed_in, picker, recipes, nothing_granted, sent):
    sent = {"memento_ids": recipes} | sent
    page = post(signed_in, picker, **sent)
    assert (page.status_code, page.location) == (422, None)
    assert "It was not clear what you decided" in page.text
    unchosen = signed_in.get(picker.request.full_path.replace("/mementos", "/consent"))
    assert unchosen.location.startswith("/oauth/authorize/mementos")
