"""``/api/openapi.json`` says what the API does: every route and nothing else, and every answer as described."""

import json
import re
from functools import cache

import jsonschema
import pytest
import schemathesis
from hypothesis import Phase, given
from msgspec import structs
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from app.limits.calls import Calls
from app.limits.counting import Limits
from app.operations.patterns import FOLDER, ONE_LINE, describe_pattern
from tests.api.operations import OPERATIONS
from tests.properties import IS_LONG, examples
from tests.tables import each

# A few each; what they send differs between the operations.
_EXAMPLES = {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 1}
# To look for a smaller one of the same fault takes a minute for each operation.
_PHASES = tuple(Phase) if IS_LONG else (Phase.generate,)
_LONGEST = '"maxLength": 100000'
# What is drawn as nothing is thousands of characters, each of which is thought of for each field. ``test_visible_words``
# sends them. Here a text begins with one of a few hundred; or, where it is to be wrong, is wrong by other characters.
_SEEN, _IN_LINE = (
    r"!-.0-~\xa1-\xac\u0391-\u03a1\u0410-\u044f\u4e00-\u4e2f\U0001f600-\U0001f64f",
    r"\x00-\x1f\x7f-\x9f\u2028\u2029",
)
_PART = rf"[ \u2800]*[{_SEEN}][^/{_IN_LINE}]*"
_EASY = {
    GenerationMode.POSITIVE: {ONE_LINE: rf"^[ \u2800]*[{_SEEN}][^{_IN_LINE}]*$", FOLDER: rf"^({_PART}(/{_PART})*)?$"},
    GenerationMode.NEGATIVE: {ONE_LINE: rf"^[^{_IN_LINE}]+$", FOLDER: rf"^[^{_IN_LINE}]*$"},
}


def name_operation(one) -> str:
    return f"{one.method} {one.path}"


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


def test_whoever_is_to_come_again_is_told_when(description, seeded, monkeypatch):
    """By each operation, with too many calls and with a database that is away."""
    operations = [operation["responses"] for item in description["paths"].values() for operation in item.values()]
    assert all("Retry-After" in described[status]["headers"] for described in operations for status in ("429", "503"))
    assert all(
        "WWW-Authenticate" in described[status]["headers"] for described in operations for status in ("401", "403")
    )
    caller, _ids = seeded
    services = caller.app.extensions["services"]
    few = structs.replace(services, limits=Limits(services.limits.storage, Calls(1)))
    monkeypatch.setitem(caller.app.extensions, "services", few)
    answers = [caller.open("GET", "memories/") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert int(answers[1].headers["Retry-After"]) >= 1
    schema = {"$ref": "#/components/schemas/Error", "components": description["components"]}
    jsonschema.validate(answers[1].json, schema)


def test_no_character_is_written_as_two_escapes(app, change_settings):
    """Several tools read JSON as the YAML that it is, which knows no such pairs."""
    change_settings(site_name="Elephant \N{ELEPHANT}")
    text = app.test_client().get("/api/openapi.json").text
    assert re.search(r"[\U00010000-\U0010ffff]", text)
    assert not re.search(r"(?<!\\)\\u[dD][89abAB]", text)


def test_patterns_are_for_readers_that_count_in_halves_of_pairs_too(app):
    """JavaScript does, unless it is told otherwise: such a range is an error to it, and the client did not load."""
    description = app.test_client().get("/api/openapi.json").text
    patterns = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', description)
    assert len(patterns) > 20
    assert not [one for one in patterns if re.search(r"[\U00010000-\U0010ffff]", one)]


@each("text", ["Lisbon", " \u2800 x", "\N{ELEPHANT}", "\U000e0001x", "مرحبا", "Trips/Lisbon"])
def test_what_is_told_of_a_pattern_refuses_nothing_that_we_take(text):
    for pattern in (ONE_LINE, FOLDER):
        assert re.fullmatch(pattern, text) and re.fullmatch(describe_pattern(pattern), text)
        assert not re.fullmatch(describe_pattern(pattern), "a\nb") and not re.fullmatch(describe_pattern(pattern), " ")


#: What their names say by themselves, to whoever knows what a memory is.
_PLAIN = {"content", "name", "tags", "text", "title"}


def test_every_parameter_and_field_says_what_it_is(description):
    """Whoever sent the kind of an integration for its id was answered with an empty list."""
    silent = set()
    for item in description["paths"].values():
        for operation in item.values():
            fields = {one["name"]: one | one["schema"] for one in operation["parameters"] if one["in"] != "path"}
            body = operation.get("requestBody", {"content": {"application/json": {"schema": {}}}})
            fields |= body["content"]["application/json"]["schema"].get("properties", {})
            silent |= {name for name, one in fields.items() if "description" not in one}
    assert silent <= _PLAIN


def test_every_object_says_what_is_in_it(description):
    """Whoever makes a client of the description would otherwise get something without members."""
    vague, waiting = [], [((), description)]
    while waiting:
        place, one = waiting.pop()
        if isinstance(one, list):
            waiting += [((*place, str(at)), value) for at, value in enumerate(one)]
        elif isinstance(one, dict):
            of_object = (
                "object" in one.get("type", ()) and one.get("properties", one.get("additionalProperties")) is None
            )
            if of_object:
                vague.append("/".join(place))
            # Of what is never there nothing can be said.
            waiting += [((*place, name), value) for name, value in one.items() if one.get("maxItems") != 0]
    assert not vague


def test_whoever_fills_in_the_defaults_changes_what_they_name_alone(description, seeded):
    """As clients that are made of the description do, and many agents: a new title left no tags."""
    caller, ids = seeded
    for path, change in (
        ("/api/v1/memories/{memory_id}/", {"title": "Porto"}),
        ("/api/v1/integrations/{integration_id}/", {"name": "Renamed"}),
    ):
        body = description["paths"][path]["patch"]["requestBody"]["content"]["application/json"]["schema"]
        filled = {name: one["default"] for name, one in body["properties"].items() if "default" in one}
        own = path.removeprefix("/api/v1/").format(**ids)
        before = caller.get(own).json
        after = caller.patch(own, filled | change).json
        assert {name for name, value in after.items() if value != before[name]} <= {*change, "source", "updated_at"}


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


@each("one", OPERATIONS, ids=name_operation)
def test_the_guard_demands_the_described_scopes(app, seeded, notebook, one):
    """A token with all the other scopes is refused where a scope is demanded."""
    _caller, ids = seeded
    path = one.path.format(**ids)
    headers = {"Authorization": f"Bearer {notebook.client_credentials(scope=_others(one.scopes)).json['access_token']}"}
    answer = app.test_client().open(path, method=one.method, headers=headers)
    assert (answer.status_code == 403 and answer.json["code"] == "insufficient_scope") == bool(one.scopes)


@pytest.fixture
def described_app(app, description):
    """Returns schemathesis's view of the app, which is made once for all operations of one description."""

    @cache
    def view(mode: GenerationMode):
        schema = schemathesis.openapi.from_dict(_easy_to_think_of(description, mode))
        schema.app = app
        # To look for values worth sending through everything that the app imports takes as long as to send them.
        schema.config.analysis.constants.enabled = IS_LONG
        return schema

    return view


@each("one", OPERATIONS, ids=name_operation)
def test_answers_are_as_described(described_app, seeded, one):
    """schemathesis makes the requests, and nothing is a 5xx."""
    caller, ids = seeded

    @examples(_EXAMPLES[GenerationMode.POSITIVE], phases=_PHASES)
    @given(case=_make_cases(described_app, one, GenerationMode.POSITIVE))
    def check(case):
        case.path_parameters.update({name: id for name, id in ids.items() if name in case.path_parameters})
        _leave_out_what_only_we_make(case)
        _call(case, caller)

    check()


@each("one", [one for one in OPERATIONS if one.query or one.body], ids=name_operation)
def test_what_is_sent_otherwise_than_described_is_refused_as_described(described_app, seeded, one):
    """The others take nothing that could be sent otherwise."""
    caller, _ids = seeded

    @examples(_EXAMPLES[GenerationMode.NEGATIVE], phases=_PHASES)
    @given(case=_make_cases(described_app, one, GenerationMode.NEGATIVE))
    def check(case):
        _call(case, caller)

    check()


def _make_cases(described_app, one, mode: GenerationMode):
    return described_app(mode)[one.path][one.method].as_strategy(generation_mode=mode)


def _call(case, caller) -> None:
    try:
        case.call_and_validate(headers={"Authorization": f"Bearer {caller.access_token}"})
    except FailureGroup as failures:
        # That one is no ``Exception``, and would end the table.
        raise AssertionError(str(failures)) from failures


def _easy_to_think_of(description: dict, mode: GenerationMode) -> dict:
    """Returns the same without the bound of the longest texts, and with simpler patterns of names.

    What is as described has a few hundred characters instead. What is not has no bound to go beyond, which
    ``test_bounds`` does for each field.
    """
    text = json.dumps(description)
    if not IS_LONG:
        for pattern, easy in _EASY[mode].items():
            told = json.dumps(describe_pattern(pattern))
            assert told in text
            text = text.replace(told, json.dumps(easy))
    if mode is GenerationMode.POSITIVE:
        return json.loads(text.replace(_LONGEST, '"maxLength": 300'))
    return json.loads(text if IS_LONG else text.replace(f"{_LONGEST}, ", "").replace(f", {_LONGEST}", ""))


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
