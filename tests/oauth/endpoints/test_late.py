"""Who takes their time: a page that is open keeps its request, and what was ticked too late is not lost."""

import re
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from app.extensions import db
from app.oauth.authorization_request import AuthorizationRequest
from tests.actors import Browser
from tests.personal.conftest import post

TICKED = re.compile(r'name="memento_ids" value="([^"]+)" checked')
AGAIN = "is ticked again"


@pytest.fixture
def recipes(make_memento) -> str:
    return make_memento("Recipes")


@pytest.fixture
def end(app):
    """Let every request that waits have ended a moment ago."""

    def end() -> None:
        with app.app_context():
            db.session.execute(update(AuthorizationRequest).values(expires_at=AuthorizationRequest.issued_at))
            db.session.commit()

    return end


def wait(browser, page, **fields):
    """What the script of a page sends that is still open."""
    return post(browser, f"/oauth/authorize/wait?{urlsplit(page.request.url).query}", fields)


# -- as long as the page is open --------------------------------------------------------------------


def test_a_page_that_is_open_keeps_its_request_waiting(notebook, signed_in, recipes, let_time_pass):
    page = notebook.start(signed_in)
    for _ in range(3):
        let_time_pass(seconds=590)
        assert wait(signed_in, page).status_code == 204
    let_time_pass(seconds=590)
    page = signed_in.follow(signed_in.submit(page, press="Continue", memento_ids=[recipes]))
    assert "Recipes" in page.text
    assert "code" in notebook.answer(signed_in.submit(page, press="Authorize"))


def test_but_for_an_hour_at_most(notebook, signed_in, let_time_pass):
    page = notebook.start(signed_in)
    for _ in range(6):
        let_time_pass(seconds=590)
        assert wait(signed_in, page).status_code == 204
    let_time_pass(seconds=590)
    assert wait(signed_in, page).status_code == 410


def test_nobody_else_keeps_it_waiting(app, notebook, signed_in, carol):
    page = notebook.start(signed_in)
    other = Browser(app)
    other.enter(carol)
    assert wait(other, page).status_code == 410
    signed_in.sign_out()
    signed_in.enter(carol)
    assert wait(signed_in, page).status_code == 403


def test_whoever_chooses_an_account_may_take_their_time_too(notebook, signed_in, let_time_pass):
    page = notebook.start(signed_in, prompt="select_account")
    let_time_pass(seconds=590)
    assert wait(signed_in, page).status_code == 204
    let_time_pass(seconds=590)
    page = signed_in.submit(page, press="I need more time")
    let_time_pass(seconds=590)
    assert signed_in.submit(page, press="Go on as Alice Archer").status_code == 303


def test_without_a_script_a_button_gives_more_time_and_keeps_the_ticks(notebook, signed_in, recipes, let_time_pass):
    page = notebook.start(signed_in)
    let_time_pass(seconds=590)
    page = signed_in.submit(page, press="I need more time", selection="selected", memento_ids=[recipes])
    assert page.status_code == 200 and TICKED.findall(page.text) == [recipes]
    let_time_pass(seconds=590)
    page = signed_in.follow(signed_in.submit(page, press="Continue", memento_ids=[recipes]))
    let_time_pass(seconds=590)
    page = signed_in.submit(page, press="I need more time", until="month")
    assert page.status_code == 200 and '<option value="month" selected' in page.text
    let_time_pass(seconds=590)
    assert "code" in notebook.answer(signed_in.submit(page, press="Authorize"))


# -- too late --------------------------------------------------------------------------------------


def test_what_is_ticked_too_late_is_ticked_when_the_app_asks_again(notebook, signed_in, recipes, end):
    page = notebook.start(signed_in)
    end()
    ended = signed_in.submit(page, press="Continue", selection="selected", memento_ids=[recipes])
    assert ended.status_code == 410 and "What you ticked is kept" in ended.text
    page = notebook.start(signed_in, state="again")
    assert TICKED.findall(page.text) == [recipes] and AGAIN in page.text
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="selected", memento_ids=[recipes]))
    assert "code" in notebook.answer(signed_in.submit(page, press="Authorize"))


def test_the_page_itself_brings_its_ticks_when_it_learns_that_it_is_too_late(notebook, signed_in, recipes, end):
    page = notebook.start(signed_in)
    end()
    assert wait(signed_in, page, selection="selected", memento_ids=[recipes]).status_code == 410
    assert TICKED.findall(notebook.start(signed_in, state="again").text) == [recipes]


def test_what_was_chosen_before_the_summary_ended_is_ticked_too(notebook, signed_in, recipes, end):
    page = notebook.start(signed_in)
    summary = signed_in.follow(signed_in.submit(page, press="Continue", memento_ids=[recipes]))
    end()
    assert "What you ticked is kept" in signed_in.submit(summary, press="Authorize").text
    assert TICKED.findall(notebook.start(signed_in, state="again").text) == [recipes]


def test_a_returning_person_finds_the_late_ticks_before_the_present_choice(notebook, signed_in, recipes, end):
    notebook.tokens(signed_in, choose={"selection": "none"})
    summary = notebook.start(signed_in, prompt="consent")
    change = re.search(r'href="(/oauth/authorize/mementos[^"]*)"', summary.text)[1].replace("&amp;", "&")
    page = signed_in.get(change)
    end()
    signed_in.submit(page, press="Continue", selection="selected", memento_ids=[recipes])
    page = notebook.start(signed_in, prompt="consent")
    assert page.request.path.endswith("/mementos") and TICKED.findall(page.text) == [recipes]


def test_what_is_gone_meanwhile_is_not_ticked(notebook, signed_in, recipes, end):
    page = notebook.start(signed_in)
    end()
    signed_in.submit(page, press="Continue", selection="selected", memento_ids=[recipes, "mem_gone", "\n", ""])
    assert TICKED.findall(notebook.start(signed_in, state="again").text) == [recipes]


def test_nothing_is_ticked_again_for_who_cancels_answers_or_comes_later(
    notebook, signed_in, recipes, end, let_time_pass
):
    def tick_too_late(press="Continue"):
        page = notebook.start(signed_in)
        end()
        return signed_in.submit(page, press=press, selection="selected", memento_ids=[recipes])

    assert "is kept" not in tick_too_late(press="Cancel").text
    assert AGAIN not in notebook.start(signed_in).text
    tick_too_late()
    notebook.answer(signed_in.submit(notebook.start(signed_in), press="Cancel"))
    assert AGAIN not in notebook.start(signed_in).text
    tick_too_late()
    let_time_pass(seconds=3601)
    assert AGAIN not in notebook.start(signed_in).text


def test_whoever_cancels_too_late_wants_nothing_of_what_they_chose_before(notebook, signed_in, recipes, end):
    page = notebook.start(signed_in)
    summary = signed_in.follow(signed_in.submit(page, press="Continue", memento_ids=[recipes]))
    end()
    assert "is kept" not in signed_in.submit(summary, press="Cancel").text
    assert AGAIN not in notebook.start(signed_in, state="again").text


def test_nobody_ticks_for_somebody_else_and_no_app_for_another(
    app, notebook, pocket, signed_in, alice, carol, recipes, end
):
    page = notebook.start(signed_in)
    end()
    signed_in.sign_out()
    signed_in.enter(carol)
    assert "is kept" not in signed_in.submit(page, press="Continue", memento_ids=[recipes]).text
    signed_in.sign_out()
    signed_in.enter(alice)
    assert AGAIN not in notebook.start(signed_in).text
    page = notebook.start(signed_in)
    end()
    signed_in.submit(page, press="Continue", memento_ids=[recipes])
    assert AGAIN not in pocket.start(signed_in).text
    assert AGAIN in notebook.start(signed_in).text
