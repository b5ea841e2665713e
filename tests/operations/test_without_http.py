"""Operations know nothing of HTTP: each is carried out here with a session and a caller, and no Flask at all."""

import json
from collections.abc import Iterator

import pytest
from flask import has_app_context
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.consents.receipts.writing import Written
from app.credentials import digest
from app.database.connections import connect as connect_driver
from app.memories.models import Memory
from app.oauth.tokens.access import find_access_token
from app.operations.caller import Caller, Seen, caller_of
from app.operations.idempotency import Once
from app.operations.operation import OPERATIONS, Operation
from app.operations.refusals import Kind, Refused
from tests.api.operations import OPERATIONS as ROUTES

NAMED = {one.name: one for one in OPERATIONS}
ISSUER = "https://auth.example"


@pytest.fixture
def session(app) -> Iterator[Session]:
    with Session(app.extensions["services"].engine) as session:
        yield session


@pytest.fixture
def caller(app, connect, session) -> Caller:
    """Acme Notebook for Alice, who lets it see nothing but what it adds."""
    return _call_with(app, connect(selection="none").access_token, session)


@pytest.fixture
def organization_itself(app, organization, session) -> Caller:
    """Acme Notebook for Acme."""
    return _call_with(app, organization.access_token, session)


def _call_with(app, access_token: str, session: Session) -> Caller:
    with connect_driver(app.extensions["services"].engine) as connection:
        token = find_access_token(connection, digest(access_token))
    return caller_of(token, session, ISSUER)


def carry_out(caller: Caller, name: str, sent=None, *, once: Once | None = None, **identifiers: str):
    assert not has_app_context()
    operation = NAMED[name]
    operation.admit(caller)
    taken = None if operation.takes is None else operation.takes.read({} if sent is None else sent)
    result = operation.carry_out(caller, identifiers, taken, once)
    _is_as_described(operation, result)
    return result


def _is_as_described(operation: Operation, result) -> None:
    json.dumps(result)
    if operation.gives is None:
        assert result is None
    else:
        assert result.keys() == operation.gives.__annotations__.keys(), operation.name


def test_every_operation_is_carried_out(app, caller, session, connect):
    new = {"title": "Bread", "text": "Flour and water."}
    bread = carry_out(caller, "add_memory", new)["id"]
    session.commit()
    # What the first write has made is known from the next call on.
    caller = _call_with(app, connect(selection="none").access_token, session)
    integration = carry_out(caller, "make_integration", {"kind": "slack", "name": "Chats"})["id"]
    chat = new | {"integration_id": integration}
    chats = carry_out(caller, "add_memories", {"memories": [chat, chat]})["data"]
    memento = carry_out(caller, "make_memento", {"name": "Baking"})["id"]
    about = {"memory_id": bread, "memento_id": memento, "integration_id": integration}
    calls = [
        ("list_memories", {"q": "flour", "limit": 2}),
        ("read_memory", None),
        ("change_memory", {"title": "Rye"}),
        ("list_mementos", None),
        ("read_memento", None),
        ("change_memento", {"add": [bread]}),
        ("empty_memento", None),
        ("delete_memento", None),
        ("list_integrations", None),
        ("read_integration", None),
        ("change_integration", {"name": "Talk"}),
        ("list_documents", {"page_size": 1}),
        ("search_documents", {"q": "what is flour"}),
        ("read_document", {"end_chunk": 1}),
        ("read_discussion", None),
        ("delete_memory", None),
        ("delete_integration", None),
    ]
    for name, sent in calls:
        identifiers = {one: about[one] for one in NAMED[name].identifiers}
        if name == "read_discussion":
            identifiers["memory_id"] = chats[0]["id"]
        carry_out(caller, name, sent, **identifiers)
    done = {name for name, _ in calls} | {"add_memory", "add_memories", "make_integration", "make_memento"}
    assert done == NAMED.keys()
    assert session.scalar(select(func.count()).select_from(Memory)) == 0


def test_what_is_read_is_noted_for_the_face_to_hand_over_and_what_is_written_is_written_down(caller):
    added = carry_out(caller, "add_memory", {"title": "Bread", "text": "Flour."})
    carry_out(caller, "list_memories")
    assert caller.seen == [Seen([], None)]
    assert caller.written == [Written("added", [added["id"]])]


@pytest.mark.parametrize(
    ("name", "sent", "kind", "code"),
    [
        ("read_memory", None, Kind.NOT_FOUND, "not_found"),
        ("list_memories", {"cursor": "odd"}, Kind.MALFORMED, "invalid_cursor"),
        ("add_memory", {"title": ""}, Kind.INVALID, "validation_failed"),
    ],
)
def test_a_refusal_has_a_kind_and_a_code_and_no_status(caller, name, sent, kind, code):
    identifiers = dict.fromkeys(NAMED[name].identifiers, "mry_nowhere")
    with pytest.raises(Refused) as refused:
        carry_out(caller, name, sent, **identifiers)
    assert (refused.value.kind, refused.value.code) == (kind, code)


def test_what_only_people_have_is_refused_to_an_organization_before_anything_is_read(organization_itself):
    for operation in OPERATIONS:
        is_about_mementos = "memento" in operation.name
        assert operation.for_people == is_about_mementos, operation.name
        if is_about_mementos:
            with pytest.raises(Refused, match="only people have mementos"):
                operation.admit(organization_itself)


@pytest.mark.parametrize("name", [one.name for one in OPERATIONS if one.idempotency])
def test_with_a_key_it_is_carried_out_once(caller, session, name):
    new = {"title": "Bread", "text": "Flour.", "tags": ["b", "a"]}
    sent = {
        "add_memory": new,
        "add_memories": {"memories": [new, new]},
        "make_integration": {"kind": "slack", "name": "Chats"},
        "make_memento": {"name": "Baking"},
    }[name]
    first = carry_out(caller, name, sent, once=Once("key", "digest"))
    before = _count(session)
    assert carry_out(caller, name, sent, once=Once("key", "digest")) == first
    assert _count(session) == before
    with pytest.raises(Refused) as refused:
        carry_out(caller, name, sent, once=Once("key", "of another request"))
    assert refused.value.code == "idempotency_conflict"
    carry_out(caller, name, sent | ({"name": "Another"} if "name" in sent else {}))
    assert _count(session) != before


def _count(session: Session) -> list[int]:
    tables = ("memories", "integrations", "mementos")
    return [session.scalar(select(func.count()).select_from(Memory.metadata.tables[name])) for name in tables]


def test_whatever_makes_something_anew_may_be_repeated_with_a_key():
    making = {one.name for one in OPERATIONS if one.name.startswith(("add_", "make_"))}
    assert {one.name for one in OPERATIONS if one.idempotency} == making


def test_what_needs_a_scope_to_write_changes_something_and_nothing_else_does():
    for one in OPERATIONS:
        is_reading = one.name.startswith(("list_", "read_", "search_"))
        assert one.changes != is_reading, one.name


def test_every_operation_has_a_route_that_names_the_same_things():
    served = {route.operation.name for route in ROUTES if route.operation in OPERATIONS}
    assert served == NAMED.keys()
    assert len(NAMED) == len(OPERATIONS)
    for route in ROUTES:
        if route.operation is not None:
            assert all(f"{{{name}}}" in route.path for name in route.operation.identifiers), route.path
            assert route.path.count("{") == len(route.operation.identifiers), route.path
            assert route.scopes == route.operation.scopes, route.path
