"""Scopes: a set of names inside, a space-delimited string on the wire (:rfc:`6749#section-3.3`)."""

from app.scopes import SCOPES, format_scope, intersect_scope, parse_scope, reaches_memories
from tests.tables import each


def test_the_five_documented_scopes_exist_and_each_has_its_sentence():
    assert list(SCOPES) == ["memories:read", "memories:write", "integrations:read", "integrations:write", "profile"]
    assert all(SCOPES.values())


@each(
    ("text", "names"),
    [
        (None, set()),
        ("", set()),
        (" ", set()),
        ("memories:read", {"memories:read"}),
        ("  memories:read  a ", {"memories:read", "a"}),
        ("a a", {"a"}),
        ("offline_access", set()),
        ("offline_access a", {"a"}),
        # Only a space delimits: a tab or a line break is part of a name, and then an unknown one.
        ("memories:read\tmemories:write", {"memories:read\tmemories:write"}),
        ("MEMORIES:READ", {"MEMORIES:READ"}),
    ],
)
def test_a_scope_string_is_read_as_a_set(text, names):
    assert parse_scope(text) == names


def test_names_are_written_in_their_declared_order():
    """The order does not matter to clients (:rfc:`6749#section-3.3`), and is always the same."""
    assert format_scope({"integrations:read", "z", "memories:read", "a"}) == "memories:read integrations:read a z"
    assert format_scope([]) == ""


@each(
    ("scope", "bound", "within"),
    [
        ("memories:read", "memories:read", "memories:read"),
        ("memories:read memories:write", "memories:write integrations:read", "memories:write"),
        ("memories:read", "integrations:read", ""),
        ("memories:read", "", ""),
        ("", "memories:read", ""),
    ],
)
def test_a_scope_reaches_no_further_than_its_bound(scope, bound, within):
    assert intersect_scope(scope, bound) == within


@each(
    ("names", "reaches"),
    [({"memories:read"}, True), ({"memories:write", "a"}, True), ({"integrations:read"}, False), (set(), False)],
)
def test_only_memories_scopes_look_through_mementos(names, reaches):
    assert reaches_memories(frozenset(names)) is reaches
