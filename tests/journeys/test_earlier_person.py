"""Nothing is lost for a person of the version before: what they had is on the pages of today, and their apps go on."""

from collections.abc import Iterator

import pytest
import requests

from tests.journeys.earlier_person import HELD, make_database
from tests.journeys.reader import Reader
from tests.server import Server, running_server


@pytest.fixture(scope="module")
def earlier(tmp_path_factory) -> Iterator[Server]:
    """The server of today on the database of the version before."""
    folder = tmp_path_factory.mktemp("earlier")
    database_url = f"sqlite:///{folder / 'earlier.sqlite3'}"
    make_database(database_url)
    with running_server(database_url, folder, WEB_CONCURRENCY="1") as server:
        yield server


def test_nothing_is_lost_for_a_person_of_the_version_before(earlier, page):
    assert_app_goes_on(earlier)
    reader = Reader(page, earlier.url)
    reader.follow("Sign in")
    reader.fill("E-mail", "alice@example.com")
    reader.fill("Password", HELD["password"])
    reader.press("Sign in")
    reader.follow("Your account")
    reader.reads("Acme Notebook", "Acme Pocket", "Recipes")
    reader.follow("Memories")
    reader.reads("82 memories")
    reader.follow("Mementos")
    reader.reads("Books and ideas", "Health", "Recipes", "Trip to Lisbon", "Work: Project Heron")
    reader.reads("Saved by Acme Notebook")
    reader.follow("Connected apps")
    reader.reads("Acme Notebook", "Acme Pocket", "Apps that were connected", "Desk Agent")
    reader.follow("Acme Notebook")
    reader.reads("Recipes", "Trip to Lisbon", "see your name, your e-mail address")
    reader.follow("When, and in which mementos")
    reader.reads("Recipes")
    reader.follow("Connected apps")
    reader.follow("Acme Pocket")
    reader.reads("Paused", "Everything, also what you add later")
    reader.press("Resume")
    reader.reads_no("Paused since")


def assert_app_goes_on(earlier: Server) -> None:
    """Whatever an app held goes on: its access token, its refresh token, and what they tell."""
    bearer = {"Authorization": f"Bearer {HELD['access_token']}"}
    me = requests.get(f"{earlier.url}/api/me/", headers=bearer, timeout=20).json()
    # What every app knew of a person before there was a scope for it.
    assert (me["name"], me["email"], me["organization"]["slug"]) == ("Alice Marlow", "alice@example.com", "acme")
    found = requests.get(f"{earlier.url}/api/v1/memories/?q=garlic", headers=bearer, timeout=20).json()["data"]
    assert "Fifteen-minute chickpeas with spinach" in [one["title"] for one in found]
    written = requests.get(f"{earlier.url}/api/v1/memories/?q=baker", headers=bearer, timeout=20).json()["data"]
    assert {one["title"] for one in written} == {"Rye for Friday", "Ask about the oven"}
    form = {"grant_type": "refresh_token", "refresh_token": HELD["refresh_token"]}
    auth = ("client_acme_notebook", HELD["client_secret"])
    renewed = requests.post(f"{earlier.url}/oauth/token", data=form, auth=auth, timeout=20)
    assert renewed.status_code == 200 and renewed.json()["grant_id"] == HELD["grant_id"]
