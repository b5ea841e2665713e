"""Client authentication (:rfc:`6749#section-2.3`): three methods everywhere, and one refusal for all that is wrong."""

import base64
from dataclasses import replace

import pytest

from app import clock, credentials
from app.clients.models import Client, ClientSecret, ClientSnapshot
from app.extensions import db
from app.last_uses import LastUses
from tests.integrator import TOKEN, apart_from_its_id, assert_invalid_client, basic
from tests.stock.rows import row
from tests.tables import each

HONEST = {"grant_type": "client_credentials", "scope": "memories:read"}


def raw_basic(userpass: bytes) -> str:
    """A Basic header of these very bytes."""
    return "Basic " + base64.b64encode(userpass).decode()


# -- the three methods, at every endpoint ----------------------------------------------------------


@row("authentication methods")
def test_client_secret_basic_gets_an_organizations_token(notebook):
    """MUST support HTTP Basic for clients that were issued a password (:rfc:`6749#section-2.3.1`)."""
    assert notebook.client_credentials(scope="memories:read").status_code == 200


@row("authentication methods")
def test_client_secret_post_gets_an_organizations_token(posting_notebook):
    assert posting_notebook.client_credentials(scope="memories:read").status_code == 200


@row("authentication methods")
def test_client_secret_post_redeems_a_code(posting_notebook, signed_in):
    assert posting_notebook.exchange(posting_notebook.code(signed_in)).status_code == 200


@row("authentication methods")
def test_client_secret_post_refreshes(posting_notebook, signed_in):
    tokens = posting_notebook.tokens(signed_in)
    assert posting_notebook.refresh(tokens["refresh_token"]).status_code == 200


@row("authentication methods")
def test_client_secret_post_revokes(posting_notebook, signed_in):
    tokens = posting_notebook.tokens(signed_in)
    assert posting_notebook.revoke(tokens["access_token"]).status_code == 200
    assert not posting_notebook.is_alive(tokens["access_token"])


@row("authentication methods")
def test_client_secret_post_introspects(posting_notebook, signed_in):
    tokens = posting_notebook.tokens(signed_in)
    response = posting_notebook.introspect(tokens["access_token"])
    assert (response.status_code, response.json["active"]) == (200, True)


@row("authentication methods")
def test_a_public_client_redeems_a_code_without_a_secret(pocket, signed_in):
    assert pocket.exchange(pocket.code_by_consent(signed_in)).status_code == 200


@row("authentication methods")
def test_a_public_client_refreshes_without_a_secret(pocket, signed_in):
    assert pocket.refresh(pocket.tokens(signed_in)["refresh_token"]).status_code == 200


@row("authentication methods")
def test_a_public_client_revokes_without_a_secret(pocket, signed_in):
    """Public clients too can be revocation clients (:rfc:`7009#section-5`)."""
    tokens = pocket.tokens(signed_in)
    assert pocket.revoke(tokens["access_token"]).status_code == 200
    assert not pocket.is_alive(tokens["access_token"])


@row("authentication methods")
def test_the_same_client_may_use_both_methods_in_turn(notebook, signed_in):
    tokens = notebook.tokens(signed_in)
    posting = replace(notebook, auth_method="client_secret_post")
    assert posting.refresh(tokens["refresh_token"]).status_code == 200


# -- one refusal -----------------------------------------------------------------------------------


@row("client authentication")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_an_unknown_client_and_a_wrong_secret_are_answered_alike(notebook, posting_notebook, method):
    """Which of the two it was is nobody's business."""
    client = notebook if method == "client_secret_basic" else posting_notebook
    unknown = replace(client, client_id="client_of_nobody").exchange("any code")
    wrong = replace(client, client_secret="rlq_cs_" + "0" * 64).exchange("any code")
    assert_invalid_client(unknown)
    assert apart_from_its_id(unknown) == apart_from_its_id(wrong)


@row("client authentication")
def test_the_challenge_names_a_realm(notebook):
    """REQUIRED of the Basic scheme (:rfc:`7617#section-2`)."""
    response = replace(notebook, client_secret="wrong").client_credentials(scope="memories:read")
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")


@row("client authentication")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_public_client_with_a_secret_is_refused(pocket, signed_in, method):
    code = pocket.code_by_consent(signed_in)
    assert_invalid_client(replace(pocket, client_secret="anything", auth_method=method).exchange(code))
    assert pocket.exchange(code).status_code == 200


@row("client authentication")
def test_a_public_client_with_a_secret_in_basic_beside_its_client_id_is_refused(pocket, signed_in):
    code = pocket.code_by_consent(signed_in)
    guessing = replace(pocket, client_secret="anything", auth_method="client_secret_basic")
    assert_invalid_client(guessing.exchange(code, client_id=pocket.client_id))
    assert pocket.exchange(code).status_code == 200


@row("client authentication")
def test_a_public_client_with_an_empty_basic_secret_is_let_in(pocket, signed_in):
    """The client secret MAY be omitted if it is an empty string (:rfc:`6749#section-2.3.1`)."""
    code = pocket.code_by_consent(signed_in)
    assert replace(pocket, client_secret="", auth_method="client_secret_basic").exchange(code).status_code == 200


@row("client authentication")
def test_a_confidential_client_without_its_secret_is_refused(notebook, signed_in):
    """The client MUST authenticate with the authorization server (:rfc:`6749#section-3.2.1`)."""
    assert_invalid_client(replace(notebook, client_secret=None).exchange(notebook.code_by_consent(signed_in)))


@row("client authentication")
def test_nobody_at_all_is_refused(notebook):
    assert_invalid_client(replace(notebook, client_secret=None).post(TOKEN, HONEST | {"client_id": None}))


@row("client authentication")
@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
@each("change", [{"client_secret": "wrong"}, {"client_id": "nobody"}, {"client_secret": None}], ids=repr)
def test_revocation_and_introspection_refuse_alike(notebook, path, change):
    assert_invalid_client(replace(notebook, **change).post(path, {"token": "unknown"}))


def test_another_clients_secret_is_wrong(notebook, register):
    assert_invalid_client(replace(notebook, client_secret=register().client_secret).client_credentials())


def test_a_suspended_client_is_refused_like_an_unknown_one(notebook, change_client):
    unknown = replace(notebook, client_id="client_of_nobody").client_credentials()
    change_client(notebook, suspended_at=clock.now())
    suspended = notebook.client_credentials()
    assert_invalid_client(suspended)
    assert suspended.json == unknown.json


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_secret_that_has_ended_is_refused(app, notebook, ended):
    with app.app_context():
        setattr(db.session.get_one(ClientSecret, credentials.digest(notebook.client_secret)), ended, clock.now())
        db.session.commit()
    assert_invalid_client(notebook.client_credentials())


def test_a_client_may_have_two_secrets_at_once(app, notebook):
    with app.app_context():
        client = db.session.get_one(Client, notebook.client_id)
        client.secrets.append(ClientSecret(digest=credentials.digest("the next one"), hint=" one"))
        db.session.commit()
    assert notebook.client_credentials().status_code == 200
    assert replace(notebook, client_secret="the next one").client_credentials().status_code == 200


def test_an_unknown_client_costs_a_comparison_too(notebook, monkeypatch):
    """So that time tells nothing either."""
    compared = []
    monkeypatch.setattr(ClientSnapshot, "check_unknown_secret", staticmethod(compared.append))
    replace(notebook, client_id="client_of_nobody").client_credentials()
    assert compared == [notebook.client_secret]


# -- two at a time ---------------------------------------------------------------------------------


@row("client authentication")
def test_basic_and_a_secret_in_the_body_together_are_refused(notebook):
    """The client MUST NOT use more than one authentication method in each request (:rfc:`6749#section-2.3`)."""
    response = notebook.post(TOKEN, HONEST | {"client_secret": notebook.client_secret})
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


@row("client authentication")
def test_a_client_id_in_the_body_that_differs_from_basics_is_refused(notebook, pocket):
    response = notebook.post(TOKEN, HONEST | {"client_id": pocket.client_id})
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


@row("client authentication")
def test_the_same_client_id_in_the_body_is_no_second_method(notebook):
    assert notebook.post(TOKEN, HONEST | {"client_id": notebook.client_id}).status_code == 200


@row("client authentication")
def test_an_empty_secret_in_the_body_is_as_if_it_had_not_been_sent(notebook):
    """Parameters without a value MUST be treated as if they were omitted (:rfc:`6749#section-3.2`)."""
    assert notebook.post(TOKEN, HONEST | {"client_secret": ""}).status_code == 200


# -- how Basic is read -----------------------------------------------------------------------------


@row("hostile values")
@pytest.mark.parametrize(
    "header",
    [
        pytest.param(raw_basic(b"\xff\xfe:\xff"), id="not UTF-8"),
        pytest.param(raw_basic(b"%FF:%FE"), id="not UTF-8 once decoded"),
        pytest.param(raw_basic("client:geheimnisß".encode()), id="a secret that is not ASCII"),
        pytest.param(raw_basic(b"client"), id="no colon"),
        pytest.param(raw_basic(b":"), id="nothing but a colon"),
        pytest.param(raw_basic(b""), id="empty"),
        pytest.param(raw_basic(b"a\x00b:c\x00d"), id="NUL"),
        pytest.param("Basic ****", id="not base64"),
        pytest.param("Basic", id="no credentials"),
        pytest.param("Basic ", id="a space alone"),
        pytest.param("Basic \xe9\xe8", id="not ASCII"),
        pytest.param("Basic " + "QUFB" * 5000, id="very long"),
        pytest.param("Bearer rlq_at_0", id="another scheme"),
        pytest.param("", id="an empty header"),
    ],
)
def test_a_header_that_cannot_be_read_is_a_failed_authentication(notebook, header):
    """MUST respond with 401 and ``WWW-Authenticate`` (:rfc:`6749#section-5.2`); never 5xx."""
    assert_invalid_client(notebook.post(TOKEN, HONEST, headers={"Authorization": header}))


@row("hostile values")
@pytest.mark.parametrize("secret", ["geheimnisß", "\U0001f511", "a" * 4000], ids=["umlaut", "emoji", "very long"])
def test_a_hostile_secret_in_the_body_is_a_failed_authentication(posting_notebook, secret):
    assert_invalid_client(posting_notebook.exchange("any code", client_secret=secret))


@row("hostile values")
@pytest.mark.parametrize("secret", ["geheimnisß", "\U0001f511"])
def test_a_hostile_secret_of_the_client_itself_in_basic_is_a_failed_authentication(notebook, secret):
    assert_invalid_client(replace(notebook, client_secret=secret).exchange("any code"))


def test_both_halves_of_basic_are_form_decoded(notebook):
    """Encoded using the ``application/x-www-form-urlencoded`` algorithm (:rfc:`6749#section-2.3.1`)."""
    halves = notebook.client_id, notebook.client_secret
    every_character = ("".join(f"%{ord(letter):02X}" for letter in half) for half in halves)
    header = raw_basic(":".join(every_character).encode())
    assert notebook.post(TOKEN, HONEST, headers={"Authorization": header}).status_code == 200


def test_credentials_mean_the_same_raw_and_form_encoded(notebook):
    raw = raw_basic(f"{notebook.client_id}:{notebook.client_secret}".encode())
    assert raw == basic(notebook.client_id, notebook.client_secret)
    assert notebook.client_id.replace("_", "").isalnum()
    assert notebook.client_secret.replace("_", "").isalnum()


def test_the_scheme_is_read_in_any_case(notebook):
    """The scheme is case-insensitive (:rfc:`7235#section-2.1`)."""
    header = "bAsIc" + basic(notebook.client_id, notebook.client_secret).removeprefix("Basic")
    assert notebook.post(TOKEN, HONEST, headers={"Authorization": header}).status_code == 200


def test_a_secret_says_when_it_was_last_used_but_not_more_than_once_a_minute(app, notebook, let_time_pass):
    def last_used_at():
        app.extensions["services"].notes.of(LastUses).flush()
        with app.app_context():
            return db.session.get_one(ClientSecret, credentials.digest(notebook.client_secret)).last_used_at

    assert last_used_at() is None
    notebook.client_credentials()
    first = last_used_at()
    let_time_pass(seconds=30)
    notebook.client_credentials()
    assert last_used_at() == first
    let_time_pass(seconds=31)
    notebook.client_credentials()
    assert (last_used_at() - first).total_seconds() > 60
