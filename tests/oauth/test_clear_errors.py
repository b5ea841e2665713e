"""What an app is told on the wire is as clear as what its people read, and constant where it protects somebody.

The honest request is the same as everywhere in these tests. Each refusal changes one thing.
"""

import re
from dataclasses import replace

import pytest

from app import clock
from app.api.route import ROUTES
from app.extensions import db
from app.guide.api_errors import API_ERRORS
from app.guide.errors import AUTHORIZE_ERRORS, DEVICE_ERRORS, PUSH_ERRORS, TOKEN_ERRORS
from app.oauth.journal.log import RequestLog
from app.oauth.refusals import REFUSALS
from app.oauth.tokens.access import AccessToken
from tests.actors import Browser
from tests.integrator import TOKEN, apart_from_its_id, basic
from tests.tables import each

REQUEST_ID = re.compile(r"req_[0-9a-f]{24}")


def refused(response, error: str = "invalid_grant", status: int = 400) -> str:
    """What a refusal says, which is of the letters that may stand there (:rfc:`6749#section-5.2`)."""
    assert (response.status_code, response.json["error"]) == (status, error), response.text
    said = response.json["error_description"]
    assert all(0x20 <= ord(letter) <= 0x7E and letter not in '"\\' for letter in said)
    return said


# -- codes and refresh tokens ----------------------------------------------------------------------


def test_an_expired_code_says_how_old_it_may_be(notebook, signed_in, let_time_pass):
    code = notebook.code_by_consent(signed_in)
    let_time_pass(seconds=61)
    assert "older than 60 seconds" in refused(notebook.exchange(code))


def test_an_expired_code_says_how_old_it_might_have_been_when_it_was_issued(
    notebook, signed_in, let_time_pass, change_settings
):
    change_settings(authorization_code_lifetime=30)
    code = notebook.code_by_consent(signed_in)
    change_settings(authorization_code_lifetime=600)
    let_time_pass(seconds=31)
    assert "older than 30 seconds" in refused(notebook.exchange(code))


def test_a_redeemed_code_says_so_and_what_follows(notebook, signed_in):
    code = notebook.code_by_consent(signed_in)
    notebook.exchange(code)
    said = refused(notebook.exchange(code))
    assert "redeemed before" in said and "ended" in said


def test_an_unknown_an_expired_and_an_ended_refresh_token_are_told_apart(
    notebook, tokens, signed_in, let_time_pass, change_consent
):
    unknown = refused(notebook.refresh("rlq_rt_" + "0" * 64))
    ended = notebook.tokens(signed_in)["refresh_token"]
    notebook.revoke(ended)
    ended = refused(notebook.refresh(ended))
    let_time_pass(days=31)
    expired = refused(notebook.refresh(tokens["refresh_token"]))
    assert "has no such refresh token" in unknown and "has expired" in expired and "has ended" in ended


KINDS = {
    "access_token": "an access token",
    "refresh_token": "a refresh token",
    "code": "an authorization code",
    "client_secret": "a client secret",
}


@pytest.fixture
def credentials_of(notebook, signed_in, tokens) -> dict[str, str]:
    """One credential of each kind, all alive."""
    return tokens | {"code": notebook.code_by_consent(signed_in), "client_secret": notebook.client_secret}


@each("kind", ["access_token", "code", "client_secret"])
def test_another_kind_of_credential_is_named_when_it_comes_as_a_refresh_token(notebook, credentials_of, kind):
    said = refused(notebook.refresh(credentials_of[kind]))
    assert f"That is {KINDS[kind]}, not a refresh token" in said


@each("kind", ["access_token", "refresh_token", "client_secret"])
def test_another_kind_of_credential_is_named_when_it_comes_as_a_code(notebook, credentials_of, kind):
    assert f"That is {KINDS[kind]}, not a code" in refused(notebook.exchange(credentials_of[kind]))


@each("kind", ["refresh_token", "code", "client_secret"])
def test_another_kind_of_credential_is_named_when_it_comes_as_a_bearer_token(notebook, credentials_of, kind):
    response = notebook.me(credentials_of[kind])
    assert (response.status_code, response.json["code"]) == (401, "invalid_token")
    assert f"That is {KINDS[kind]}, not an access token" in response.json["message"]


@each("kind", KINDS)
def test_what_is_named_is_not_looked_up_and_stays_good(notebook, credentials_of, kind):
    notebook.refresh(credentials_of["access_token"])
    notebook.exchange(credentials_of["refresh_token"])
    notebook.me(credentials_of["code"])
    assert notebook.exchange(credentials_of["code"]).status_code == 200
    assert notebook.is_alive(credentials_of["access_token"])
    assert notebook.refresh(credentials_of["refresh_token"]).status_code == 200


# -- constant where it protects --------------------------------------------------------------------


def test_another_clients_code_is_answered_like_one_that_never_was(notebook, pocket, register, signed_in, let_time_pass):
    other, code = register(), notebook.code_by_consent(signed_in)
    unknown = other.exchange("rlq_ac_" + "0" * 64)
    assert apart_from_its_id(other.exchange(code)) == apart_from_its_id(unknown)
    assert notebook.exchange(code).status_code == 200
    assert apart_from_its_id(other.exchange(code)) == apart_from_its_id(unknown)
    let_time_pass(seconds=61)
    assert apart_from_its_id(other.exchange(code)) == apart_from_its_id(unknown)


def test_another_clients_refresh_token_is_answered_like_one_that_never_was(notebook, register, tokens, let_time_pass):
    other = register()
    unknown = other.refresh("rlq_rt_" + "0" * 64)
    assert apart_from_its_id(other.refresh(tokens["refresh_token"])) == apart_from_its_id(unknown)
    notebook.revoke(tokens["refresh_token"])
    assert apart_from_its_id(other.refresh(tokens["refresh_token"])) == apart_from_its_id(unknown)
    let_time_pass(days=31)
    assert apart_from_its_id(other.refresh(tokens["refresh_token"])) == apart_from_its_id(unknown)


@each("change", ["unknown", "wrong", "suspended", "missing"])
def test_whatever_is_wrong_with_a_client_the_answer_is_one(notebook, change_client, change):
    expected = apart_from_its_id(replace(notebook, client_secret="rlq_cs_0").client_credentials())
    if change == "suspended":
        change_client(notebook, suspended_at=clock.now())
    changed = {"unknown": {"client_id": "nobody"}, "wrong": {"client_secret": "x"}, "missing": {"client_secret": None}}
    assert apart_from_its_id(replace(notebook, **changed.get(change, {})).client_credentials()) == expected


@each("presented", ["rlq_at_unknown", "rlq_cs_unknown", "rlq_ac_unknown", "anything"])
def test_revocation_and_introspection_tell_nothing_of_what_they_do_not_know(notebook, presented):
    """An invalid token is no error (:rfc:`7009#section-2.2`), and inactive is all that is said (:rfc:`7662#section-2.2`)."""
    assert (notebook.revoke(presented).status_code, notebook.introspect(presented).json) == (200, {"active": False})


# -- scopes ----------------------------------------------------------------------------------------


def test_a_comma_in_the_scope_is_named_at_every_door(notebook, signed_in, tokens):
    scope = "memories:read,integrations:read"
    answers = [
        notebook.answer(notebook.start(signed_in, scope=scope)),
        notebook.client_credentials(scope=scope).json,
        notebook.refresh(tokens["refresh_token"], scope=scope).json,
    ]
    assert {answer["error"] for answer in answers} == {"invalid_scope"}
    assert all("comma" in answer["error_description"] and "spaces" in answer["error_description"] for answer in answers)


def test_a_missing_scope_is_named_in_the_body(notebook, signed_in):
    """Programs and people look there; the header is for libraries (:rfc:`6750#section-3.1`)."""
    token = notebook.tokens(signed_in, scope="integrations:read")["access_token"]
    response = notebook.app.test_client().get("/api/v1/memories/", headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response.json["code"]) == (403, "insufficient_scope")
    assert "memories:read" in response.json["message"]
    assert response.json["scope"] == "memories:read integrations:read"


def test_only_what_is_missing_of_several_scopes_is_told_and_what_is_held_named_beside_it(notebook, signed_in, guarded):
    token = notebook.tokens(signed_in, scope="integrations:read")["access_token"]
    response = guarded(token, "integrations:read", "memories:write", "memories:read")
    assert response.json["scope"] == "memories:read memories:write integrations:read"
    assert "integrations:read" not in response.json["message"]


def test_every_operation_names_the_scope_that_is_missing(notebook, signed_in):
    tokens = {
        scope: notebook.tokens(signed_in, scope=scope)["access_token"]
        for scope in ("memories:read", "integrations:read")
    }
    guarded = [one for one in ROUTES if one.scopes]
    assert len(guarded) > 10
    for one in guarded:
        token = tokens["memories:read" if "integrations:read" in one.scopes else "integrations:read"]
        path = re.sub(r"{\w+}", "x", one.path)
        headers = {"Authorization": f"Bearer {token}"}
        response = notebook.app.test_client().open(path, method=one.method, headers=headers)
        held = "memories:read" if "integrations:read" in one.scopes else "integrations:read"
        assert response.status_code == 403 and set(response.json["scope"].split()) == {held, *one.scopes}, one.path


# -- bearer tokens ---------------------------------------------------------------------------------


def message(response) -> str:
    """What the guard says, in the body and in the header alike."""
    assert (response.status_code, response.json["code"]) == (401, "invalid_token")
    assert f'error_description="{response.json["message"]}"' in response.headers["WWW-Authenticate"]
    return response.json["message"]


def test_an_expired_token_is_told_from_a_revoked_one(notebook, tokens, signed_in, let_time_pass):
    revoked = notebook.tokens(signed_in)["access_token"]
    notebook.revoke(revoked)
    said = message(notebook.me(revoked))
    assert "revoked" in said and "expired" not in said
    let_time_pass(seconds=3601)
    said = message(notebook.me(tokens["access_token"]))
    assert "has expired" in said and "revoked" not in said


@pytest.mark.parametrize("end", ["family", "consent"])
def test_a_token_whose_family_or_consent_was_ended_is_a_revoked_one(notebook, tokens, change_consent, end):
    if end == "family":
        notebook.revoke(tokens["refresh_token"])
    else:
        change_consent(notebook, revoked_at=clock.now())
    assert "revoked" in message(notebook.me(tokens["access_token"]))


def test_a_paused_a_suspended_and_an_ended_consent_have_their_own_sentences(
    notebook, tokens, change_consent, change_client
):
    change_consent(notebook, paused_at=clock.now())
    paused = message(notebook.me(tokens["access_token"]))
    change_consent(notebook, paused_at=None, expires_at=clock.now())
    ended = message(notebook.me(tokens["access_token"]))
    change_consent(notebook, expires_at=None)
    change_client(notebook, suspended_at=clock.now())
    suspended = message(notebook.me(tokens["access_token"]))
    assert "paused" in paused and "The end has come" in ended and "switched off" in suspended


def test_a_token_that_was_purged_is_not_said_to_be_none(app, notebook, tokens):
    with app.app_context():
        db.session.query(AccessToken).delete()
        db.session.commit()
    assert "expired long ago" in message(notebook.me(tokens["access_token"]))


# -- the wrong method, and nothing at all ----------------------------------------------------------

WIRE = ["/oauth/par", "/oauth/token", "/api/v1/auth/oauth2/token/", "/oauth/revoke", "/oauth/introspect"]
READ = ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource", "/healthz", "/readyz"]


@each("path", WIRE)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_protocol_endpoint_says_send_a_post(app, path, method):
    response = app.test_client().open(path, method=method)
    assert refused(response, "invalid_request", 405) == "Wrong method: send a POST with the parameters in the body."
    assert "POST" in response.headers["Allow"]


@each("path", READ)
def test_what_is_only_read_says_send_a_get(app, path):
    response = app.test_client().post(path)
    assert refused(response, "invalid_request", 405) == "Wrong method: send a GET."
    assert "GET" in response.headers["Allow"]


def test_every_path_that_programs_call_names_its_methods(app):
    """A walk of the whole map: whatever does not take PUT says what it takes, and lists it in ``Allow``."""
    walked = 0
    for path in {re.sub(r"<[^>]+>", "x", rule.rule) for rule in app.url_map.iter_rules() if rule.endpoint != "static"}:
        response = app.test_client().put(path)
        if response.status_code != 405 or response.mimetype != "application/json":
            continue
        walked += 1
        said = response.json.get("message") or response.json["error_description"]
        methods = set(response.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"}
        assert said.startswith("Wrong method: send a ") and all(f"a {method}" in said for method in methods), path
    assert walked > 15


@each("path", ["/oauth/revoke", "/oauth/introspect"])
@pytest.mark.parametrize("body", [{"token": None}, {"token": ""}, {"token_type_hint": "access_token"}], ids=str)
def test_a_missing_token_is_named(notebook, path, body):
    assert refused(notebook.post(path, body), "invalid_request") == "The parameter 'token' is missing."


@pytest.mark.parametrize(
    ("path", "missing"), [("/oauth/revoke", "token"), ("/oauth/introspect", "token"), (TOKEN, "grant_type")]
)
def test_a_request_without_a_body_is_told_what_is_missing(notebook, path, missing):
    """As ``curl -X POST`` sends it: there is nothing whose type could be wrong."""
    headers = {"Authorization": basic(notebook.client_id, notebook.client_secret)}
    response = notebook.app.test_client().post(path, headers=headers)
    assert refused(response, "invalid_request") == f"The parameter '{missing}' is missing."


def test_a_secret_that_comes_twice_is_refused_with_a_true_sentence(app, notebook, bob):
    """The client MUST NOT use more than one method (:rfc:`6749#section-2.3`), be it alike; but alike it is."""
    response = notebook.client_credentials(client_id=notebook.client_id, client_secret=notebook.client_secret)
    assert "in the Authorization header or in the body, not both" in refused(response, "invalid_request")
    admin = Browser(app)
    admin.enter(bob)
    shown = admin.get(f"/org/oauth/{notebook.client_id}/requests").text
    assert "sent its client secret twice" in shown and "not alike" not in shown


# -- error_uri -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def anchors(app) -> set[str]:
    return set(re.findall(r'id="([^"]+)"', Browser(app).get("/guide/errors").text))


def test_every_error_has_a_line_of_its_own_in_the_guide(anchors):
    expected = {f"token-{entry.code}" for entry in TOKEN_ERRORS} | {
        f"authorize-{entry.code}" for entry in AUTHORIZE_ERRORS
    }
    expected |= {f"pushed-{entry.code}" for entry in PUSH_ERRORS}
    expected |= {f"device-{entry.code}" for entry in DEVICE_ERRORS}
    expected |= {f"api-{entry.code}" for entry in API_ERRORS}
    expected |= {f"invalid_grant-{row.line.slug}" for row in REFUSALS.values() if row.line}
    assert expected <= anchors


def test_no_anchor_of_the_guides_errors_stands_there_twice(browser):
    ids = re.findall(r'id="([^"]+)"', browser.get("/guide/errors").text)
    assert len(ids) == len(set(ids))


def test_every_refusal_at_the_wire_leads_to_its_line(app, notebook, pocket, signed_in, anchors):
    code = notebook.code_by_consent(signed_in)
    answers = [
        replace(notebook, client_secret="x").client_credentials().json,
        notebook.client_credentials(grant_type=None).json,
        notebook.client_credentials(grant_type="password").json,
        notebook.client_credentials(scope="unknown").json,
        notebook.client_credentials(resource="https://elsewhere.example/").json,
        notebook.post(TOKEN, {"scope": ["a", "b"]}).json,
        notebook.exchange(code, code_verifier=None).json,
        pocket.client_credentials().json,
        notebook.revoke(None).json,
        pocket.introspect("x").json,
        app.test_client().get(TOKEN).json,
        app.test_client().post(TOKEN, json={}).json,
        app.test_client().post(TOKEN, data=b"x" * 300_000, content_type="application/x-www-form-urlencoded").json,
        app.test_client().post("/oauth/tokens").json,
        notebook.answer(notebook.start(signed_in, response_type="token")),
        notebook.answer(notebook.start(signed_in, scope="unknown")),
        notebook.answer(notebook.start(signed_in, resource="https://elsewhere.example/")),
        notebook.answer(signed_in.submit(notebook.start(signed_in, prompt="consent"), press="Cancel")),
    ]
    for answer in answers:
        page, _, anchor = answer["error_uri"].partition("#")
        assert (page, anchor in anchors) == ("http://127.0.0.1:8000/guide/errors", True), answer
        assert answer["error"] in anchor or anchor == "token"


def test_the_guards_challenge_leads_to_its_line_too(notebook, anchors):
    """:rfc:`6750#section-3`."""
    found = re.search(r'error_uri="([^"]+)"', notebook.me("unknown").headers["WWW-Authenticate"])[1]
    assert found == "http://127.0.0.1:8000/guide/errors#api-invalid_token" and found.split("#")[1] in anchors


def test_error_uri_follows_the_issuer(notebook, publish_issuer):
    publish_issuer("https://id.acme.example")
    uri = notebook.client_credentials(scope="unknown").json["error_uri"]
    assert uri == "https://id.acme.example/guide/errors#token-invalid_scope"


# -- X-Request-ID ----------------------------------------------------------------------------------


def test_every_answer_has_an_id_of_its_own(app, notebook, signed_in, tokens):
    """Pages, programs' answers, errors of both, redirects, preflights, files and what has not changed."""
    fetched = app.test_client().get("/static/css/tokens.css")
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    answers = [
        signed_in.get("/"),
        signed_in.get("/account/"),
        signed_in.get("/nothing"),
        signed_in.get("/guide/errors"),
        signed_in.get(notebook.authorize_url(client_id="unknown")),
        notebook.start(signed_in),
        signed_in.client.post("/sign-out"),
        app.test_client().post("/sign-in"),
        app.test_client().put("/sign-in"),
        notebook.client_credentials(),
        notebook.client_credentials(scope="unknown"),
        notebook.revoke(tokens["refresh_token"]),
        notebook.introspect(tokens["access_token"]),
        notebook.me("unknown"),
        app.test_client().get("/api/v1/memories/", headers=headers),
        app.test_client().get("/api/nothing"),
        app.test_client().get("/api/openapi.json"),
        app.test_client().get(TOKEN),
        app.test_client().options(TOKEN, headers={"Origin": "https://app.example"}),
        app.test_client().get("/.well-known/oauth-authorization-server"),
        app.test_client().get("/.well-known/nothing"),
        app.test_client().get("/healthz"),
        app.test_client().head("/healthz"),
        app.test_client().get("/oauth/logos/none/none.png"),
        fetched,
        app.test_client().get("/static/css/tokens.css", headers={"If-None-Match": fetched.headers["ETag"]}),
        app.test_client().get("/static/nothing"),
        app.test_client().post(TOKEN, data=b"x" * 300_000, content_type="application/x-www-form-urlencoded"),
    ]
    assert fetched.status_code == 200 and 304 in {answer.status_code for answer in answers}
    ids = [answer.headers.getlist("X-Request-ID") for answer in answers]
    assert all(len(one) == 1 and REQUEST_ID.fullmatch(one[0]) for one in ids), ids
    assert len({one[0] for one in ids}) == len(ids)


def test_every_address_that_there_is_answers_with_an_id(app):
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in ("GET", "HEAD", "POST", "OPTIONS", "TRACE"):
            answer = app.test_client().open(path, method=method)
            assert REQUEST_ID.fullmatch(answer.headers.get("X-Request-ID", "")), (method, path)


def test_an_error_of_ours_has_an_id_too(app, notebook, signed_in, monkeypatch):
    def fail(*_args, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr("app.oauth.endpoints.requests.connect_beside", fail)
    monkeypatch.setattr("app.oauth.endpoints.authorization.connect", fail)
    answers = [notebook.client_credentials(), signed_in.get(notebook.authorize_url())]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert all(REQUEST_ID.fullmatch(answer.headers["X-Request-ID"]) for answer in answers)
    assert refused(answers[0], "server_error", 500)
    assert answers[1].headers["X-Request-ID"] in answers[1].text


def test_an_id_that_comes_in_is_not_taken_over(notebook):
    response = notebook.post(TOKEN, {"grant_type": "client_credentials"}, headers={"X-Request-ID": "req_forged"})
    assert response.headers["X-Request-ID"] != "req_forged"


def test_a_web_page_may_read_the_id(notebook, register, app):
    client = register(request_origins=["https://app.acme.example"])
    response = client.post(TOKEN, {"grant_type": "x"}, headers={"Origin": "https://app.acme.example"})
    assert "X-Request-ID" in response.headers["Access-Control-Expose-Headers"]


@pytest.fixture
def find(app, bob, notebook):
    """Bob looks for a request by its id, in the tab of an app."""
    admin = Browser(app)
    admin.enter(bob)

    def find(request_id: str, client=notebook) -> str:
        with app.app_context():
            app.extensions["services"].notes.of(RequestLog).flush()
        page = admin.get(f"/org/oauth/{client.client_id}/requests")
        return admin.submit(page, request=request_id).text

    return find


def test_a_request_is_found_in_the_tab_by_its_id(notebook, signed_in, find):
    wrong = notebook.client_credentials(scope="unknown").headers["X-Request-ID"]
    right = notebook.client_credentials().headers["X-Request-ID"]
    page = notebook.start(signed_in, redirect_uri="https://elsewhere.example/cb").headers["X-Request-ID"]
    for sent, said in ((wrong, "invalid_scope"), (right, "Your app got a token"), (page, "is not registered")):
        shown = find(f' "{sent}". ')
        assert said in shown
        assert set(REQUEST_ID.findall(shown)) == {sent}


def test_without_a_search_the_tab_shows_each_requests_id(notebook, find):
    sent = {notebook.client_credentials(scope=scope).headers["X-Request-ID"] for scope in ("unknown", "memories:read")}
    assert set(REQUEST_ID.findall(find(""))) == sent


@each("sent", ["req_" + "0" * 24, "req_", "x\x00y", "%", "ü" * 50, "' OR 1=1 --"])
def test_an_id_that_is_none_finds_nothing(notebook, find, sent):
    notebook.client_credentials()
    shown = find(sent)
    assert "No request of this app has that ID." in shown
    assert "Your app got a token" not in shown


def test_the_request_of_another_app_is_not_found(notebook, register, find):
    notebook.client_credentials()
    other = register()
    sent = other.client_credentials().headers["X-Request-ID"]
    assert "No request of this app has that ID." in find(sent)
    assert "Your app got a token" in find(sent, other)
