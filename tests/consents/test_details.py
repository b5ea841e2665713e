"""The ``memento`` type of ``authorization_details`` (:rfc:`9396`): what may be asked, and what is told."""

import json

from app.consents.details import find_details_problem
from tests.tables import each

ISSUER = "https://id.acme.example"
API = f"{ISSUER}/api/v1/"


@each(
    "details",
    [
        [],
        [{"type": "memento"}],
        [{"type": "memento", "actions": ["read"]}],
        [{"type": "memento", "actions": ["read", "write"], "locations": [API]}],
        [{"type": "memento", "actions": [], "locations": []}],
        [{"type": "memento"}, {"type": "memento", "actions": ["read"]}],
    ],
    ids=json.dumps,
)
def test_the_type_may_be_asked_for(details):
    assert find_details_problem(json.dumps(details), [API]) is None


@each(
    "text",
    [
        "", "[", "null", "1", '"memento"', "{}", '{"type":"memento"}', '["memento"]', "[null]", "[[]]", "[{}]", "[NaN]",
        '[{"type":"payment"}]', '[{"type":["memento"]}]', '[{"type":"memento","x":1}]', '[{"type":"Memento"}]',
        '[{"type":"memento","identifier":"mem_1"}]', '[{"type":"memento","identifier":null}]',
        '[{"type":"memento","actions":"read"}]', '[{"type":"memento","actions":["delete"]}]',
        '[{"type":"memento","actions":[["read"]]}]', '[{"type":"memento","actions":null}]',
        '[{"type":"memento","locations":["https://evil.example/"]}]', '[{"type":"memento","locations":{}}]',
        '[{"type":"memento"},{"type":"payment"}]', "[" * 4000, "9" * 4096,
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_sentence_that_repeats_nothing(text):
    """MUST refuse unknown types and fields (:rfc:`9396#section-5`)."""
    problem = find_details_problem(text, [API])
    assert problem is not None
    assert problem.endswith(".")
    assert "evil" not in problem
    assert "payment" not in problem
    # What an error_description may hold (RFC 6749 section 4.1.2.1).
    assert all(0x20 <= ord(letter) <= 0x7E and letter not in '"\\' for letter in problem)
