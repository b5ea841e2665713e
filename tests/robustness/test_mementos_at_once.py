"""Mementos that an app makes, through several processes at the same moment, on both databases."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.memories.models import Memento, MementoContent
from tests.robustness.locking import writers_held_back
from tests.robustness.remote import RemoteApp, all_at_once

EIGHT = range(8)


@pytest.fixture(scope="session")
def app(each_server) -> RemoteApp:
    return RemoteApp(each_server)


@pytest.fixture
def call(app, notebook, signed_in):
    """Call the API as Acme Notebook."""
    tokens = notebook.tokens(signed_in, scope="memories:read memories:write", choose={"selection": "none"})
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def call(method: str, path: str, json=None):
        return app.test_client().open(f"/api/v1/{path}", method=method, json=json, headers=headers)

    return call


def test_of_eight_mementos_of_one_name_one_is_made(app, call):
    answers = all_at_once([lambda: call("POST", "mementos/", {"name": "Work"}) for _ in EIGHT], writers_held_back(app))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: 7}
    assert {answer.json["errors"][0]["code"] for answer in answers if answer.status_code == 422} == {"taken"}
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Memento).where(Memento.name == "Work")) == 1


def test_a_memory_that_is_put_in_eight_times_is_in_it_once(app, call):
    made = call("POST", "mementos/", {"name": "Work"}).json["id"]
    memory = call("POST", "memories/", {"title": "Bread", "text": "Flour."}).json["id"]
    path = f"mementos/memento_document/{made}/"
    answers = all_at_once([lambda: call("POST", path, {"add": [memory]}) for _ in EIGHT], writers_held_back(app))
    assert [answer.status_code for answer in answers] == [200] * 8
    with app.app_context():
        inside = select(func.count()).select_from(MementoContent).where(MementoContent.memento_id == made)
        assert db.session.scalar(inside) == 1


def test_what_is_filled_while_it_is_deleted_is_one_or_the_other(app, call):
    """Never an error of ours, and nothing is left of it."""
    made = call("POST", "mementos/", {"name": "Work"}).json["id"]
    memory = call("POST", "memories/", {"title": "Bread", "text": "Flour."}).json["id"]
    fill = [lambda: call("POST", f"mementos/memento_document/{made}/", {"add": [memory]})] * 4
    answers = all_at_once([*fill, *[lambda: call("DELETE", f"mementos/{made}/")] * 4], writers_held_back(app))
    assert {answer.status_code for answer in answers[:4]} <= {200, 404}
    assert Counter(answer.status_code for answer in answers[4:]) == {204: 1, 404: 3}
    assert call("GET", f"mementos/{made}/").status_code == 404


def test_a_memory_that_is_deleted_while_it_is_put_in_is_in_no_memento(app, call):
    made = call("POST", "mementos/", {"name": "Work"}).json["id"]
    memories = [call("POST", "memories/", {"title": str(n), "text": "x"}).json["id"] for n in EIGHT]
    acts = [lambda: call("POST", f"mementos/memento_document/{made}/", {"add": memories})] * 2
    acts += [lambda id=id: call("DELETE", f"memories/{id}/") for id in memories]
    answers = all_at_once(acts, writers_held_back(app))
    assert {answer.status_code for answer in answers[:2]} <= {200, 422}
    assert {answer.status_code for answer in answers[2:]} == {204}
    assert call("GET", f"mementos/{made}/").json["document_ids"] == []
