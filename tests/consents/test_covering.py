"""What a live consent answers without a screen, and what never."""

from datetime import UTC, datetime

from app.consents.choice import Choice
from app.consents.covering import find_covered_scopes
from app.consents.snapshot import ConsentSnapshot
from tests.tables import each


def consent(**changes) -> ConsentSnapshot:
    said = {
        "grant_id": "grant_1",
        "scope": "memories:read profile",
        "declined_scope": "memories:write",
        "choice": Choice("all"),
        "resources": "api",
        "expires_at": None,
        "paused_at": None,
    }
    return ConsentSnapshot(**said | changes)


def covered(present: ConsentSnapshot | None, asked: str = "memories:read", optional: str = "memories:write", **more):
    found = find_covered_scopes(present, asked=frozenset(asked.split()), optional=frozenset(optional.split()), **more)
    return None if found is None else " ".join(sorted(found))


def test_what_was_allowed_is_granted_and_what_was_left_out_is_not_asked_again():
    assert covered(consent()) == "memories:read"
    assert covered(consent(), "memories:read memories:write") == "memories:read"


@each(
    "asked",
    ["integrations:read", "memories:read integrations:read", "memories:write", ""],
    ids=["something else", "more", "only what was left out", "nothing"],
)
def test_anything_else_is_asked(asked):
    assert covered(consent(), asked) is None


def test_what_an_app_cannot_do_without_is_asked_again():
    assert covered(consent(), "memories:read memories:write", optional="") is None


def test_an_agent_that_was_refused_asks_again_for_what_was_left_out():
    """Else its person could never tick it: the answer would come without a screen, and without the scope."""
    there = consent(resources="api mcp")
    assert covered(there, "memories:read memories:write", resources=("mcp",)) is None
    assert covered(there, "memories:read", resources=("mcp",)) == "memories:read"


def test_nobody_answers_for_a_paused_consent_or_for_none():
    assert covered(consent(paused_at=datetime(2026, 1, 1, tzinfo=UTC))) is None
    assert covered(None) is None


def test_another_resource_is_never_granted_without_the_screen():
    assert covered(consent(), resources=("mcp",)) is None
    assert covered(consent(), resources=("api", "mcp")) is None
    assert covered(consent(resources="api mcp"), resources=("mcp",)) == "memories:read"


def test_a_consent_that_names_no_resource_was_given_for_the_api():
    """The version that ran before wrote none."""
    assert covered(consent(resources="")) == "memories:read"
    assert covered(consent(resources=""), resources=("mcp",)) is None
