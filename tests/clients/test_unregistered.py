"""Clients that no organization registered: known by a document at their id, which is an address, or by themselves."""

import json
import time
from datetime import timedelta

import pytest

from app import clock, credentials
from app.accounts.models import Organization
from app.clients.models import (
    DOCUMENT,
    DYNAMIC,
    Client,
    ClientDocument,
    ClientLogo,
    ClientOrigin,
    ClientSecret,
    find_record,
)
from app.extensions import db
from app.oauth.journal.log import MOST_OF_DYNAMIC, RequestLog
from app.oauth.journal.record import RequestRecord
from app.scopes import SCOPES
from tests.actors import Browser
from tests.cli.test_commands import assert_refused, run_in
from tests.integrator import Integrator
from tests.tables import each

#: As long as a client id may be.
ADDRESS = "https://app.example.net/oauth/" + "a" * 465 + ".json"
SECRETS = {DOCUMENT: "rlq_cs_" + "0" * 64, DYNAMIC: "rlq_cs_" + "1" * 64}


@pytest.fixture
def add(app, document_hosts):
    """Put a client into the registry, as a fetched document or a registration by the client itself does."""

    def add(origin: str = DOCUMENT, type: str = "confidential", **changes) -> Integrator:
        client_id = ADDRESS if origin == DOCUMENT else "client_0123456789abcdef01234567"
        uri = "https://app.example.net/callback"
        fields = {
            "client_id": client_id,
            "origin": origin,
            "name": "Wandering Reader",
            "type": type,
            "redirect_uris": [uri],
            "scope": " ".join(SCOPES),
        }
        with app.app_context():
            client = Client(**fields | changes)
            secret = SECRETS[origin] if type == "confidential" else None
            if secret is not None:
                client.secrets.append(ClientSecret(digest=credentials.digest(secret), hint=secret[-4:]))
            db.session.add(client)
            db.session.flush()
            if origin == DOCUMENT:
                # Read a moment ago, and good for a day.
                at, day = clock.now(), timedelta(days=1)
                times = {"read_at": at, "registered_at": at, "fresh_until": at + day, "good_until": at + 2 * day}
                db.session.add(ClientDocument(client_key=client.key, **times))
            db.session.commit()
            assert len(client.key) <= 40 and client.key != client_id
        return Integrator(app, client_id, secret, uri, "memories:read integrations:read")

    return add


@pytest.fixture
def reader(add) -> Integrator:
    return add()


@pytest.fixture
def signed_in(browser, alice) -> Browser:
    browser.sign_in(alice.email, alice.password)
    return browser


@pytest.fixture
def run(app):
    return lambda *words, **options: run_in(
        app, "clients", *words, options={"--" + name.replace("_", "-"): value for name, value in options.items()}
    )


def key_of(integrator: Integrator) -> str:
    with integrator.app.app_context():
        return find_record(db.session, integrator.client_id).key


def test_the_id_is_as_long_as_it_may_be():
    assert len(ADDRESS) == 500


def test_an_address_as_client_id_gets_through_everything(signed_in, alice, reader):
    """Authorize, both screens, token, refresh, introspection, the API, the person's own pages, revocation."""
    picker = reader.start(signed_in, scope="memories:read profile")
    assert "proved to be <strong><bdi>app.example.net</bdi></strong>" in picker.text
    consent = signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))
    assert "proved to be <strong><bdi>app.example.net</bdi></strong>" in consent.text
    code = reader.answer(signed_in.submit(consent, press="Authorize"))["code"]
    first = reader.exchange(code).json
    tokens = reader.refresh(first["refresh_token"]).json

    told = reader.introspect(tokens["access_token"]).json
    assert (told["active"], told["client_id"], told["sub"]) == (True, ADDRESS, alice.id)
    assert reader.introspect(tokens["refresh_token"]).json["client_id"] == ADDRESS
    me = reader.me(tokens["access_token"]).json
    assert (me["client_id"], me["type"], me["organization"]["slug"]) == (ADDRESS, "user", "acme")

    for path in ("/account/", "/account/apps/", f"/account/apps/{tokens['grant_id']}/"):
        page = signed_in.get(path)
        assert page.status_code == 200
        assert "Wandering Reader" in page.text and "app.example.net" in page.text
    for path in ("mementos", "activity"):
        assert signed_in.get(f"/account/apps/{tokens['grant_id']}/{path}").status_code == 200

    assert reader.revoke(tokens["refresh_token"]).status_code == 200
    assert not reader.is_alive(tokens["access_token"])
    assert reader.introspect(tokens["access_token"]).json == {"active": False}


def test_a_returning_person_is_asked_each_time(signed_in, reader):
    """Nobody answers for it, whatever secret it has: it gets no answer without the screen."""
    reader.tokens(signed_in)
    page = reader.start(signed_in)
    assert page.status_code == 200 and "The same as “<bdi>Wandering Reader</bdi>”" in page.text


def test_a_public_one_needs_no_secret(signed_in, add):
    reader = add(type="public")
    tokens = reader.tokens(signed_in)
    assert reader.is_alive(reader.refresh(tokens["refresh_token"]).json["access_token"])


def test_one_that_registered_itself_says_so(signed_in, add):
    reader = add(DYNAMIC)
    claim = "says it is “<bdi>Wandering Reader</bdi>”; nobody has checked that"
    assert claim in reader.start(signed_in).text
    tokens = reader.tokens(signed_in)
    for path in ("/account/", "/account/apps/", f"/account/apps/{tokens['grant_id']}/"):
        assert claim in signed_in.get(path).text


@pytest.mark.parametrize("origin", [DOCUMENT, DYNAMIC])
def test_it_gets_no_client_credentials(add, origin):
    """Such a token belongs to the organization that owns the client, and there is none."""
    answer = add(origin).client_credentials()
    assert (answer.status_code, answer.json["error"]) == (400, "unauthorized_client")


def test_a_replay_is_told_the_person_alone(app, signed_in, reader):
    code = reader.code(signed_in)
    tokens = reader.exchange(code).json
    assert reader.exchange(code).status_code == 400
    assert not reader.is_alive(tokens["access_token"])
    assert "An old key" in signed_in.get(f"/account/apps/{tokens['grant_id']}/").text


@pytest.mark.parametrize("status", ["suspended", "elsewhere"])
def test_an_error_page_tells_nobody_of_requests(app, signed_in, reader, status):
    if status == "suspended":
        with app.app_context():
            find_record(db.session, ADDRESS).suspended_at = clock.now()
            db.session.commit()
        page = reader.start(signed_in)
    else:
        page = reader.start(signed_in, redirect_uri="https://elsewhere.example/")
    assert page.status_code == 400
    assert "Wandering Reader" in page.text
    assert "The app says it is app.example.net; nobody has checked that. Nothing was shared." in page.text
    assert "/org/oauth/" not in page.text


def test_an_error_page_says_that_a_name_proves_nothing(signed_in, add, notebook):
    page = add(DYNAMIC).start(signed_in, redirect_uri="https://elsewhere.example/")
    assert "The app says it is “Wandering Reader”; nobody has checked that." in page.text
    assert "nobody has checked" not in notebook.start(signed_in, redirect_uri="https://elsewhere.example/").text


def test_its_logo_is_served_by_its_key(app, signed_in, reader):
    with app.app_context():
        client = find_record(db.session, ADDRESS)
        client.logo = ClientLogo(digest="d" * 64, image=b"png")
        db.session.commit()
    path = f"/oauth/logos/{key_of(reader)}/{'d' * 64}.png"
    assert path in reader.start(signed_in).text
    assert signed_in.get(path).data == b"png"


def test_the_logo_of_an_app_that_registered_itself_is_not_shown(app, signed_in, add):
    """It could be anybody's."""
    reader = add(DYNAMIC)
    with app.app_context():
        find_record(db.session, reader.client_id).logo = ClientLogo(digest="d" * 64, image=b"png")
        db.session.commit()
    picker = reader.start(signed_in)
    consent = signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))
    assert "/oauth/logos/" not in picker.text and "/oauth/logos/" not in consent.text


PAGES = ("homepage_url", "privacy_url", "terms_url")


@pytest.mark.parametrize("page", PAGES)
@each(
    ("origin", "address", "is_linked"),
    [
        (DOCUMENT, "https://app.example.net/about", True),
        (DOCUMENT, "https://www.app.example.net/about", True),
        (DOCUMENT, "https://claude.ai/about", False),
        (DOCUMENT, "https://app.example.net@claude.ai/about", False),
        (DYNAMIC, "https://app.example.net/about", False),
    ],
)
def test_it_is_not_dressed_up_with_somebody_elses_pages(signed_in, add, page, origin, address, is_linked):
    """A link to claude.ai below its name would make a stranger look like Claude."""
    reader = add(origin, **{page: address})
    assert (f'href="{address}"' in reader.start(signed_in).text) is is_linked


def test_its_own_web_pages_may_read_its_answers(app, reader):
    with app.app_context():
        client = find_record(db.session, ADDRESS)
        client.origins.append(ClientOrigin(origin="https://app.example.net"))
        db.session.commit()
    for origin, allowed in (("https://app.example.net", "https://app.example.net"), ("https://other.example", None)):
        answer = reader.post("/oauth/token", {"grant_type": "x"}, headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed


def test_no_dashboard_and_no_guide_knows_it(app, add, notebook, bob):
    reader, dynamic = add(), add(DYNAMIC)
    admin = Browser(app)
    admin.sign_in(bob.email, bob.password)
    assert "Wandering Reader" not in admin.get("/org/oauth/").text
    for client_id in (key_of(reader), dynamic.client_id, ADDRESS, ADDRESS.replace("/", "%2F")):
        assert admin.get(f"/org/oauth/{client_id}").status_code == 404
        assert admin.get(f"/org/oauth/{client_id}/settings").status_code == 404
    assert "Wandering Reader" not in admin.get("/guide/", query_string={"client_id": ADDRESS}).text
    with app.app_context():
        assert db.session.query(Organization).count() == 1


# -- the operator's commands ---------------------------------------------------------------------


def listed(result) -> list[tuple]:
    assert result.exit_code == 0, result.stderr
    return [(one["client_id"], one["origin"], one["organization"]) for one in json.loads(result.stdout)["clients"]]


def test_the_operator_lists_clients_by_their_origin(add, run, notebook):
    add(), add(DYNAMIC)
    document, dynamic = (ADDRESS, "document", None), ("client_0123456789abcdef01234567", "dynamic", None)
    registered = (notebook.client_id, "registered", "acme")
    assert listed(run("list", json=True))[0] == registered
    assert set(listed(run("list", json=True))) == {registered, document, dynamic}
    assert listed(run("list", origin="document", json=True)) == [document]
    assert listed(run("list", origin="dynamic", json=True)) == [dynamic]
    assert listed(run("list", origin="registered", json=True)) == [registered]
    assert listed(run("list", org="acme", json=True)) == [registered]
    assert listed(run("list", query=ADDRESS, json=True)) == [document]
    assert "(document): Wandering Reader" in run("list").stdout


def test_a_long_list_is_bounded_and_says_so(app, run, notebook):
    with app.app_context():
        names = {"type": "public", "origin": DYNAMIC, "redirect_uris": ["http://127.0.0.1/"], "scope": "memories:read"}
        db.session.add_all(Client(client_id=f"client_{n:024}", name=f"Robot {n}", **names) for n in range(2000))
        db.session.commit()
    began = time.monotonic()
    told = json.loads(run("list", json=True).stdout)
    took = time.monotonic() - began
    assert (told["total"], len(told["clients"])) == (2001, 500)
    assert told["clients"][0]["client_id"] == notebook.client_id
    assert took < 5
    assert len(json.loads(run("list", limit="3000", json=True).stdout)["clients"]) == 2001
    unused = json.loads(run("list", origin="dynamic", unused=True, query="robot 1999", json=True).stdout)
    assert [one["name"] for one in unused["clients"]] == ["Robot 1999"]
    assert "1991 more; " in run("list", limit="10").stderr


def test_unused_and_suspended_ones_are_found(signed_in, run, add, reader):
    dynamic = add(DYNAMIC)
    reader.tokens(signed_in)
    assert [one[0] for one in listed(run("list", unused=True, json=True))] == [dynamic.client_id]
    run("suspend", dynamic.client_id)
    assert [one[0] for one in listed(run("list", status="suspended", json=True))] == [dynamic.client_id]
    shown = json.loads(run("show", dynamic.client_id, json=True).stdout)
    assert (shown["people"], shown["status"]) == (0, "suspended") and shown["review_at"]
    shown = json.loads(run("show", ADDRESS, json=True).stdout)
    assert shown["people"] == 1


@pytest.mark.parametrize(
    "words", [("update", "--name", "Other"), ("activate",), ("rotate-secret",), ("retire-secret", "x")]
)
def test_what_an_app_says_of_itself_is_not_changed_here(run, add, words):
    add(DYNAMIC), add()
    for client_id in ("client_0123456789abcdef01234567", ADDRESS):
        assert_refused(run(words[0], client_id, *words[1:]), "can be suspended, resumed or deleted")


def test_a_robot_keeps_few_records_of_its_requests(app, add, run):
    """Anybody can make thousands of such clients, and have each of them refused."""
    robot = add(DYNAMIC)
    for _ in range(60):
        assert robot.post("/oauth/token", {"grant_type": "password"}).status_code == 400
    app.extensions["services"].notes.of(RequestLog).flush()
    with app.app_context():
        assert db.session.query(RequestRecord).count() == MOST_OF_DYNAMIC[0] == 20
    told = json.loads(run("requests", robot.client_id, json=True).stdout)["requests"]
    assert len(told) == 20 and {one["error"] for one in told} == {"unsupported_grant_type"}


def test_one_whose_document_is_gone_is_not_resumed(app, run, reader):
    with app.app_context():
        client = find_record(db.session, ADDRESS)
        client.suspended_at = db.session.get_one(ClientDocument, client.key).withdrawn_at = clock.now()
        db.session.commit()
    assert json.loads(run("show", ADDRESS, json=True).stdout)["withdrawn_at"]
    assert_refused(run("resume", ADDRESS), "Its document is gone since")
    assert json.loads(run("show", ADDRESS, json=True).stdout)["status"] == "suspended"
    # What the operator has done besides can be undone: then it is its own host's again.
    assert run("suspend", ADDRESS).exit_code == run("resume", ADDRESS).exit_code == 0
    assert_refused(run("resume", ADDRESS), "Its document is gone since")


def test_the_operator_shows_suspends_resumes_and_deletes_it(signed_in, run, reader):
    token = reader.tokens(signed_in)["access_token"]
    assert json.loads(run("show", ADDRESS, json=True).stdout)["origin"] == "document"
    assert ADDRESS in run("show", ADDRESS).stdout
    assert run("suspend", ADDRESS).exit_code == 0
    refused = reader.me(token)
    assert refused.status_code == 401
    assert "when this server's operator resumes it" in refused.headers["WWW-Authenticate"]
    assert "by this site" in signed_in.get("/account/apps/").text
    assert "switched off for now" in reader.start(signed_in).text
    assert run("resume", ADDRESS).exit_code == 0
    assert reader.is_alive(token)
    with reader.app.app_context():
        reader.app.extensions["services"].notes.of(RequestLog).flush()
    requests = json.loads(run("requests", ADDRESS, json=True).stdout)["requests"]
    assert requests[0]["fix"] == "Fix the cause, then resume the app with “flask clients resume”."

    deleted = run("delete", ADDRESS, name="Wandering Reader")
    assert (deleted.exit_code, "“suspend” keeps it out" in deleted.stderr) == (0, True)

    assert not reader.is_alive(token)
    assert_refused(run("show", ADDRESS), "There is no app with the client id")
    assert "We could not find out who this app is" in reader.start(signed_in).text
