"""``Idempotency-Key``: a POST that is sent twice is carried out once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app.extensions import db
from app.memories.mementos import list_mementos
from app.memories.models import Memory
from tests.api.conftest import Caller
from tests.tables import each

NEW = {"title": "Bread", "text": "Flour and water."}
KEY = {"Idempotency-Key": "one-request"}

#: Every POST, with a body that it takes.
POSTS = {
    "memories/": NEW,
    "memories/bulk/": {"memories": [NEW, NEW | {"title": "Cake"}]},
    "integrations/": {"kind": "notion", "name": "My notes"},
    "documents/memorize/": {"name": "Bread", "content": "Flour and water."},
}


def count_memories(app) -> int:
    with app.app_context():
        return db.session.scalar(db.select(db.func.count()).select_from(Memory))


@pytest.mark.parametrize("path", POSTS)
def test_the_same_request_again_gets_the_same_answer_and_does_nothing(connect, path, let_time_pass):
    caller = connect(selection="none")
    first = caller.post(path, POSTS[path], headers=KEY)
    before = caller.get("memories/").json, caller.get("integrations/").json
    let_time_pass(seconds=60)
    again = caller.post(path, POSTS[path], headers=KEY)
    assert first.status_code == again.status_code == 201
    assert again.data == first.data
    assert (caller.get("memories/").json, caller.get("integrations/").json) == before


def test_without_a_key_or_with_another_the_same_request_is_another(app, connect):
    caller = connect()
    for headers in ({}, {}, KEY, {"Idempotency-Key": "another"}):
        assert caller.post("memories/", NEW, headers=headers).status_code == 201
    assert count_memories(app) == 4


@pytest.mark.parametrize("body", [NEW | {"title": "Rye"}, {"text": "x"}])
def test_another_request_with_the_key_is_a_conflict_or_wrong_in_itself(app, connect, body):
    caller = connect()
    caller.post("memories/", NEW, headers=KEY)
    response = caller.post("memories/", body, headers=KEY)
    assert (response.status_code, response.json["code"]) in [(422, "idempotency_conflict"), (422, "validation_failed")]
    assert count_memories(app) == 1


def test_another_path_with_the_key_is_a_conflict(connect):
    caller = connect()
    caller.post("memories/", NEW, headers=KEY)
    response = caller.post("memories/bulk/", {"memories": [NEW]}, headers=KEY)
    assert (response.status_code, response.json["code"]) == (422, "idempotency_conflict")


def test_a_refused_request_leaves_its_key_free(connect):
    caller = connect()
    unknown = NEW | {"integration_id": "int_0"}
    assert caller.post("memories/", unknown, headers=KEY).json["code"] == "validation_failed"
    assert caller.post("memories/", NEW, headers=KEY).status_code == 201


def test_a_key_is_one_clients_for_one_person(app, connect, organization, register, signed_in):
    other = register()
    token = other.tokens(signed_in, scope="memories:write")["access_token"]
    for caller in (connect(), organization, Caller(app, token)):
        assert caller.post("memories/", NEW, headers=KEY).status_code == 201
    assert count_memories(app) == 3


def test_after_a_day_a_key_is_free_again(connect, let_time_pass):
    first = connect().post("memories/", NEW, headers=KEY)
    let_time_pass(hours=23, minutes=59)
    assert connect().post("memories/", NEW, headers=KEY).data == first.data
    let_time_pass(minutes=2)
    assert connect().post("memories/", NEW, headers=KEY).json["id"] != first.json["id"]


def test_no_text_is_kept_beside_the_memory(app, connect):
    """Or a deleted memory would live on in the answer to its POST."""
    connect().post("memories/", NEW, headers=KEY)
    with app.app_context():
        (body,) = db.session.scalars(db.text("SELECT body FROM idempotency_keys"))
    assert "Flour" not in body and "Bread" not in body


@each("key", ["", " ", "a b", "é", "x" * 256])
def test_a_key_that_is_none_is_refused(sees_all, key):
    response = sees_all.post("memories/", NEW, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("headers", [KEY, {}], ids=["one key", "no key"])
def test_requests_at_the_same_moment(app, connect, alice, headers):
    """With one key there is one effect; without, there is still one memento of the app's own."""
    caller, start = connect(), Barrier(6)

    def post(_number):
        start.wait(timeout=10)
        return caller.post("memories/", NEW, headers=headers)

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(post, range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == count_memories(app) == (1 if headers else 6)
    with app.app_context():
        assert len(list_mementos(alice.id)) == 1
