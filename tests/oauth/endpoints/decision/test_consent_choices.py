"""What else a person decides on the two screens: in which mementos the app may write, and until when it all holds."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.consents.models import Consent, ConsentMemento
from app.consents.saved import SavedMemento
from app.extensions import db
from tests.actors import find_form
from tests.tables import each

SCOPE = "memories:read memories:write"


@pytest.fixture
def mementos(make_memento) -> dict[str, str]:
    return {name: make_memento(name) for name in ("Recipes", "Diary")}


@pytest.fixture
def consent(app):
    """The one consent there is: (expires_at, {memento id: whether it may be written in})."""

    def consent() -> tuple:
        with app.app_context():
            (one,) = db.session.scalars(select(Consent).where(Consent.revoked_at.is_(None)))
            rows = db.session.execute(select(ConsentMemento.memento_id, ConsentMemento.can_write))
            return one.expires_at, {memento_id: can_write for memento_id, can_write in rows}

    return consent


@pytest.fixture
def to_consent(notebook, signed_in, mementos):
    """Walk to the consent screen with these mementos ticked, and these to write in."""

    def walk(*names: str, write: tuple[str, ...] = (), scope: str = SCOPE, **more):
        page = notebook.start(signed_in, scope=scope, prompt="consent")
        if page.request.path.endswith("/consent"):
            page = signed_in.get(page.text.split('">Change')[0].rsplit('href="', 1)[1].replace("&amp;", "&"))
        choice = {"selection": "selected", "memento_ids": [mementos[name] for name in names]}
        ticks = {"writable_ids": [mementos[name] for name in write]} if "writable_ids" in page.text else {}
        return signed_in.follow(signed_in.submit(page, press="Continue", **choice, **ticks, **more))

    return walk


# -- where it may write ------------------------------------------------------------------------------------------


def test_only_an_app_that_asks_to_write_is_offered_the_ticks(notebook, signed_in, mementos):
    tick = "It may also change or delete these"
    assert tick in notebook.start(signed_in, scope=SCOPE).text
    assert tick not in notebook.start(signed_in, scope="memories:read").text


def test_no_write_tick_is_set_at_first(notebook, signed_in, mementos):
    page = notebook.start(signed_in, scope=SCOPE)
    tags = [tag for tag in page.text.split("<input ") if 'name="writable_ids"' in tag.split(">")[0]]
    assert len(tags) == 2
    assert not [tag for tag in tags if "checked" in tag.split(">")[0]]


def test_the_consent_names_where_the_app_may_write_and_where_not(to_consent):
    page = to_consent("Recipes", "Diary", write=("Recipes",)).text
    windows = page.split('class="windows"')[1].split("</ul>")[0].split("<li>")[1:]
    recipes, diary = sorted(windows, key=lambda window: "Diary" in window)
    assert "It may also change or delete these" in recipes
    assert "It may also change or delete these" not in diary


@each("choice, words", [("selected", "1 memory in all"), ("all", "Today that is 3 memories")])
def test_the_consent_counts_what_was_chosen(notebook, signed_in, shelf, choice, words):
    drive, slack = shelf.connect(), shelf.connect("slack")
    trips = shelf.memento("Trips", shelf.keep("Lisbon", drive)), shelf.memento("Empty", shelf.connect("gmail"))
    shelf.keep("Chat", slack), shelf.keep("Another", slack)
    ticks = {"memento_ids": list(trips)} if choice == "selected" else {}
    page = notebook.start(signed_in, scope="memories:read", prompt="consent")
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection=choice, **ticks))
    assert words in page.text


def test_the_consent_names_what_the_app_will_see_no_longer(pocket, signed_in, alice, make_memento, to_consent):
    pocket.allow(alice, SCOPE, {"selection": "selected", "memento_ids": [make_memento("Of another consent")]})
    first = to_consent("Recipes", "Diary")
    signed_in.submit(first, press="Authorize")
    assert "No longer" not in first.text
    line = to_consent("Recipes").text.split("No longer:")[1].split("</p>")[0]
    assert re.findall("<bdi>([^<]+)</bdi>", line) == ["Diary"]


def test_what_was_ticked_to_write_in_is_what_is_kept_and_said_on_the_wire(
    notebook, signed_in, to_consent, mementos, consent
):
    page = to_consent("Recipes", "Diary", write=("Recipes",))
    code = notebook.answer(signed_in.submit(page, press="Authorize"))["code"]
    assert consent()[1] == {mementos["Recipes"]: True, mementos["Diary"]: False}
    tokens = notebook.exchange(code).json
    actions = {one["identifier"]: one["actions"] for one in tokens["authorization_details"]}
    assert actions == {mementos["Recipes"]: ["read", "write"], mementos["Diary"]: ["read"]}


def test_a_write_tick_without_its_memento_means_nothing(signed_in, to_consent, mementos, consent):
    signed_in.submit(to_consent("Recipes", write=("Recipes", "Diary")), press="Authorize")
    assert consent()[1] == {mementos["Recipes"]: True}


def test_a_write_tick_sent_for_an_app_that_only_reads_means_nothing(notebook, signed_in, mementos, consent):
    page = notebook.start(signed_in, scope="memories:read")
    form = {"selection": "selected", "memento_ids": mementos["Recipes"], "writable_ids": mementos["Recipes"]}
    token = page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    answer = signed_in.client.post(
        page.request.full_path,
        data=form | {"csrf_token": token, "action": "continue"},
        base_url="http://127.0.0.1:8000",
    )
    signed_in.submit(signed_in.follow(answer), press="Authorize")
    assert consent()[1] == {mementos["Recipes"]: False}


def test_a_write_tick_for_nothing_that_exists_means_nothing(notebook, signed_in, mementos, consent):
    page = notebook.start(signed_in, scope=SCOPE)
    ticks = [mementos["Recipes"], "mem_unknown", "\x00", "x" * 10_000, ""]
    page = signed_in.submit(
        page, press="Continue", selection="selected", memento_ids=[mementos["Recipes"]], writable_ids=ticks
    )
    signed_in.submit(signed_in.follow(page), press="Authorize")
    assert consent()[1] == {mementos["Recipes"]: True}


def test_going_back_from_the_consent_keeps_the_write_ticks(signed_in, to_consent, mementos):
    page = to_consent("Recipes", "Diary", write=("Diary",))
    page = signed_in.get(page.text.split('">Change')[0].rsplit('href="', 1)[1].replace("&amp;", "&"))
    for name, is_ticked in (("Recipes", False), ("Diary", True)):
        (tag,) = [
            tag.split(">")[0]
            for tag in page.text.split("<input ")
            if 'name="writable_ids"' in tag.split(">")[0] and mementos[name] in tag.split(">")[0]
        ]
        assert ("checked" in tag) == is_ticked


def test_a_returning_person_starts_from_the_present_ticks(notebook, signed_in, to_consent, mementos):
    signed_in.submit(to_consent("Recipes", write=("Recipes",)), press="Authorize")
    page = notebook.start(signed_in, scope=SCOPE, prompt="consent")
    assert "It may also change or delete these" in page.text


def test_everything_has_no_write_ticks(notebook, signed_in, mementos, consent):
    page = notebook.start(signed_in, scope=SCOPE)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    code = notebook.answer(signed_in.submit(page, press="Authorize"))["code"]
    assert consent()[1] == {}
    (detail,) = notebook.exchange(code).json["authorization_details"]
    assert (detail["identifier"], detail["actions"]) == ("all", ["read"])


# -- what the app has added itself -------------------------------------------------------------------------------


@pytest.fixture
def own_memento(app, notebook, signed_in, to_consent) -> str:
    """The app's own memento with Alice, made by its first write; she let it see her recipes."""
    code = notebook.answer(signed_in.submit(to_consent("Recipes"), press="Authorize"))["code"]
    headers = {"Authorization": f"Bearer {notebook.exchange(code).json['access_token']}"}
    draft = {"title": "Bread", "text": "Flour."}
    assert app.test_client().post("/api/v1/memories/", json=draft, headers=headers).status_code == 201
    with app.app_context():
        return db.session.scalars(select(SavedMemento.memento_id)).one()


def test_what_the_app_has_added_itself_is_shown_and_not_up_for_choice(notebook, signed_in, own_memento):
    page = notebook.start(signed_in, scope=SCOPE, prompt="consent")
    assert "What it has added itself: it always sees this, and may change or delete it." in page.text
    assert "<bdi>Saved by Acme Notebook</bdi>" in page.text
    picker = signed_in.get(page.text.split('">Change')[0].rsplit('href="', 1)[1].replace("&amp;", "&"))
    assert "What it has added itself: it always sees this, and may change or delete it." in picker.text
    assert own_memento not in picker.text


def test_another_app_may_be_given_what_the_first_has_added(pocket, signed_in, own_memento):
    assert f'name="memento_ids" value="{own_memento}"' in pocket.start(signed_in, scope=SCOPE).text


def test_a_tick_of_it_sent_all_the_same_means_nothing(notebook, signed_in, to_consent, own_memento, mementos, consent):
    page = to_consent("Recipes")
    picker = signed_in.get(page.text.split('">Change')[0].rsplit('href="', 1)[1].replace("&amp;", "&"))
    path = picker.request.full_path
    token = dict(find_form(picker, names=["memento_ids"]).values)["csrf_token"]
    sent = {"csrf_token": token, "action": "continue", "memento_ids": [own_memento]}
    refused = signed_in.client.post(path, data=sent, base_url="http://127.0.0.1:8000")
    assert refused.status_code == 422 and "Choose what the app may look through" in refused.text
    sent["memento_ids"] = [own_memento, mementos["Diary"]]
    answer = signed_in.client.post(path, data=sent, base_url="http://127.0.0.1:8000")
    signed_in.submit(signed_in.follow(answer), press="Authorize")
    assert consent()[1] == {mementos["Diary"]: False}


def test_who_chooses_nothing_reads_that_it_sees_what_it_has_added(signed_in, to_consent, own_memento):
    page = to_consent("Recipes")
    picker = signed_in.get(page.text.split('">Change')[0].rsplit('href="', 1)[1].replace("&amp;", "&"))
    page = signed_in.follow(signed_in.submit(picker, press="Continue", selection="none", memento_ids=[]))
    assert "sees none of your memories except those it has added itself" in page.text


# -- until when --------------------------------------------------------------------------------------------------


def test_unless_an_end_is_chosen_it_holds_until_the_person_ends_it(signed_in, to_consent, consent):
    page = to_consent("Recipes")
    assert '<option value="forever" selected>Until I end it</option>' in page.text
    signed_in.submit(page, press="Authorize")
    assert consent()[0] is None


@each(("until", "days"), [("day", 1), ("month", 30), ("year", 365)])
def test_a_chosen_end_is_kept(signed_in, to_consent, consent, until, days):
    signed_in.submit(to_consent("Recipes"), press="Authorize", until=until)
    assert abs(consent()[0] - clock.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_when_the_end_comes_tokens_die_and_the_app_must_ask_again(notebook, signed_in, to_consent, let_time_pass):
    code = notebook.answer(signed_in.submit(to_consent("Recipes"), press="Authorize", until="day"))["code"]
    tokens = notebook.exchange(code).json
    let_time_pass(minutes=59)
    assert notebook.is_alive(tokens["access_token"])
    let_time_pass(hours=23)
    renewed = notebook.refresh(tokens["refresh_token"]).json
    assert notebook.is_alive(renewed["access_token"])
    let_time_pass(minutes=1)
    assert not notebook.is_alive(renewed["access_token"])
    assert notebook.refresh(renewed["refresh_token"]).json["error"] == "invalid_grant"
    assert notebook.start(signed_in, scope=SCOPE).request.path == "/oauth/authorize/mementos"


def test_a_present_end_stays_unless_another_is_chosen(signed_in, to_consent, consent):
    signed_in.submit(to_consent("Recipes"), press="Authorize", until="month")
    before = consent()[0]
    page = to_consent("Recipes", "Diary")
    assert '<option value="keep" selected' in page.text and "As it is now, until" in page.text
    signed_in.submit(page, press="Authorize")
    assert consent()[0] == before
    signed_in.submit(to_consent("Recipes"), press="Authorize", until="forever")
    assert consent()[0] is None


@each("until", ["", "never", "\x00", "x" * 10_000, "99999999999", "keep"])
def test_an_end_that_is_none_leaves_it_as_it_was(signed_in, to_consent, consent, until):
    signed_in.submit(to_consent("Recipes"), press="Authorize", until=until)
    assert consent()[0] is None
    signed_in.submit(to_consent("Recipes"), press="Authorize", until="day")
    before = consent()[0]
    signed_in.submit(to_consent("Recipes"), press="Authorize", until=until)
    assert consent()[0] == before


# -- a paused consent --------------------------------------------------------------------------------------------


def test_a_paused_app_is_not_let_through_without_a_screen_and_authorizing_resumes_it(
    app, notebook, signed_in, to_consent, change_consent, consent
):
    signed_in.submit(to_consent("Recipes"), press="Authorize")
    assert "code" in notebook.answer(notebook.start(signed_in, scope=SCOPE))
    change_consent(notebook, paused_at=clock.now())
    page = notebook.start(signed_in, scope=SCOPE)
    assert page.status_code == 200 and page.request.path.startswith("/oauth/authorize/")
    page = signed_in.follow(signed_in.submit(page, press="Continue")) if "mementos" in page.request.path else page
    assert "You paused it" in page.text
    code = notebook.answer(signed_in.submit(page, press="Resume and authorize"))["code"]
    assert notebook.is_alive(notebook.exchange(code).json["access_token"])


def test_a_pause_ends_no_family_of_tokens(notebook, signed_in, to_consent, change_consent):
    code = notebook.answer(signed_in.submit(to_consent("Recipes"), press="Authorize"))["code"]
    tokens = notebook.exchange(code).json
    change_consent(notebook, paused_at=clock.now())
    at_the_api = notebook.me(tokens["access_token"])
    assert (at_the_api.status_code, at_the_api.json["code"]) == (401, "invalid_token")
    assert "paused" in at_the_api.json["message"] and "paused" in at_the_api.headers["WWW-Authenticate"]
    refused = notebook.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_grant")
    assert refused.json["error_description"] == "The user has paused this app's access."
    change_consent(notebook, paused_at=None)
    assert notebook.is_alive(tokens["access_token"])
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200
