"""The commands: what they do, print, and say when they cannot."""

import json
import re
import sqlite3
from contextlib import closing

import click
import pytest

from app import create_app
from app.accounts.models import Membership, User
from app.accounts.passwords import verify_password
from app.audit.models import AuditEvent
from app.clients.models import Client
from app.config import Settings
from app.extensions import db
from tests.actors import Browser
from tests.migrated import bring_up_to_date
from tests.tables import each

REGISTER = {
    "--org": "acme",
    "--name": "Acme Planner",
    "--type": "confidential",
    "--redirect-uri": ["https://planner.acme.example/callback", "http://127.0.0.1:5000/callback"],
    "--scope": ["memories:read integrations:read", "memories:write"],
}
CREATE = {"--email": "Dora@Acme.example", "--name": "Dora Diaz", "--password-stdin": True}
PASSWORD = "the password of Dora Diaz"


@pytest.fixture
def run(app):
    return lambda *words, **how: run_in(app, *words, **how)


@pytest.fixture
def register(run, bob):
    return lambda **changed: run("clients", "register", options=REGISTER | _as_options(changed))


@pytest.fixture
def create(run, bob):
    def create(stdin: str | bytes = PASSWORD + "\n", **changed):
        return run("users", "create", options=CREATE | _as_options(changed), stdin=stdin)

    return create


def run_in(app, *words: str, options: dict | None = None, stdin: str | bytes = PASSWORD + "\n"):
    """Run a command with options, as ``{"--name": value}``: True is a flag, None leaves one out, a list repeats it."""
    arguments = list(words)
    for name, value in (options or {}).items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                arguments += [name] if one is True else [name, one]
    return app.test_cli_runner().invoke(args=arguments, input=stdin)


def _as_options(changed: dict) -> dict:
    return {"--" + name.replace("_", "-"): value for name, value in changed.items()}


def assert_refused(result, says: str):
    """One line on standard error with a sentence, nothing on standard output, exit code 1."""
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


# -- flask clients register ---------------------------------------------------------------------------


def test_registered_client_is_printed_with_its_secret(app, register):
    result = register(json=True, require_pkce=True)

    assert (result.exit_code, result.stderr) == (0, "")
    made = json.loads(result.stdout)
    secret = made.pop("client_secret")
    assert re.fullmatch(r"rlq_cs_[0-9a-f]{64}", secret)
    assert made == {
        "client_id": made["client_id"],
        "name": "Acme Planner",
        "type": "confidential",
        "redirect_uris": REGISTER["--redirect-uri"],
        "scope": "memories:read memories:write integrations:read",
        "resources": [],
        "organization": "acme",
    }
    with app.app_context():
        client = db.session.get(Client, made["client_id"])
        assert (client.organization.slug, client.native_app, client.require_pkce) == ("acme", False, True)
        event = db.session.query(AuditEvent).filter_by(kind="client.registered").one()
        assert (event.client_key, event.actor_user_id) == (made["client_id"], None)
        assert secret not in str(event.details)


def test_registered_client_is_printed_for_a_person(register):
    result = register()

    assert re.search(r"^client_id: +client_[0-9a-f]{24}$", result.stdout, re.M)
    assert re.search(r"^client_secret: +rlq_cs_[0-9a-f]{64}$", result.stdout, re.M)
    assert "not shown again" in result.stdout


def test_public_client_is_printed_without_a_secret(app, register):
    result = register(type="public", native_app=True, json=True)

    made = json.loads(result.stdout)
    assert "client_secret" not in made
    with app.app_context():
        assert db.session.get(Client, made["client_id"]).native_app


@each(
    ("changed", "says"),
    [
        ({"org": "nobody"}, "no organization with the slug 'nobody'"),
        ({"org": ""}, "no organization"),
        ({"org": "\udcff"}, "is not UTF-8 text"),
        ({"name": ""}, "Give the app a name"),
        ({"name": "x" * 101}, "101 characters"),
        ({"name": "\udcff"}, "given as name is not UTF-8 text"),
        ({"redirect_uri": None}, "Give at least one redirect URI"),
        ({"redirect_uri": "http://acme.example/"}, "“http://acme.example/” uses http"),
        ({"redirect_uri": "https://acme.example/*"}, "wildcards are not allowed"),
        ({"redirect_uri": ""}, "empty"),
        ({"scope": None}, "Choose at least one scope"),
        ({"scope": "memories:admin"}, "There is no scope “memories:admin”"),
        ({"scope": "memories:read,memories:write"}, "There is no scope"),
        ({"homepage_url": "acme"}, "does not start with a scheme"),
    ],
)
def test_client_that_cannot_be_registered_is_refused_in_a_sentence(app, register, changed, says):
    result = register(**changed)

    assert_refused(result, says)
    with app.app_context():
        assert db.session.query(Client).count() == 0


def test_unknown_type_is_refused_as_a_usage_error(register):
    result = register(type="native")

    assert result.exit_code == 2
    assert "'native' is not one of" in result.stderr


# -- flask users create -------------------------------------------------------------------------------


def test_created_person_can_sign_in(app, create):
    result = create(json=True)

    assert (result.exit_code, result.stderr) == (0, "")
    made = json.loads(result.stdout)
    assert made == {"id": made["id"], "email": "dora@acme.example", "name": "Dora Diaz", "email_verified": False}
    assert Browser(app).sign_in("dora@acme.example", PASSWORD, next="/account").location == "/account"
    assert PASSWORD not in result.output


@each(
    "stdin",
    [PASSWORD, PASSWORD + "\n", PASSWORD + "\r\n", "\ufeff" + PASSWORD, "\ufeff" + PASSWORD + "\r\n"],
    ids=ascii,
)
def test_password_is_what_was_typed_without_the_line_break(app, create, stdin):
    create(stdin=stdin)

    with app.app_context():
        user = db.session.query(User).filter_by(email="dora@acme.example").one()
        assert verify_password(user.password_hash, PASSWORD)


def test_created_person_may_join_an_organization(app, create):
    made = json.loads(create(org="acme", role="admin", json=True).stdout)

    assert (made["organization"], made["role"]) == ("acme", "admin")
    with app.app_context():
        assert db.session.query(Membership).filter_by(user_id=made["id"]).one().role == "admin"
        event = db.session.query(AuditEvent).filter_by(kind="member.added").one()
        assert event.details == {"user_id": made["id"], "role": "admin"}


def test_person_joins_as_a_member_and_is_named_after_the_address_unless_told_otherwise(create):
    made = json.loads(create(name=None, org="acme", json=True).stdout)

    assert (made["name"], made["role"]) == ("Dora", "member")


@each(
    ("changed", "says"),
    [
        ({"email": "bob@acme.example"}, "already an account"),
        ({"email": "BOB@acme.example"}, "flask users list --query shows how it stands"),
        ({"email": "nobody"}, "Enter an e-mail address"),
        ({"email": ""}, "Enter an e-mail address"),
        ({"email": "\udcff@acme.example"}, "is not UTF-8 text"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"org": "nobody"}, "no organization with the slug 'nobody'"),
        ({"role": "admin"}, "add --org"),
        ({"password_stdin": None}, "--password-stdin"),
        ({"stdin": ""}, "password"),
        ({"stdin": ("\ufeff" + PASSWORD).encode("utf-16-le")}, "is not UTF-8 text"),
        ({"stdin": PASSWORD.encode("utf-16-le")}, "NUL character"),
        ({"stdin": PASSWORD + "\n" + PASSWORD + "\n"}, "several lines"),
        ({"stdin": "short"}, "password"),
        ({"stdin": b"\xff\xfe" * 10}, "not UTF-8"),
        ({"stdin": "x" * 100_000}, "password"),
    ],
)
def test_person_who_cannot_be_created_is_refused_in_a_sentence(app, create, changed, says):
    result = create(**changed)

    assert_refused(result, says)
    with app.app_context():
        assert db.session.query(User).filter(User.email != "bob@acme.example").count() == 0


# -- flask seed ---------------------------------------------------------------------------------------


def test_seed_prints_what_it_made_and_its_secret_once(app, run):
    first, second = run("seed", options={"--json": True}), run("seed", options={"--json": True})

    assert (first.exit_code, first.stderr) == (0, "")
    data = json.loads(first.stdout)
    assert {"slug": "acme", "name": "Acme"} in data["organizations"]
    assert all({"email", "name", "password", "organization"} == set(user) for user in data["users"])
    secrets = [client.pop("client_secret", None) for client in data["clients"]]
    assert [client["type"] for client in data["clients"]] == ["confidential", "public"]
    assert [bool(secret) for secret in secrets] == [True, False]
    assert json.loads(second.stdout) == data
    alice = data["users"][0]
    assert Browser(app).sign_in(alice["email"], alice["password"], next="/account").location == "/account"


def test_seed_tells_a_person_how_to_sign_in(run):
    text = run("seed").stdout

    assert "alice@example.com" in text
    assert re.search(r"client_secret +rlq_cs_[0-9a-f]{64} \(not shown again\)", text)
    assert "rlq_cs_" not in run("seed").stdout


def test_seed_beside_somebody_elses_data_changes_nothing(app, run, bob):
    result = run("seed")

    assert_refused(result, "“acme”")
    with app.app_context():
        assert db.session.query(User).count() == 1


# -- the database is not ready ------------------------------------------------------------------------


@each(("words", "options"), [(["seed"], {}), (["clients", "register"], REGISTER), (["users", "create"], CREATE)])
@pytest.mark.parametrize(
    ("file", "says"), [("new.sqlite3", "run flask db upgrade"), ("missing/x.sqlite3", "The database does not work")]
)
def test_command_on_a_database_that_is_not_ready_says_what_to_do(tmp_path, words, options, file, says):
    url = f"sqlite:///{tmp_path / file}"
    app = create_app(Settings(database_url=url, secret_key="0" * 32, issuer="http://localhost"))

    assert_refused(run_in(app, *words, options=options), says)


def test_what_only_reads_works_while_another_keeps_the_database_locked(tmp_path):
    """As pages do: whoever looks for what is wrong need not wait until it is over."""
    path = tmp_path / "locked.sqlite3"
    cheap = {"password_time_cost": 1, "password_memory_kib": 8}
    app = create_app(Settings(f"sqlite:///{path}?timeout=0.1", "0" * 32, "http://localhost", **cheap))
    bring_up_to_date(app)
    app.instance_path = str(tmp_path / "instance")
    assert run_in(app, "seed").exit_code == 0
    looks = [words for words in _words_of(app.cli) if words[-1] in ("list", "show", "requests")]
    assert len(looks) == 5
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert_refused(run_in(app, "purge"), "which another program keeps locked")
        for words in looks:
            argument = [] if words[-1] == "list" else ["client_acme_notebook"]
            result = run_in(app, *words, *argument)
            assert (result.exit_code, result.stderr) == (0, ""), words
        told = run_in(app, "doctor").stdout
    assert "addresses arrive as they should" in told
    with app.app_context():
        db.engine.dispose()


def _words_of(group: click.Group) -> list[tuple[str, ...]]:
    if hasattr(group, "load"):
        group.load()
    found = []
    for name, command in group.commands.items():
        if name != "db":
            below = _words_of(command) if isinstance(command, click.Group) else [()]
            found += [(name, *words) for words in below]
    return found


@each(
    "words", [["mail", "retry", "let_1", "\udcff"], ["mail", "drop", "\udcff"], ["users", "list", "--query", "\udcff"]]
)
def test_bytes_that_are_no_text_are_told_so(run, words):
    """No database takes them; and what searches for nothing finds everybody."""
    assert_refused(run(*words), "is not UTF-8 text; type it in a terminal that uses UTF-8.")
