"""An app whose request a person cancels stays among those that asked, for 30 days, and reaches nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.clients.models import DYNAMIC
from app.extensions import db
from app.oauth.asked_apps import AskedApp
from tests.actors import Browser
from tests.personal.conftest import post
from tests.purging import purge
from tests.unregistered import add_unregistered

PAGE = "/account/apps/"
HEADING = "Asked, not connected"


@pytest.fixture
def cancel(signed_in):
    """Start a request of the client's and cancel it on the first screen that comes."""

    def cancel(client, **changes):
        page = client.start(signed_in, **changes)
        answer = client.answer(signed_in.submit(page, press="Cancel"))
        assert (answer["error"], answer["state"]) == ("access_denied", client.state)

    return cancel


@pytest.fixture
def count(app):
    def count() -> int:
        with app.app_context():
            return db.session.scalar(select(func.count()).select_from(AskedApp))

    return count


def test_it_is_named_with_its_landing_page(signed_in, notebook, cancel, change_client):
    change_client(notebook, homepage_url="https://notebook.acme.example/about")
    assert HEADING not in signed_in.get(PAGE).text
    cancel(notebook)
    page = signed_in.get(PAGE).text
    section = page[page.index(HEADING) :]
    assert "Acme Notebook" in section and 'href="https://notebook.acme.example/about"' in section
    assert "registered by <bdi>Acme</bdi>" in section


def test_cancelled_twice_it_is_named_once(notebook, cancel, count):
    cancel(notebook)
    cancel(notebook)
    assert count() == 1


def test_it_is_forgotten_at_a_click_and_only_by_its_person(app, signed_in, notebook, cancel, count, carol):
    cancel(notebook)
    with app.app_context():
        path = f"/account/asked/{db.session.scalar(select(AskedApp.id))}/forget"
    page = signed_in.get(PAGE)
    stranger = Browser(app)
    stranger.enter(carol)
    assert post(stranger, path).status_code == 404
    assert count() == 1
    signed_in.submit(page, press="Forget")
    assert count() == 0
    assert HEADING not in signed_in.get(PAGE).text
    assert post(signed_in, path).status_code == 404


def test_one_that_is_connected_after_all_is_no_longer_among_them(signed_in, notebook, cancel, count):
    cancel(notebook)
    page = notebook.start(signed_in)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    notebook.answer(signed_in.submit(page, press="Authorize"))
    assert count() == 0


def test_another_one_that_is_connected_takes_nothing_off(signed_in, notebook, pocket, cancel):
    pocket.tokens(signed_in)
    cancel(notebook)
    page = signed_in.get(PAGE).text
    assert "Acme Notebook" in page[page.index(HEADING) :]


def test_whoever_is_connected_and_cancels_is_told_of_the_connection_alone(signed_in, notebook, cancel):
    notebook.tokens(signed_in)
    cancel(notebook, prompt="consent")
    assert HEADING not in signed_in.get(PAGE).text


def test_after_thirty_days_it_is_gone(app, signed_in, notebook, cancel, count):
    def make_older(**time):
        with app.app_context():
            db.session.scalar(select(AskedApp)).asked_at -= timedelta(**time)
            db.session.commit()

    cancel(notebook)
    make_older(days=29, hours=23)
    purge(app)
    assert count() == 1 and HEADING in signed_in.get(PAGE).text
    make_older(hours=2)
    assert HEADING not in signed_in.get(PAGE).text
    purge(app)
    assert count() == 0


def test_one_that_only_says_who_it_is_leads_nowhere(app, signed_in, cancel):
    """It could name anybody's page."""
    agent = add_unregistered(app, "client_agent", "Agent", DYNAMIC, homepage_url="https://bank.example/")
    cancel(agent)
    page = signed_in.get(PAGE).text
    assert "Agent" in page and "bank.example" not in page and "begin in the app itself" in page
