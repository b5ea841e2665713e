"""``/api/openapi.json`` says what the API does: every route and nothing else, and every answer as described."""

import json
import re

import pytest
import schemathesis
from hypothesis import given
from schemathesis import GenerationMode

from tests.api.operations import OPERATIONS
from tests.properties import IS_LONG, examples

OPERATION = pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
# A few each; what they send differs between the operations.
_EXAMPLES = {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 1}


@pytest.fixture
def description(app) -> dict:
    response = app.test_client().get("/api/openapi.json")
    assert response.status_code == 200
    return response.json


@pytest.fixture
def seeded(shelf, connect, choose):
    """A caller who may read and write, and an id of each kind that exists."""
    drive = shelf.connect()
    memory = shelf.keep("Lisbon", drive, tags=["city"])
    memento = shelf.memento("Mine", drive)
    caller = connect(memento)
    choose(caller, writable=[memento])
    made = caller.post("mementos/", {"name": "Made"}).json["id"]
    return caller, {"memory_id": memory, "integration_id": drive, "memento_id": made}


def test_every_route_is_described_and_every_description_is_a_route(app, description):
    described = {(method.upper(), path) for path, item in description["paths"].items() for method in item}
    routes = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and not rule.rule.startswith("/api/v1/auth/")
    }
    assert described == routes - {("GET", "/api/openapi.json")}


def test_every_path_works_with_and_without_its_final_slash(app, description):
    adapter = app.url_map.bind("127.0.0.1")
    for path, item in description["paths"].items():
        for method in item:
            for spelled in (path, path.rstrip("/")):
                assert adapter.match(spelled.replace("{", "").replace("}", ""), method.upper())


def test_operations_are_named_once(description):
    names = [operation["operationId"] for item in description["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))


def test_every_scope_guards_something_and_is_a_known_one(description):
    flows = description["components"]["securitySchemes"]["oauth"]["flows"]
    used = {
        scope
        for item in description["paths"].values()
        for operation in item.values()
        for scope in operation["security"][0]["oauth"]
    }
    # What it guards is not a call, but some members of an answer that every token gets.
    assert used | {"profile"} == set(flows["authorizationCode"]["scopes"])


@OPERATION
def test_the_guard_demands_the_described_scopes(app, seeded, notebook, one):
    """A token with all the other scopes is refused where a scope is demanded."""
    _caller, ids = seeded
    path = one.path.format(**ids)
    headers = {"Authorization": f"Bearer {notebook.client_credentials(scope=_others(one.scopes)).json['access_token']}"}
    answer = app.test_client().open(path, method=one.method, headers=headers)
    assert (answer.status_code == 403 and answer.json["code"] == "insufficient_scope") == bool(one.scopes)


@OPERATION
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as described", "otherwise"])
def test_answers_are_as_described(app, description, seeded, one, mode):
    """schemathesis makes the requests; what is not as described must be refused, and nothing is a 5xx."""
    caller, ids = seeded
    if mode is GenerationMode.POSITIVE:
        description = _with_shorter_texts(description)
    schema = schemathesis.openapi.from_dict(description)
    schema.app = app
    # To look for values worth sending through everything that the app imports takes as long as to send them.
    schema.config.analysis.constants.enabled = IS_LONG
    operation = schema[one.path][one.method]
    if mode is GenerationMode.NEGATIVE and not (one.query or one.body):
        pytest.skip("there is nothing that could be sent otherwise")

    @examples(_EXAMPLES[mode])
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        if mode is GenerationMode.POSITIVE:
            case.path_parameters.update({name: id for name, id in ids.items() if name in case.path_parameters})
            _leave_out_what_only_we_make(case)
        case.call_and_validate(headers={"Authorization": f"Bearer {caller.access_token}"})

    check()


def _with_shorter_texts(description: dict) -> dict:
    """The same with texts of a few hundred characters: a hundred thousand random ones take seconds to think of."""
    return json.loads(json.dumps(description).replace('"maxLength": 100000', '"maxLength": 300'))


def _leave_out_what_only_we_make(case) -> None:
    """No schema can say which cursors, integrations, mementos and memories there are."""
    case.query.pop("cursor", None)
    if isinstance(case.body, dict):
        case.body.pop("memento", None), case.body.pop("add", None)
        for memory in (case.body, *case.body.get("memories", ())):
            memory.pop("integration_id", None)


def _others(scopes: tuple[str, ...]) -> str:
    every = {"memories:read", "memories:write", "integrations:read", "integrations:write"}
    return " ".join(every - set(scopes))
