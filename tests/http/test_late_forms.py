"""A form that comes from somebody who was signed out meanwhile, or has signed in again: what was typed is not lost."""

import re
from io import BytesIO

from sqlalchemy import delete, select

from app.accounts.models import Session
from app.database.unavailable import DatabaseUnavailable
from app.extensions import db
from app.memories.models import Memory
from tests.actors import find_form
from tests.tables import each

NOTE = "/account/memories/new"
WORDS = {"title": "“Rye” & <wheat>", "text": "\nFlour,\n\n  water", "tags": "bread, family", "folder": "Baking/Rye"}


def signed_out(app) -> None:
    """Let every session end, as it does by itself, or from another device."""
    with app.app_context():
        db.session.execute(delete(Session))
        db.session.commit()


def kept(app) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Memory.text)))


def test_a_note_of_somebody_who_was_signed_out_is_kept_once_they_are_back(app, browser, alice):
    browser.enter(alice)
    form = browser.get(NOTE)
    signed_out(app)

    page = browser.submit(form, press="Keep the note", **WORDS)
    assert page.status_code == 403 and "What you filled in stays here" in page.text
    # Whoever goes on too early is where they were.
    page = browser.submit(page, press="Go on")
    assert page.status_code == 403 and kept(app) == []

    browser.sign_in(alice.email, alice.password)
    page = browser.submit(page, press="Go on")
    assert page.status_code == 400 and alice.name in page.text and kept(app) == []
    answer = browser.submit(page, press="Send it again")

    assert answer.status_code == 303 and kept(app) == [WORDS["text"]]


def test_a_note_of_somebody_who_has_signed_in_again_in_another_tab_is_kept(app, browser, alice):
    browser.enter(alice)
    form = browser.get(NOTE)
    browser.sign_out()
    browser.sign_in(alice.email, alice.password)
    page = browser.submit(form, press="Keep the note", **WORDS)
    assert page.status_code == 400 and "signed in again" in page.text
    assert browser.submit(page, press="Send it again").status_code == 303
    assert kept(app) == [WORDS["text"]]


def test_a_note_that_came_while_the_database_was_away_can_be_sent_again(app, browser, alice, monkeypatch):
    browser.enter(alice)
    form = browser.get(NOTE)

    def fail(*_given):
        raise DatabaseUnavailable("away", "It does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr("app.personal.memories.views.add_note", fail)
        page = browser.submit(form, press="Keep the note", **WORDS)
    assert (page.status_code, page.headers["Retry-After"], kept(app)) == (503, "2", [])
    assert browser.submit(page, press="Send it again").status_code == 303 and kept(app) == [WORDS["text"]]
    # It may have been kept the first time, and the answer was lost.
    assert browser.submit(page, press="Send it again").status_code == 303 and kept(app) == [WORDS["text"]]


def test_a_file_is_not_kept_and_that_is_said(app, browser, bob):
    browser.enter(bob)
    form = browser.get("/org/oauth/register")
    signed_out(app)
    typed = {"name": "Shelf", "type": "public", "redirect_uris": "https://shelf.example/"}
    page = browser.submit(form, press="Register the app", **typed)
    assert page.status_code == 403 and "The file" not in page.text
    data = dict(find_form(form, press="Register the app").values) | typed | {"logo": (BytesIO(b"x"), "logo.png")}
    headers = {"Origin": "http://127.0.0.1:8000"}
    page = browser.client.post("/org/oauth/register", base_url="http://127.0.0.1:8000", data=data, headers=headers)
    assert (
        page.status_code == 403 and "The file that you chose is not kept" in page.text and 'value="Shelf"' in page.text
    )


def test_nothing_that_came_from_elsewhere_is_repeated(browser, alice):
    browser.enter(alice)
    answer = browser.client.post(
        NOTE, data=WORDS, base_url="http://127.0.0.1:8000", headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 400 and "Flour" not in answer.text


@each(
    ("path", "press", "typed"),
    [
        ("/account/settings/", "Save the name", ("Somebody Else",)),
        ("/account/settings/password/", "Change the password", ("the old one", "a new one 12345")),
        ("/account/never-shared/", "Never share this tag", ("Work",)),
    ],
)
def test_any_other_form_says_that_nothing_was_changed_and_leads_back_to_its_page(
    app, browser, alice, path, press, typed
):
    browser.enter(alice)
    form = browser.get(path)
    names = [name for name, _ in find_form(form, press=press).values if name != "csrf_token"]
    signed_out(app)
    answer = browser.submit(form, press=press, **dict(zip(names, typed, strict=False)))
    assert (answer.status_code, answer.location) == (303, f"/sign-in?next={path}")
    page = browser.follow(answer)
    assert "Nothing was changed: you were signed out meanwhile." in page.text
    assert not re.search("|".join(typed), page.text)
