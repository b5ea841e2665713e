"""The two screens of the decision: choose mementos, then authorize or cancel; and letting somebody else decide."""

import pytest
from sqlalchemy import select

from app import clock
from app.accounts.models import Session
from app.consents.models import Consent
from app.extensions import db
from app.memories.models import Integration, Memento
from tests.actors import Browser, find_form


@pytest.fixture
def picker(notebook, signed_in):
    """The screen on which Alice picks mementos for Acme Notebook."""
    return notebook.start(signed_in)


@pytest.fixture
def consents(app):
    """Every consent there is, as (user_id, scope, selection, memento ids)."""

    def consents() -> list:
        with app.app_context():
            return [
                (one.user_id, one.scope, one.selection, sorted(memento.id for memento in one.mementos))
                for one in db.session.scalars(select(Consent))
            ]

    return consents


def checked(page) -> list[str]:
    """The values of what is ticked on a page."""
    inputs = [tag for tag in page.text.split("<input ")[1:] if "checked" in tag.split(">")[0]]
    return [tag.split('value="')[1].split('"')[0] for tag in inputs]


# -- cancel ----------------------------------------------------------------------------------------


def test_cancel_on_the_picker_is_access_denied(notebook, picker, signed_in, consents):
    """``access_denied`` (:rfc:`6749#section-4.1.2.1`)."""
    response = signed_in.submit(picker, press="Cancel")
    answer = notebook.answer(response)
    assert (response.status_code, answer["error"], answer["state"]) == (303, "access_denied", notebook.state)
    assert answer["error_description"] == "The user chose Cancel."
    assert consents() == []


def test_cancel_on_the_consent_screen_is_access_denied(notebook, picker, signed_in, consents):
    page = signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))
    response = signed_in.submit(page, press="Cancel")
    answer = notebook.answer(response)
    assert (response.status_code, answer["error"], answer["state"]) == (303, "access_denied", notebook.state)
    assert consents() == []


def test_cancel_leaves_an_earlier_consent_as_it_was(notebook, tokens, signed_in, consents):
    before = consents()
    page = notebook.start(signed_in, prompt="consent")
    signed_in.submit(page, press="Cancel")
    assert consents() == before
    assert notebook.is_alive(tokens["access_token"])


# -- choose mementos -------------------------------------------------------------------------------


def test_everything_is_never_preselected(picker):
    assert checked(picker) == []


def test_choosing_nothing_at_all_is_asked_about(notebook, picker, signed_in, consents):
    page = signed_in.submit(picker, press="Continue")
    assert page.status_code == 422
    assert "Choose what the app may look through" in page.text


def test_only_what_i_tick_without_a_tick_is_asked_about(picker, signed_in):
    page = signed_in.submit(picker, press="Continue", selection="selected")
    assert page.status_code == 422
    assert "Tick at least one memento" in page.text


@pytest.mark.parametrize("selection", ["all", "none"])
def test_mementos_and_everything_or_nothing_together_are_asked_about(notebook, signed_in, make_memento, selection):
    """Never guess between more and less."""
    memento = make_memento("Recipes")
    page = signed_in.submit(notebook.start(signed_in), press="Continue", selection=selection, memento_ids=[memento])
    assert page.status_code == 422
    assert "Choose one or the other" in page.text


def test_a_tick_alone_means_only_what_is_ticked(notebook, signed_in, make_memento, alice, consents):
    chosen, _other = make_memento("Recipes"), make_memento("Diary")
    notebook.authorize(signed_in, choose={"memento_ids": [chosen]})
    assert consents() == [(alice.id, "memories:read integrations:read", "selected", [chosen])]


def test_what_is_chosen_is_what_is_kept(notebook, signed_in, make_memento, alice, consents):
    notebook.authorize(signed_in, choose={"selection": "none"})
    assert consents()[0][2:] == ("none", [])
    page = signed_in.get(change_of(notebook.start(signed_in, prompt="consent")))
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    signed_in.submit(page, press="Authorize")
    assert consents()[0][2:] == ("all", [])


def change_of(page) -> str:
    """Where the *Change* link of the consent screen leads."""
    return page.text.split('">Change')[0].rsplit('href="', 1)[1].replace("&amp;", "&")


def test_the_choice_can_be_changed_before_it_is_signed(notebook, signed_in, make_memento, consents):
    first, second = make_memento("Recipes"), make_memento("Diary")
    page = signed_in.submit(notebook.start(signed_in), press="Continue", selection="selected", memento_ids=[first])
    page = signed_in.get(change_of(signed_in.follow(page)))
    assert sorted(checked(page)) == sorted(["selected", first])
    page = signed_in.submit(page, press="Continue", memento_ids=[second])
    signed_in.submit(signed_in.follow(page), press="Authorize")
    assert consents()[0][3] == [second]


def test_another_persons_memento_cannot_be_chosen(app, notebook, signed_in, make_memento, carol, consents):
    own = make_memento("Recipes")
    with app.app_context():
        memento = Memento(user_id=carol.id, name="Carol's")
        db.session.add(memento)
        db.session.commit()
        foreign = memento.id
    picker = notebook.start(signed_in)
    assert foreign not in picker.text
    page = signed_in.submit(picker, press="Continue", selection="selected", memento_ids=[own, foreign])
    signed_in.submit(signed_in.follow(page), press="Authorize")
    assert consents()[0][3] == [own]


def test_only_another_persons_memento_is_as_if_none_were_ticked(app, notebook, signed_in, make_memento, carol):
    make_memento("Recipes")
    with app.app_context():
        memento = Memento(user_id=carol.id, name="Carol's")
        db.session.add(memento)
        db.session.commit()
        foreign = memento.id
    page = signed_in.submit(notebook.start(signed_in), press="Continue", selection="selected", memento_ids=[foreign])
    assert page.status_code == 422


def test_a_memento_that_was_deleted_before_the_signature_is_asked_about_again(
    app, notebook, signed_in, make_memento, consents
):
    chosen = make_memento("Recipes")
    page = signed_in.submit(notebook.start(signed_in), press="Continue", selection="selected", memento_ids=[chosen])
    page = signed_in.follow(page)
    with app.app_context():
        db.session.delete(db.session.get_one(Memento, chosen))
        db.session.commit()
    response = signed_in.submit(page, press="Authorize")
    assert response.location.startswith("/oauth/authorize/mementos?")
    assert consents() == []


def test_a_memento_can_be_made_right_there(notebook, signed_in, make_memento, consents):
    make_memento("Recipes")
    picker = notebook.start(signed_in)
    integration = picker.text.split('name="new_integration_ids" value="')[1].split('"')[0]
    page = signed_in.submit(picker, press="Make this memento", new_name="Journeys", new_integration_ids=[integration])
    assert "Journeys" in page.text
    page = signed_in.follow(signed_in.submit(page, press="Continue"))
    assert "Journeys" in page.text
    signed_in.submit(page, press="Authorize")
    assert consents()[0][2] == "selected"


def test_the_picker_is_skipped_when_no_memories_scope_is_asked(notebook, signed_in, consents):
    page = notebook.start(signed_in, scope="integrations:read")
    assert page.request.path == "/oauth/authorize/consent"
    signed_in.submit(page, press="Authorize")
    assert consents()[0][1:] == ("integrations:read", "none", [])


def test_a_request_without_a_memories_scope_leaves_an_earlier_choice_alone(notebook, signed_in, make_memento, consents):
    chosen = make_memento("Recipes")
    notebook.authorize(signed_in, scope="memories:read", choose={"memento_ids": [chosen]})
    notebook.authorize(signed_in, scope="integrations:read")
    assert consents()[0][1:] == ("memories:read integrations:read", "selected", [chosen])


def test_the_signature_is_not_reached_without_a_choice(picker, signed_in):
    response = signed_in.get(picker.request.full_path.replace("/mementos", "/consent"))
    assert response.location.startswith("/oauth/authorize/mementos?")


# -- the consent screen ----------------------------------------------------------------------------


def test_it_says_who_asks_for_what_as_whom_and_where_the_answer_goes(notebook, picker, signed_in, alice):
    page = signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))
    for told in ("Acme Notebook", "Acme", alice.email, "notebook.acme.example", "read and search the memories"):
        assert told in page.text


def test_a_name_cannot_smuggle_markup_in(register, signed_in):
    client = register(name="<script>alert(1)</script>")
    page = client.start(signed_in)
    assert "<script>alert(1)" not in page.text
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    assert "<script>alert(1)" not in page.text


def test_its_screens_cannot_be_framed_or_stored(picker, signed_in):
    """Clickjacking (:rfc:`9700#section-4.16`)."""
    page = signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))
    for screen in (picker, page):
        assert "frame-ancestors 'none'" in screen.headers["Content-Security-Policy"]
        assert screen.headers["X-Frame-Options"] == "DENY"
        assert screen.headers["Cache-Control"] == "no-store"


def test_a_returning_person_starts_from_the_present_choice(notebook, signed_in, make_memento):
    chosen, _other = make_memento("Recipes"), make_memento("Diary")
    notebook.authorize(signed_in, choose={"memento_ids": [chosen]})
    page = notebook.start(signed_in, prompt="consent")
    assert page.request.path == "/oauth/authorize/consent"
    assert "Recipes" in page.text
    assert "Diary" not in page.text
    assert sorted(checked(signed_in.get(change_of(page)))) == sorted(["selected", chosen])


def test_a_consent_that_was_ended_is_no_present_choice(notebook, signed_in, change_consent):
    notebook.authorize(signed_in)
    change_consent(notebook, revoked_at=clock.now())
    page = notebook.start(signed_in)
    assert page.request.path == "/oauth/authorize/mementos"
    assert checked(page) == []


def test_a_second_consent_is_the_same_grant(notebook, tokens, signed_in, consents):
    again = notebook.exchange(notebook.code(signed_in, prompt="consent")).json
    assert again["grant_id"] == tokens["grant_id"]
    assert len(consents()) == 1


def test_a_changed_choice_acts_on_the_tokens_that_exist(notebook, tokens, signed_in):
    page = signed_in.get(change_of(notebook.start(signed_in, prompt="consent")))
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="none"))
    signed_in.submit(page, press="Authorize")
    assert notebook.introspect(tokens["access_token"]).json["authorization_details"] == []


# -- not you? switch -------------------------------------------------------------------------------

SWITCH = "Not you? Switch account"


def test_somebody_else_can_answer_the_same_request(notebook, signed_in, carol, consents):
    picker = notebook.start(signed_in, scope="memories:read profile")
    page = signed_in.follow(signed_in.submit(picker, press=SWITCH))
    assert page.request.path == "/sign-in"
    page = signed_in.follow(signed_in.submit(page, email=carol.email, password=carol.password))
    assert page.request.path == "/oauth/authorize/mementos"
    assert carol.email in page.text
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    answer = notebook.answer(signed_in.submit(page, press="Authorize"))
    tokens = notebook.exchange(answer["code"]).json
    assert notebook.me(tokens["access_token"]).json["email"] == carol.email
    assert [one[0] for one in consents()] == [carol.id]


def test_to_switch_signs_the_first_person_out(app, picker, signed_in):
    signed_in.submit(picker, press=SWITCH)
    with app.app_context():
        assert db.session.scalars(select(Session)).all() == []
    assert signed_in.get("/account/").location.startswith("/sign-in")


def test_what_the_first_person_picked_is_not_the_second_ones_choice(notebook, picker, signed_in, carol):
    page = signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))
    page = signed_in.follow(signed_in.submit(page, press=SWITCH))
    page = signed_in.follow(signed_in.submit(page, email=carol.email, password=carol.password))
    assert page.request.path == "/oauth/authorize/mementos"
    assert checked(page) == []


def test_the_first_person_may_come_back_as_themselves(notebook, picker, signed_in, alice):
    page = signed_in.follow(signed_in.submit(picker, press=SWITCH))
    page = signed_in.follow(signed_in.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"


def test_nobody_can_switch_from_another_browser(app, picker, signed_in, carol):
    other = Browser(app)
    other.enter(carol)
    csrf_token = other.get("/").text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    path = picker.request.full_path.replace("/mementos", "/switch")
    response = other.client.post(path, data={"csrf_token": csrf_token}, base_url="http://127.0.0.1:8000")
    assert response.status_code == 410
    assert signed_in.get(picker.request.full_path).status_code == 200


def test_a_request_that_was_answered_cannot_be_switched(notebook, picker, signed_in):
    page = signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))
    signed_in.submit(page, press="Authorize")
    assert signed_in.submit(page, press=SWITCH).status_code == 410


def test_a_name_that_was_typed_makes_a_memento_also_when_continue_was_pressed(app, notebook, browser, alice):
    with app.app_context():
        db.session.add(Integration(user_id=alice.id, kind="memory", name="Notes"))
        db.session.commit()
    browser.enter(alice)
    page = notebook.start(browser)
    source = find_form(page, press="Continue").choices["new_integration_ids"][0]
    page = browser.submit(page, press="Continue", new_name="Only this", new_integration_ids=source)
    assert page.status_code == 200
    assert "Only this" in page.text
    answer = browser.follow(browser.submit(page, press="Continue"))
    assert "/oauth/authorize/consent" in answer.request.path
    assert "Only this" in answer.text


def test_what_another_tab_chose_is_shown_before_it_can_be_signed(notebook, browser, alice):
    browser.enter(alice)
    picker = notebook.start(browser)
    summary = browser.follow(browser.submit(picker, press="Continue", selection="none"))
    browser.submit(picker, press="Continue", selection="all")
    shown_again = browser.follow(browser.submit(summary, press="Authorize"))
    assert shown_again.status_code == 200 and "/oauth/authorize/consent" in shown_again.request.path
    answer = notebook.answer(browser.submit(shown_again, press="Authorize"))
    assert notebook.exchange(answer["code"]).json["authorization_details"][0]["identifier"] == "all"
