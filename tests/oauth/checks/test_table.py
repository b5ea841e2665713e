"""One table of checks: in order, a column for each door, and no answer goes to an address that nobody checked."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from app.database.connections import connect
from app.extensions import db
from app.oauth.checks import (
    CHECKS,
    Door,
    Told,
    UncheckedWayBack,
    WayBack,
    check_of_device,
    check_pushed,
    check_request,
    check_way_back,
)
from app.oauth.refusals import Reason, Refused
from app.oauth.server import server
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.wire_request import WireRequest
from tests.integrator import s256
from tests.tables import each


@pytest.fixture
def services(app):
    return app.extensions["services"]


@pytest.fixture
def connection(services):
    with connect(services.engine) as connection:
        yield connection


@pytest.fixture
def ask(services, connection, notebook, alice):
    """An honest authorization request of Alice's, with one thing changed."""

    def ask(person_id: str | None = alice.id, **changes: str | None) -> WireRequest:
        honest = {
            "response_type": "code",
            "client_id": notebook.client_id,
            "redirect_uri": notebook.redirect_uri,
            "state": notebook.state,
            "scope": notebook.scope,
            "code_challenge": s256(notebook.code_verifier),
            "code_challenge_method": "S256",
        }
        return WireRequest(
            {name: value for name, value in (honest | changes).items() if value is not None},
            connection,
            services,
            method="GET",
            path="/oauth/authorize",
            headers={},
            request_id="req_" + "0" * 24,
            person_id=person_id,
        )

    return ask


@pytest.fixture
def count_codes(app):
    def count_codes() -> int:
        with app.app_context():
            return db.session.scalar(select(func.count()).select_from(AuthorizationCode))

    return count_codes


# -- the table -------------------------------------------------------------------------------------


def test_each_check_stands_in_the_table_once():
    assert len({check.run for check in CHECKS}) == len(CHECKS)


#: How each door tells what is wrong, in the order in which it does.
TELLS = {
    Door.AUTHORIZE: [Told.PAGE, Told.REDIRECT],
    Door.REPLAY: [Told.PAGE, Told.REDIRECT],
    Door.PUSHED: [Told.JSON],
    Door.DEVICE: [Told.JSON],
    Door.DEVICE_REPLAY: [Told.PAGE, Told.POLL],
}


@pytest.mark.parametrize("door", Door)
def test_a_door_has_a_column_and_tells_the_client_only_where_it_knows_the_way(door):
    """What is answered by a page comes first: a redirect needs an address that was checked."""
    told = [getattr(check, door) for check in CHECKS]
    told = [one for one in told if one is not None]
    assert list(dict.fromkeys(told)) == TELLS[door]
    assert told == sorted(told, key=TELLS[door].index)


def test_what_belongs_to_an_address_is_asked_of_no_device():
    """Redirect URI, response type and mode, state, PKCE and prompt are of an answer that goes through a browser.

    And no browser brings a request by its address.
    """
    of_device = {check.run.__name__ for check in CHECKS if check.device is not None}
    assert of_device == {check.run.__name__ for check in CHECKS if check.device_replay is not None}
    left_out = {check.run.__name__ for check in CHECKS if check.authorize and check.replay} - of_device
    assert left_out == {
        *("demand_own_redirect_uri", "demand_response_type_code", "demand_response_in_query", "demand_state"),
        *("demand_known_prompt", "demand_code_challenge", "refuse_request_uri"),
    }


#: Each check by what fails at it, in the order of the table. What stands later in a request that fails at several is not
#: told.
WRONG = [
    ({"client_id": "unknown"}, Reason.CLIENT_UNKNOWN),
    ({"redirect_uri": "https://elsewhere.example/"}, Reason.REDIRECT_URI_MISMATCH),
    ({"response_type": "token"}, Reason.RESPONSE_TYPE_UNSUPPORTED),
    ({"response_mode": "form_post"}, Reason.RESPONSE_MODE_UNSUPPORTED),
    ({"state": None, "code_challenge_method": "plain"}, Reason.STATE_MISSING),
    ({"resource": "https://elsewhere.example/"}, Reason.RESOURCE_UNKNOWN),
    ({"scope": "unknown"}, Reason.SCOPE_UNKNOWN),
    ({"prompt": "none"}, Reason.PROMPT_UNKNOWN),
    ({"authorization_details": "{}"}, Reason.DETAILS_REFUSED),
    ({"code_challenge": "short"}, Reason.PKCE_CHALLENGE_MALFORMED),
]


@pytest.mark.parametrize("door", [Door.AUTHORIZE, Door.REPLAY, Door.PUSHED])
@each("index", range(len(WRONG)))
def test_the_first_thing_that_is_wrong_is_told_at_every_door(ask, notebook, door, index):
    changes = {name: value for later, _ in reversed(WRONG[index:]) for name, value in later.items()}
    request = ask(**changes)
    with pytest.raises(Refused) as refused:
        if door is Door.PUSHED:
            check_pushed(request)
        check_request(request, check_way_back(request, door))
    assert refused.value.reason is WRONG[index][1]
    is_known = index > 1 and door is not Door.PUSHED
    assert refused.value.redirect_uri == (notebook.redirect_uri if is_known else None)


#: The same of a device's request.
WRONG_OF_DEVICE = [
    ({"client_id": "unknown"}, Reason.CLIENT_UNKNOWN),
    ({"client_id": "{other}"}, Reason.DEVICE_NOT_ALLOWED),
    ({"resource": "https://elsewhere.example/"}, Reason.RESOURCE_UNKNOWN),
    ({"scope": "unknown"}, Reason.SCOPE_UNKNOWN),
    ({"authorization_details": "{}"}, Reason.DETAILS_REFUSED),
]


@each("index", range(len(WRONG_OF_DEVICE)))
def test_the_first_thing_that_is_wrong_of_a_device_is_told_when_it_asks_and_when_it_is_replayed(
    ask, register, notebook, index
):
    app = register(device_flow=True)
    of_code = dict.fromkeys(("redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method"))
    changes = {name: value for later, _ in reversed(WRONG_OF_DEVICE[index:]) for name, value in later.items()}
    changes["client_id"] = {"{other}": notebook.client_id}.get(changes.get("client_id"), changes.get("client_id"))
    asked = of_code | changes | ({} if changes["client_id"] else {"client_id": app.client_id})
    with pytest.raises(Refused) as at_once:
        check_of_device(ask(**asked))
    request = ask(**asked)
    with pytest.raises(Refused) as at_replay:
        check_request(request, check_way_back(request, Door.DEVICE_REPLAY))
    assert {at_once.value.reason, at_replay.value.reason} == {WRONG_OF_DEVICE[index][1]}
    assert at_replay.value.redirect_uri is None


def test_no_parameter_says_that_a_request_was_pushed(ask, notebook, change_client):
    """At the authorize endpoint anybody writes what they like; what is replayed is ours."""
    change_client(notebook, require_pushed=True)
    for door, is_refused in ((Door.AUTHORIZE, True), (Door.REPLAY, False)):
        request = ask(pushed="1")
        way_back = check_way_back(request, door)
        with pytest.raises(Refused) if is_refused else nullcontext():
            check_request(request, way_back)


# -- a caller that forgets -------------------------------------------------------------------------


def test_a_caller_that_forgets_the_checks_gets_an_error_and_no_code(ask, alice, count_codes):
    request = ask()
    request.client = SimpleNamespace(client_id="anything")
    with pytest.raises(UncheckedWayBack):
        server.create_authorization_response(request, alice, server.authorization_grant(request, None))
    assert count_codes() == 0


@pytest.mark.parametrize("way_back", [None, "https://notebook.acme.example/callback"])
def test_an_address_is_not_checked_because_it_is_one(ask, notebook, alice, count_codes, way_back):
    request = ask()
    check_way_back(request, Door.AUTHORIZE)
    grant = server.authorization_grant(request, way_back)
    with pytest.raises(UncheckedWayBack):
        server.create_authorization_response(request, alice, grant)
    with pytest.raises(UncheckedWayBack):
        grant.create_authorization_response(way_back, alice)
    assert count_codes() == 0


@pytest.mark.parametrize("changes", [{"redirect_uri": "https://elsewhere.example/"}, {"client_id": "another"}])
def test_what_was_checked_for_one_request_is_no_way_back_for_another(ask, changes):
    way_back = check_way_back(ask(), Door.AUTHORIZE)
    with pytest.raises(UncheckedWayBack):
        check_request(ask(**changes), way_back)


@pytest.mark.parametrize("person_id", [None, "user_of_another_browser"])
def test_what_was_checked_for_nobody_or_another_person_is_no_way_back(ask, alice, count_codes, person_id):
    """The playground's address is open for one person alone."""
    request = ask(person_id=person_id)
    grant = server.authorization_grant(request, check_way_back(request, Door.AUTHORIZE))
    with pytest.raises(UncheckedWayBack):
        server.create_authorization_response(request, alice, grant)
    assert count_codes() == 0


def test_nobody_but_the_checks_makes_a_way_back(notebook, alice):
    with pytest.raises(UncheckedWayBack):
        WayBack(object(), notebook.client_id, notebook.redirect_uri, alice.id, Door.AUTHORIZE)
