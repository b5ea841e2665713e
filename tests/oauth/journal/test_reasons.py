"""Every request of a client leaves a record that says why it failed.

The honest request is the same as everywhere in these tests. Each refusal changes one thing.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import clock
from app.clients.models import Client, ClientSecret
from app.extensions import db
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import ERROR_PAGE, RequestRecord
from app.oauth.refusals import Reason, bearer
from tests.actors import Browser
from tests.integrator import TOKEN, apart_from_its_id, basic
from tests.tables import each

OTHER_URI = "https://notebook.acme.example/callback/"


# -- the authorize endpoint ------------------------------------------------------------------------

NO_CHALLENGE = {"code_challenge": None, "code_challenge_method": None}
WRONG_AT_AUTHORIZE = [
    ({"redirect_uri": None}, ERROR_PAGE, Reason.REDIRECT_URI_MISSING),
    ({"redirect_uri": OTHER_URI}, ERROR_PAGE, Reason.REDIRECT_URI_MISMATCH),
    ({"redirect_uri": [OTHER_URI, OTHER_URI]}, ERROR_PAGE, Reason.PARAMETER_DEFECTIVE),
    ({"request_uri": "https://pocket.example/r.jwt"}, "request_uri_not_supported", Reason.REQUEST_URI_ELSEWHERE),
    ({"response_type": None}, "invalid_request", Reason.RESPONSE_TYPE_MISSING),
    ({"response_type": "token"}, "unsupported_response_type", Reason.RESPONSE_TYPE_UNSUPPORTED),
    ({"response_mode": "fragment"}, "invalid_request", Reason.RESPONSE_MODE_UNSUPPORTED),
    ({"state": None} | NO_CHALLENGE, "invalid_request", Reason.STATE_MISSING),
    ({"scope": "memories:reed"}, "invalid_scope", Reason.SCOPE_UNKNOWN),
    ({"scope": ["memories:read", "memories:read"]}, "invalid_request", Reason.PARAMETER_DEFECTIVE),
    ({"scope": "memories:read,integrations:read"}, "invalid_scope", Reason.SCOPE_WITH_COMMA),
    ({"prompt": "none"}, "invalid_request", Reason.PROMPT_UNKNOWN),
    ({"resource": "https://elsewhere.example/"}, "invalid_target", Reason.RESOURCE_UNKNOWN),
    ({"authorization_details": "{}"}, "invalid_authorization_details", Reason.DETAILS_REFUSED),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request", Reason.PKCE_MISSING),
    ({"code_challenge": None}, "invalid_request", Reason.PKCE_CHALLENGE_MISSING),
    ({"code_challenge_method": None}, "invalid_request", Reason.PKCE_METHOD_REFUSED),
    ({"code_challenge": "short"}, "invalid_request", Reason.PKCE_CHALLENGE_MALFORMED),
]


@each(("change", "error", "expected"), WRONG_AT_AUTHORIZE, ids=lambda value: str(value)[:40])
def test_a_refused_authorize_request_says_why(pocket, signed_in, reason, change, error, expected):
    pocket.start(signed_in, **change)
    assert reason(pocket) == ("authorize", error, expected)


WRONG_WHEN_PUSHED = [
    ({"request": "e30.e30."}, "request_not_supported", Reason.REQUEST_OBJECT),
    ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request", Reason.REQUEST_URI_PUSHED),
    ({"redirect_uri": None}, "invalid_request", Reason.REDIRECT_URI_MISSING),
    ({"redirect_uri": OTHER_URI}, "invalid_request", Reason.REDIRECT_URI_MISMATCH),
    ({"scope": ["memories:read", "memories:read"]}, "invalid_request", Reason.PARAMETER_DEFECTIVE),
    ({"scope": "memories:reed"}, "invalid_scope", Reason.SCOPE_UNKNOWN),
    ({"code_challenge_method": None}, "invalid_request", Reason.PKCE_METHOD_REFUSED),
    ({"client_secret": "wrong"}, "invalid_client", Reason.SECRET_WRONG),
]


@each(("change", "error", "expected"), WRONG_WHEN_PUSHED, ids=lambda value: str(value)[:40])
def test_a_refused_push_says_why(posting_notebook, records, change, error, expected):
    assert posting_notebook.push(**change).json["error"] == error
    last = records(posting_notebook)[-1]
    assert (last.came_to, last.error, last.reason) == ("pushed", error, expected)
    # What the version before reads of it.
    assert last.endpoint == "authorize"


def test_a_push_to_an_address_of_no_use_is_noted(notebook, change_client, records):
    change_client(notebook, redirect_uris=["http://notebook.acme.example/callback"])
    refused = notebook.push(redirect_uri="http://notebook.acme.example/callback")
    assert refused.json["error"] == "invalid_request"
    closed = notebook.push(redirect_uri=_playground_of(notebook.client_id))
    assert closed.json["error"] == "invalid_request"
    noted = [one.reason for one in records(notebook)]
    assert noted == [Reason.REDIRECT_URI_UNUSABLE, Reason.REDIRECT_URI_MISMATCH]


def test_too_many_pushes_are_noted(pocket, records):
    while pocket.push().status_code == 201:
        pass
    assert records(pocket)[-1].reason == Reason.PUSHED_TOO_MANY


def test_a_request_uri_that_is_no_good_is_told_apart(app, notebook, pocket, signed_in, reason, records, let_time_pass):
    """To the client's people alone; see ``test_pushed_refused`` for what the person reads."""
    signed_in.get(notebook.named_url("urn:ietf:params:oauth:request_uri:rlq_pa_unknown", scope="memories:write"))
    assert reason(notebook) == ("authorize", ERROR_PAGE, Reason.REQUEST_URI_UNKNOWN)
    # Nothing beside the reference counts.
    assert records(notebook)[-1].scope == ""
    signed_in.get(pocket.named_url(notebook.push().json["request_uri"]))
    assert reason(pocket) == ("authorize", ERROR_PAGE, Reason.REQUEST_URI_OF_ANOTHER_CLIENT)
    url = notebook.pushed_url()
    signed_in.follow(signed_in.get(url)), Browser(app).get(url)
    assert reason(notebook) == ("authorize", ERROR_PAGE, Reason.REQUEST_URI_OPENED)
    url = notebook.pushed_url()
    let_time_pass(minutes=11)
    signed_in.get(url)
    assert reason(notebook) == ("authorize", ERROR_PAGE, Reason.REQUEST_URI_EXPIRED)


def test_a_request_that_should_have_been_pushed_is_noted(notebook, signed_in, reason, change_client):
    change_client(notebook, require_pushed=True)
    notebook.start(signed_in)
    assert reason(notebook) == ("authorize", "invalid_request", Reason.PUSH_DEMANDED)


def test_a_push_is_noted_as_a_success(notebook, records):
    notebook.push()
    noted = [(one.came_to, one.endpoint, one.error, one.redirect_uri) for one in records(notebook)]
    assert noted == [("pushed", "authorize", None, notebook.redirect_uri)]


def test_a_scope_of_others_is_told_from_one_that_does_not_exist(pocket, signed_in, reason, change_client):
    change_client(pocket, scope="memories:read")
    pocket.start(signed_in, scope="memories:write")
    assert reason(pocket) == ("authorize", "invalid_scope", Reason.SCOPE_NOT_REGISTERED)


def test_too_many_resources_are_told_from_an_unknown_one(pocket, signed_in, reason):
    pocket.start(signed_in, resource=[f"https://{number}.elsewhere.example" for number in range(11)])
    assert reason(pocket) == ("authorize", "invalid_target", Reason.RESOURCE_TOO_MANY)


def test_a_service_that_was_switched_off_is_noted(register, notebook, signed_in, reason, change_client):
    service = register(resources=["https://shelf.acme.example"])
    code = notebook.code(signed_in, resource="https://shelf.acme.example")
    change_client(service, suspended_at=clock.now())
    notebook.exchange(code)
    assert reason(notebook) == ("token", "invalid_target", Reason.RESOURCE_GONE)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"suspended_at": clock.now()}, Reason.CLIENT_SUSPENDED),
        ({"suspended_at": clock.now(), "drafted_at": clock.now()}, Reason.CLIENT_DRAFT),
    ],
)
def test_a_suspended_app_is_told_from_a_draft(notebook, signed_in, reason, change_client, values, expected):
    change_client(notebook, **values)
    notebook.start(signed_in)
    assert reason(notebook) == ("authorize", ERROR_PAGE, expected)
    notebook.client_credentials()
    assert reason(notebook) == ("token", "invalid_client", expected)


@pytest.mark.parametrize(
    ("status", "changes", "denied", "expected"),
    [
        (200, {"client_secret": "x"}, (), Reason.DOCUMENT_REFUSED),
        (301, {}, (), Reason.DOCUMENT_UNREAD),
        (404, {}, (), Reason.DOCUMENT_WITHDRAWN),
        (200, {}, ("*",), Reason.DOCUMENT_DENIED),
    ],
)
def test_an_app_whose_document_says_nothing_good_any_more(
    app, pocket, signed_in, document_hosts, records, let_time_pass, monkeypatch, status, changes, denied, expected
):
    url = "https://pocket.example/client.json"
    said = {"client_id": url, "redirect_uris": [pocket.redirect_uri]}
    document_hosts.serve(url, said)
    pocket = replace(pocket, client_id=url)
    pocket.start(signed_in)
    document_hosts.serve(url, said | changes, status=status)
    monkeypatch.setattr(app.extensions["services"].fetcher, "_denied", denied)
    let_time_pass(minutes=6)
    pocket.start(signed_in)
    with app.app_context():
        key = db.session.scalar(select(Client.key).where(Client.client_id == url))
    last = records(replace(pocket, client_id=key))[-1]
    assert (last.endpoint, last.error, last.reason) == ("authorize", ERROR_PAGE, expected)


def test_the_person_who_cancels_is_a_reason(notebook, signed_in, reason):
    signed_in.submit(notebook.start(signed_in), press="Cancel")
    assert reason(notebook) == ("authorize", "access_denied", Reason.DENIED)


def test_what_is_wrong_is_noted_once_the_person_has_signed_in(notebook, browser, alice, records):
    """Before that nobody may be sent back, so nothing has been refused yet."""
    page = notebook.start(browser, state=None, **NO_CHALLENGE)
    assert records(notebook) == []
    browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert [record.reason for record in records(notebook)] == [Reason.STATE_MISSING]


def test_an_app_that_changed_while_the_person_decided_is_noted(notebook, signed_in, reason, change_client):
    page = notebook.start(signed_in)
    change_client(notebook, redirect_uris=["https://elsewhere.example/"])
    signed_in.submit(page, press="Continue", selection="all")
    assert reason(notebook) == ("authorize", ERROR_PAGE, Reason.REDIRECT_URI_MISMATCH)


def test_an_address_that_is_registered_and_not_accepted_is_told_from_one_that_is_not_registered(
    notebook, signed_in, reason, change_client
):
    change_client(notebook, redirect_uris=["http://notebook.acme.example/callback"])
    notebook.start(signed_in, redirect_uri="http://notebook.acme.example/callback")
    assert reason(notebook) == ("authorize", ERROR_PAGE, Reason.REDIRECT_URI_REFUSED)


def _playground_of(client_id: str) -> str:
    return f"http://127.0.0.1:8000/org/oauth/{client_id}/playground/callback"


def test_the_playground_that_is_not_open_is_told_from_an_address_that_is_not_registered(notebook, signed_in, reason):
    """Nobody is to be advised to register it."""
    notebook.start(signed_in, redirect_uri=_playground_of(notebook.client_id))
    assert reason(notebook) == ("authorize", ERROR_PAGE, Reason.PLAYGROUND_CLOSED)
    notebook.start(signed_in, redirect_uri=_playground_of("client_of_others"))
    assert reason(notebook) == ("authorize", ERROR_PAGE, Reason.REDIRECT_URI_MISMATCH)


def test_a_code_for_an_address_that_was_removed_is_noted(notebook, signed_in, reason, change_client):
    code = notebook.code_by_consent(signed_in)
    change_client(notebook, redirect_uris=["https://elsewhere.example/"])
    notebook.exchange(code)
    assert reason(notebook) == ("token", "invalid_grant", Reason.REDIRECT_URI_REMOVED)


def test_a_success_is_noted_with_and_without_a_screen(notebook, signed_in, records):
    notebook.code(signed_in), notebook.code(signed_in)
    noted = [(one.endpoint, one.error, one.reason, one.redirect_uri, one.scope) for one in records(notebook)]
    assert noted == [("authorize", None, None, notebook.redirect_uri, "memories:read integrations:read")] * 2


# -- the token endpoint ----------------------------------------------------------------------------

WRONG_AT_TOKEN = [
    ({"grant_type": None}, "invalid_request", Reason.GRANT_TYPE_MISSING),
    ({"grant_type": "password"}, "unsupported_grant_type", Reason.GRANT_TYPE_UNSUPPORTED),
    ({"code": None}, "invalid_request", Reason.CODE_MISSING),
    ({"code": "rlq_ac_unknown"}, "invalid_grant", Reason.CODE_UNKNOWN),
    ({"code": "rlq_rt_unknown"}, "invalid_grant", Reason.CODE_MISTAKEN),
    ({"code": ["a", "b"]}, "invalid_request", Reason.PARAMETER_DEFECTIVE),
    ({"redirect_uri": None}, "invalid_request", Reason.REDIRECT_URI_MISSING),
    ({"redirect_uri": OTHER_URI}, "invalid_grant", Reason.REDIRECT_URI_CHANGED),
    ({"code_verifier": None}, "invalid_request", Reason.VERIFIER_MISSING),
    ({"code_verifier": "short"}, "invalid_request", Reason.VERIFIER_MALFORMED),
    ({"code_verifier": "v" * 43}, "invalid_grant", Reason.VERIFIER_WRONG),
    ({"resource": "https://elsewhere.example/"}, "invalid_target", Reason.RESOURCE_UNKNOWN),
    ({"resource": ["http://127.0.0.1:8000", "http://127.0.0.1:8000/mcp"]}, "invalid_target", Reason.RESOURCE_SEVERAL),
    ({"resource": "http://127.0.0.1:8000/mcp"}, "invalid_target", Reason.RESOURCE_NOT_ASKED),
    ({"client_id": "another", "client_secret": "another"}, "invalid_request", Reason.SEVERAL_AUTHENTICATIONS),
]


@each(("change", "error", "expected"), WRONG_AT_TOKEN, ids=lambda value: str(value)[:40])
def test_a_refused_token_request_says_why(notebook, signed_in, reason, change, error, expected):
    honest = {
        "grant_type": "authorization_code",
        "code": notebook.code_by_consent(signed_in),
        "redirect_uri": notebook.redirect_uri,
        "code_verifier": notebook.code_verifier,
    }
    assert notebook.post(TOKEN, honest | change).json["error"] == error
    assert reason(notebook) == ("token", error, expected)


def test_a_verifier_that_nobody_asked_for_is_noted(notebook, signed_in, reason):
    code = notebook.code(signed_in, code_challenge=None, code_challenge_method=None)
    notebook.exchange(code)
    assert reason(notebook) == ("token", "invalid_grant", Reason.VERIFIER_UNEXPECTED)


def test_another_redirect_uri_is_noted_with_the_one_that_was_asked_with(notebook, signed_in, records):
    notebook.exchange(notebook.code_by_consent(signed_in), redirect_uri=OTHER_URI)
    last = records(notebook)[-1]
    assert (last.redirect_uri, last.expected_uri) == (OTHER_URI, notebook.redirect_uri)


def test_what_a_code_is_refused_for_is_told_apart(
    notebook, register, alice, signed_in, reason, let_time_pass, change_consent, disable
):
    other, code = register(), notebook.code_by_consent(signed_in)
    other.exchange(code)
    assert reason(other) == ("token", "invalid_grant", Reason.CODE_OF_ANOTHER_CLIENT)
    assert notebook.exchange(code).status_code == 200
    notebook.exchange(code)
    assert reason(notebook) == ("token", "invalid_grant", Reason.CODE_USED)
    ended, late = notebook.code_by_consent(signed_in), notebook.code_by_consent(signed_in)
    change_consent(notebook, paused_at=clock.now())
    notebook.exchange(ended)
    assert reason(notebook) == ("token", "invalid_grant", Reason.CODE_PAUSED)
    disable(alice)
    notebook.exchange(ended)
    assert reason(notebook) == ("token", "invalid_grant", Reason.CODE_ACCOUNT_DISABLED)
    change_consent(notebook, revoked_at=clock.now())
    notebook.exchange(ended)
    assert reason(notebook) == ("token", "invalid_grant", Reason.CODE_ENDED)
    let_time_pass(minutes=2)
    notebook.exchange(late)
    assert reason(notebook) == ("token", "invalid_grant", Reason.CODE_EXPIRED)


def test_what_a_refresh_is_refused_for_is_told_apart(
    strict, notebook, register, alice, signed_in, tokens, reason, let_time_pass, change_consent, disable
):
    other, first = register(), tokens["refresh_token"]
    notebook.client_credentials(grant_type="refresh_token")
    assert reason(notebook) == ("token", "invalid_request", Reason.REFRESH_MISSING)
    notebook.refresh(tokens["access_token"])
    assert reason(notebook) == ("token", "invalid_grant", Reason.REFRESH_MISTAKEN)
    notebook.refresh("rlq_rt_unknown")
    assert reason(notebook) == ("token", "invalid_grant", Reason.REFRESH_UNKNOWN)
    other.refresh(first)
    assert reason(other) == ("token", "invalid_grant", Reason.REFRESH_OF_ANOTHER_CLIENT)
    notebook.refresh(first, scope="memories:write")
    assert reason(notebook) == ("token", "invalid_scope", Reason.SCOPE_TOO_WIDE)
    second = notebook.refresh(first).json["refresh_token"]
    notebook.refresh(first)
    assert reason(notebook) == ("token", "invalid_grant", Reason.REFRESH_REUSED)
    notebook.refresh(second)
    assert reason(notebook) == ("token", "invalid_grant", Reason.REFRESH_ENDED)
    third = notebook.tokens(signed_in)["refresh_token"]
    change_consent(notebook, paused_at=clock.now())
    notebook.refresh(third)
    assert reason(notebook) == ("token", "invalid_grant", Reason.REFRESH_PAUSED)
    disable(alice)
    notebook.refresh(third)
    assert reason(notebook) == ("token", "invalid_grant", Reason.REFRESH_ACCOUNT_DISABLED)
    change_consent(notebook, paused_at=None)
    disable(alice, on=True)
    let_time_pass(days=31)
    notebook.refresh(third)
    assert reason(notebook) == ("token", "invalid_grant", Reason.REFRESH_EXPIRED)


def test_scope_of_which_nothing_is_left_is_noted(notebook, signed_in, reason, change_client):
    code = notebook.code_by_consent(signed_in)
    change_client(notebook, scope="memories:write")
    notebook.exchange(code)
    assert reason(notebook) == ("token", "invalid_scope", Reason.SCOPE_NOTHING_LEFT)


def test_a_public_app_may_not_have_client_credentials(pocket, reason):
    pocket.client_credentials()
    assert reason(pocket) == ("token", "unauthorized_client", Reason.GRANT_NOT_ALLOWED)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("memories:reed", Reason.SCOPE_UNKNOWN), ("memories:write", Reason.SCOPE_NOT_REGISTERED)],
)
def test_the_scope_of_client_credentials_is_noted_likewise(notebook, reason, change_client, scope, expected):
    change_client(notebook, scope="memories:read")
    notebook.client_credentials(scope=scope)
    assert reason(notebook) == ("token", "invalid_scope", expected)


def test_a_body_that_is_no_form_is_noted_for_the_client_of_the_header(notebook, reason):
    headers = {"Authorization": basic(notebook.client_id, notebook.client_secret)}
    notebook.app.test_client().post(TOKEN, json={"grant_type": "client_credentials"}, headers=headers)
    assert reason(notebook) == ("token", "invalid_request", Reason.NOT_A_FORM)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_wrong_and_a_retired_secret_are_told_apart_inside_and_never_outside(app, notebook, reason, method):
    client = replace(notebook, auth_method=method)
    wrong = replace(client, client_secret="rlq_cs_wrong").client_credentials()
    assert reason(client) == ("token", "invalid_client", Reason.SECRET_WRONG)
    with app.app_context():
        db.session.query(ClientSecret).filter_by(client_key=client.client_id).update({"revoked_at": clock.now()})
        db.session.commit()
    retired = client.client_credentials()
    assert reason(client) == ("token", "invalid_client", Reason.SECRET_ENDED)
    assert wrong.status_code == 401
    assert apart_from_its_id(wrong) == apart_from_its_id(retired)


def test_a_secret_that_is_sent_twice_alike_is_told_from_two_that_differ(notebook, reason):
    notebook.client_credentials(client_id=notebook.client_id, client_secret=notebook.client_secret)
    assert reason(notebook) == ("token", "invalid_request", Reason.SECRET_TWICE)
    notebook.client_credentials(client_id=notebook.client_id, client_secret="rlq_cs_another")
    assert reason(notebook) == ("token", "invalid_request", Reason.SEVERAL_AUTHENTICATIONS)


def test_a_confidential_client_without_a_secret_and_a_public_one_with_one(notebook, pocket, reason):
    replace(notebook, client_secret=None).client_credentials()
    assert reason(notebook) == ("token", "invalid_client", Reason.SECRET_MISSING)
    replace(pocket, client_secret="rlq_cs_x").refresh("any")
    assert reason(pocket) == ("token", "invalid_client", Reason.SECRET_UNEXPECTED)


def test_every_grant_notes_its_success(notebook, signed_in, records):
    notebook.refresh(notebook.tokens(signed_in)["refresh_token"])
    notebook.client_credentials()
    noted = [(record.endpoint, record.grant_type, record.error) for record in records(notebook)]
    assert noted == [
        ("authorize", "", None),
        ("token", "authorization_code", None),
        ("token", "refresh_token", None),
        ("token", "client_credentials", None),
    ]


def test_other_endpoints_note_nothing(notebook, records):
    notebook.introspect("unknown"), notebook.post("/oauth/revoke", {"token": ["a", "b"]})
    replace(notebook, client_secret="wrong").introspect("unknown")
    assert records(notebook) == []


def test_a_client_that_does_not_exist_leaves_nothing(app, notebook, signed_in):
    stranger = replace(notebook, client_id="client_nobody")
    stranger.client_credentials(), stranger.start(signed_in), stranger.post(TOKEN, {"grant_type": ["a", "b"]})
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
        assert db.session.scalar(select(func.count()).select_from(RequestRecord)) == 0


#: What leaves no record: nobody knows whose it is, it came to another endpoint, or a record keeps another reason.
NOT_KEPT = {
    *("CLIENT_UNKNOWN", "TOKEN_MISSING", "INTROSPECTION_NOT_ALLOWED", "CLIENT_ID_TWICE", "OTHER"),
    *("TOO_MANY_FAILURES", "TOO_MANY_UNKNOWN_TOKENS"),
    # An app that is known is let in with what is known of it.
    *("DOCUMENT_ADDRESS", "DOCUMENT_BUSY", "DOCUMENT_TOO_MANY"),
    # A device that waits has not failed.
    "DEVICE_PENDING",
}


def test_every_reason_is_produced_by_a_request_in_this_file_or_in_those_beside():
    names = "test_reasons_of_devices.py", "test_reasons_of_signatures.py"
    files = Path(__file__), *(Path(__file__).with_name(name) for name in names)
    shown = set(re.findall(r"Reason\.([A-Z][A-Z_]+)", "".join(file.read_text() for file in files)))
    assert shown | NOT_KEPT | {reason.name for reason in bearer.ROWS} == set(Reason.__members__)
