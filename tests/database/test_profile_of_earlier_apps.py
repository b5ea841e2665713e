"""The scope ``profile`` came later: what an app was registered for, allowed and issued before has it without its name.

The version before is played by the rows that it writes, also while both versions run.
"""

import base64
import hashlib
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from app import clock, credentials
from app.clients.models import Client, find_client, find_record
from app.clients.registration import update_client
from app.consents.models import Consent
from app.database.connections import connect
from app.extensions import db
from tests.integrator import Integrator
from tests.migrated import app_on, bring_up_to_date

#: The last revision without that scope.
BEFORE = "0028"
SCOPE, REDIRECT_URI = "memories:read memories:write", "https://notebook.acme.example/callback"
SECRET, VERIFIER = "rlq_cs_" + "5" * 64, "v" * 43
PROFILE = {"name", "email", "email_verified", "organization"}
AT = "2026-01-01 00:00:00.000000+00:00"


def fill_and_migrate(url: str) -> dict[str, str]:
    """What the version before had issued, in a database that is then migrated to ours."""
    with app_on(url) as app:
        bring_up_to_date(app, BEFORE)
        add_people()
        issued = {"code": issue_code(), **issue()}
        upgrade()
    return issued


@pytest.fixture
def house(each_database_url, filled_once) -> Iterator[SimpleNamespace]:
    """An app on a database of the version before, with what that had registered, allowed and issued."""
    issued = filled_once(fill_and_migrate, each_database_url)
    with app_on(each_database_url) as app:
        integrator = Integrator(app, "client_1", SECRET, REDIRECT_URI, "memories:read", code_verifier=VERIFIER)
        yield SimpleNamespace(app=app, integrator=integrator, tokens=issued, code=issued["code"])


def add(table: str, **row) -> None:
    with db.engine.begin() as connection:
        names = ", ".join(row)
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(':' + name for name in row)})"), row)


def add_people() -> None:
    add("users", id="usr_1", email="a@acme.example", name="A", password_hash="", created_at=AT)
    add("organizations", id="org_1", slug="acme", name="Acme", created_at=AT)
    add("memberships", user_id="usr_1", organization_id="org_1", role="owner", created_at=AT)
    add_client("client_1")
    add(
        "client_secrets",
        id="sec_1",
        digest=credentials.digest(SECRET),
        hint="5555",
        client_id="client_1",
        created_at=AT,
        label="",
    )
    add_consent("grant_1", "client_1")


def add_client(client_id: str, scope: str = SCOPE) -> None:
    add(
        "clients",
        key=client_id,
        client_id=client_id,
        origin="registered",
        organization_id="org_1",
        name="Acme Notebook",
        type="confidential",
        redirect_uris=REDIRECT_URI,
        scope=scope,
        optional_scope="",
        native_app=False,
        require_pkce=False,
        created_at=AT,
        updated_at=AT,
        version=1,
        review_at=None,
        **dict.fromkeys(("description", "homepage_url", "privacy_url", "terms_url"), ""),
    )


def add_consent(grant_id: str, client_id: str) -> None:
    add(
        "consents",
        grant_id=grant_id,
        user_id="usr_1",
        client_id=client_id,
        scope=SCOPE,
        declined_scope="",
        selection="all",
        installation="",
        name="",
        resources="api",
        issued_at=AT,
        updated_at=AT,
    )


def add_family(grant_id: str = "grant_1") -> int:
    add("oauth_families", issued_at=micros(), grant_id=grant_id, keeps_first_end=False)
    with db.engine.begin() as connection:
        return connection.execute(text("SELECT max(id) FROM oauth_families")).scalar()


def micros(seconds: int = 0) -> int:
    return int((clock.now().timestamp() + seconds) * 1_000_000)


def issue(grant_id: str = "grant_1") -> dict[str, str]:
    """An access and a refresh token, as the version before issues them."""
    family, tokens = add_family(grant_id), {}
    for table, name, prefix in (
        ("oauth_access_tokens", "access_token", credentials.ACCESS_TOKEN),
        ("oauth_refresh_tokens", "refresh_token", credentials.REFRESH_TOKEN),
    ):
        tokens[name] = credentials.new_credential(prefix)
        add(table, digest=stored(tokens[name]), client_key="client_1", family_id=family, **common())
    return tokens


def issue_code() -> str:
    code = credentials.new_credential(credentials.AUTHORIZATION_CODE)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    more = {"redirect_uri": REDIRECT_URI, "code_challenge": challenge}
    add("oauth_codes", digest=stored(code), client_key="client_1", family_id=add_family(), **common(), **more)
    return code


def common() -> dict:
    return {"audience": "api", "scope": SCOPE, "issued_at": micros(), "expires_at": micros(36000)}


def stored(token: str) -> bytes:
    return bytes.fromhex(credentials.digest(token))


def profile_of(house, access_token: str) -> set[str]:
    answer = house.integrator.me(access_token)
    assert answer.status_code == 200, answer.text
    return answer.json.keys() & PROFILE


def test_every_token_and_code_still_tells_who_the_person_is(house):
    """Also what is refreshed later, and again, and what an app asks for by other names alone."""
    app, refresh_token = house.integrator, house.tokens["refresh_token"]
    assert profile_of(house, house.tokens["access_token"]) == PROFILE
    redeemed = app.exchange(house.code).json
    assert profile_of(house, redeemed["access_token"]) == PROFILE
    for scope in (None, SCOPE, "memories:read", None):
        renewed = app.refresh(refresh_token, **({} if scope is None else {"scope": scope})).json
        # What was asked for is told, to the letter: some libraries take anything else for an error.
        assert renewed["scope"] == (scope or SCOPE)
        assert profile_of(house, renewed["access_token"]) == PROFILE
        refresh_token = renewed["refresh_token"]
    # Introspection says what the token may do.
    for token in (house.tokens["access_token"], redeemed["access_token"]):
        assert app.introspect(token).json["scope"] == f"{SCOPE} profile"


def test_what_was_registered_and_allowed_has_it_by_name(house):
    assert find_record(db.session, "client_1").scope == f"{SCOPE} profile"
    assert db.session.get_one(Consent, "grant_1").scope == f"{SCOPE} profile"
    db.session.remove()


def test_what_the_version_before_goes_on_to_write_has_it_too(house):
    """While its last server runs: it registers apps, writes consents, and issues codes and tokens."""
    tokens, code = issue(), issue_code()
    assert profile_of(house, tokens["access_token"]) == PROFILE
    assert profile_of(house, house.integrator.exchange(code).json["access_token"]) == PROFILE
    add_client("client_2")
    add_consent("grant_2", "client_2")
    assert find_record(db.session, "client_2").scope == f"{SCOPE} profile"
    assert db.session.get_one(Consent, "grant_2").scope == f"{SCOPE} profile"
    db.session.remove()


def test_the_version_before_reads_only_names_that_it_knows_of_its_own_apps(house):
    """Its dashboard refuses to save an app with a scope that it does not know."""
    tokens = house.integrator.refresh(house.tokens["refresh_token"]).json
    assert tokens
    client = find_record(db.session, "client_1")
    settings = house.app.extensions["services"].settings
    update_client(
        db.session(), settings, client, actor_user_id=None, scopes=[*SCOPE.split(), "profile", "integrations:read"]
    )
    db.session.commit()
    assert find_record(db.session, "client_1").scope == "memories:read memories:write integrations:read profile"
    db.session.remove()
    with db.engine.begin() as connection:
        for table in ("clients", "consents", "oauth_access_tokens", "oauth_refresh_tokens"):
            scopes = connection.execute(text(f"SELECT scope FROM {table}")).scalars().all()
            assert scopes and not any("profile" in scope for scope in scopes), table


def test_an_admin_who_takes_it_from_the_app_takes_it_for_good(house):
    client = find_record(db.session, "client_1")
    settings = house.app.extensions["services"].settings
    update_client(db.session(), settings, client, actor_user_id=None, scopes=SCOPE.split())
    db.session.commit()
    db.session.remove()
    assert find_record(db.session, "client_1").scope == SCOPE
    db.session.remove()
    assert profile_of(house, house.tokens["access_token"]) == set()
    assert profile_of(house, house.integrator.exchange(house.code).json["access_token"]) == set()


def test_a_resource_server_that_asks_nobody_still_asks_nobody(house):
    add_client("client_2", scope="")
    assert find_record(db.session, "client_2").scope == ""
    with connect(db.engine) as connection:
        assert find_client(connection, "client_2").scope == ""
    db.session.remove()


def test_the_way_down_leaves_no_name_that_the_version_before_does_not_know(house):
    client = Client(
        client_id="client_9", name="New", type="public", redirect_uris=[REDIRECT_URI], scope=SCOPE + " profile"
    )
    client.organization_id = "org_1"
    db.session.add(client)
    db.session.commit()
    assert not client.implies_profile
    db.session.add(Consent(user_id="usr_1", client_key="client_9", scope="memories:read profile", selection="all"))
    db.session.commit()
    db.session.remove()
    downgrade(revision=BEFORE)
    with db.engine.begin() as connection:
        assert set(connection.execute(text("SELECT scope FROM clients")).scalars()) == {SCOPE}
        assert set(connection.execute(text("SELECT scope FROM consents")).scalars()) == {SCOPE, "memories:read"}
    upgrade()
