"""``flask clients``: list, show, update, rotate, suspend, delete and requests, and what each says when it cannot."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from app.audit.models import AuditEvent
from app.extensions import db
from app.oauth.journal.log import RequestLog
from tests.cli.test_commands import assert_refused, run_in
from tests.tables import each


@pytest.fixture
def run(app):
    """Run ``flask clients …`` with words and options."""
    return lambda *words, **options: run_in(
        app, "clients", *words, options={"--" + name.replace("_", "-"): value for name, value in options.items()}
    )


def made(result) -> dict:
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def kinds(app) -> list[str]:
    with app.app_context():
        return [event.kind for event in db.session.query(AuditEvent).order_by(AuditEvent.occurred_at)]


def test_list_names_every_app_and_how_it_stands(run, notebook, pocket, carol):
    run("suspend", pocket.client_id)

    listed = made(run("list", json=True))["clients"]

    assert [(one["name"], one["status"], one["organization"]) for one in listed] == [
        ("Acme Notebook", "active", "acme"),
        ("Acme Pocket", "suspended", "acme"),
    ]
    assert made(run("list", org="globex", json=True)) == {"clients": [], "total": 0}
    assert [one["name"] for one in made(run("list", query="pocket", json=True))["clients"]] == ["Acme Pocket"]
    assert notebook.client_id in run("list").stdout


def test_show_tells_everything_but_the_secret(run, notebook):
    shown = made(run("show", notebook.client_id, json=True))

    assert shown["redirect_uris"] == [notebook.redirect_uri]
    assert [secret["hint"] for secret in shown["secrets"]] == [notebook.client_secret[-4:]]
    for result in (run("show", notebook.client_id, json=True), run("show", notebook.client_id)):
        assert notebook.client_secret not in result.stdout
        assert notebook.client_id in result.stdout


def test_update_changes_what_is_given_and_nothing_else(app, run, notebook):
    changed = made(
        run(
            "update",
            notebook.client_id,
            name="Acme Diary",
            request_origin=["https://diary.acme.example"],
            optional_scope="memories:write",
            access_token_lifetime="600",
            require_pkce=True,
            json=True,
        )
    )

    assert (changed["name"], changed["request_origins"]) == ("Acme Diary", ["https://diary.acme.example"])
    assert (changed["optional_scope"], changed["access_token_lifetime"]) == ("memories:write", 600)
    assert (changed["require_pkce"], changed["redirect_uris"]) == (True, [notebook.redirect_uri])
    taken_back = {"request_origin": "", "optional_scope": "", "access_token_lifetime": "default"}
    changed = made(run("update", notebook.client_id, no_require_pkce=True, json=True, **taken_back))
    assert (changed["request_origins"], changed["optional_scope"]) == ([], "")
    assert ("access_token_lifetime" in changed, changed["require_pkce"]) == (False, False)
    assert kinds(app).count("client.updated") == 2


@each(
    ("options", "says"),
    [
        ({"name": ""}, "Give the app a name"),
        ({"redirect_uri": "http://acme.example"}, "uses http"),
        ({"redirect_uri": ""}, "empty"),
        ({"scope": "root"}, "There is no scope “root”"),
        ({"scope": ""}, "Choose at least one scope"),
        ({"optional_scope": "root"}, "There is no scope “root”"),
        ({"request_origin": "https://acme.example/"}, "is more than an origin"),
        ({"access_token_lifetime": "5"}, "from 60 to 3600 seconds"),
        ({"refresh_token_lifetime": "ten"}, "whole number of seconds"),
        ({"privacy_url": "acme"}, "does not start with a scheme"),
    ],
)
def test_update_that_cannot_be_is_refused_in_a_sentence(app, run, notebook, options, says):
    assert_refused(run("update", notebook.client_id, **options), says)
    assert "client.updated" not in kinds(app)


def test_rotation_ends_the_present_secrets_unless_they_are_kept(run, notebook):
    second = made(run("rotate-secret", notebook.client_id, keep_others=True, label="b", json=True))
    assert notebook.client_credentials().status_code == 200
    assert replace(notebook, client_secret=second["client_secret"]).client_credentials().status_code == 200

    third = made(run("rotate-secret", notebook.client_id, json=True))
    assert notebook.client_credentials().status_code == 401
    assert replace(notebook, client_secret=second["client_secret"]).client_credentials().status_code == 401
    assert replace(notebook, client_secret=third["client_secret"]).client_credentials().status_code == 200

    made(run("retire-secret", notebook.client_id, third["secret_id"], json=True))
    assert replace(notebook, client_secret=third["client_secret"]).client_credentials().status_code == 401


def test_suspended_app_is_resumed(run, notebook):
    assert made(run("suspend", notebook.client_id, json=True))["status"] == "suspended"
    assert notebook.client_credentials().status_code == 401
    assert made(run("resume", notebook.client_id, json=True))["status"] == "active"
    assert notebook.client_credentials().status_code == 200


def test_draft_is_completed_and_activated(app, run, bob):
    draft = made(run("register", org="acme", name="Acme Plan", type="confidential", draft=True, json=True))
    assert "client_secret" not in draft
    assert_refused(run("activate", draft["client_id"]), "Give at least one redirect URI")

    run("update", draft["client_id"], redirect_uri="https://plan.acme.example/", scope="memories:read")
    active = made(run("activate", draft["client_id"], json=True))

    assert active["status"] == "active"
    assert active["client_secret"].startswith("rlq_cs_")


def test_deletion_asks_for_the_name(app, run, notebook):
    assert_refused(run("delete", notebook.client_id, name="Acme"), "another name")
    assert run("delete", notebook.client_id).exit_code == 2

    made(run("delete", notebook.client_id, name="Acme Notebook", json=True))

    assert_refused(run("show", notebook.client_id), "There is no app with the client id")
    assert made(run("list", json=True)) == {"clients": [], "total": 0}
    assert kinds(app)[-1] == "client.deleted"


@each("client_id", ["client_1", "", "x" * 1000, "a b"])
@pytest.mark.parametrize("words", [["show"], ["update"], ["rotate-secret"], ["suspend"], ["resume"], ["activate"]])
def test_unknown_app_is_refused_in_a_sentence(run, bob, words, client_id):
    assert_refused(run(*words, client_id), "There is no app with the client id")


def test_public_app_has_no_secret_to_rotate(run, pocket):
    assert_refused(run("rotate-secret", pocket.client_id), "it has no secret")
    assert_refused(run("rotate-secret", pocket.client_id, keep_others=True), "it has no secret")
    assert_refused(run("retire-secret", pocket.client_id, "sec_1"), "no secret 'sec_1'")


# -- flask clients requests ----------------------------------------------------------------------


@pytest.fixture
def asked(app, notebook, browser):
    """The app got a token, and was then refused twice."""
    notebook.client_credentials()
    replace(notebook, client_secret="rlq_cs_" + "0" * 64).client_credentials()
    notebook.client_credentials(scope="root")
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
    return notebook


def test_requests_are_told_the_latest_first_with_what_failed_and_the_fix(run, asked):
    told = made(run("requests", asked.client_id, json=True))

    assert (told["page"], told["pages"]) == (1, 1)
    assert [(one["succeeded"], one["error"]) for one in told["requests"]] == [
        (False, "invalid_scope"),
        (False, "invalid_client"),
        (True, None),
    ]
    assert told["requests"][1]["fix"].startswith("Copy it again whole")
    assert "0" * 20 not in str(told)


def test_requests_that_failed_can_be_asked_for_alone(run, asked):
    failed = made(run("requests", asked.client_id, failed=True, json=True))["requests"]
    assert [one["succeeded"] for one in failed] == [False, False]
    text = run("requests", asked.client_id, failed=True, page="1").stdout
    assert text.count("Fix: ") == 2 and "invalid_client" in text and "succeeded" not in text


def test_each_request_is_told_with_the_id_of_its_answer(run, asked):
    """By it an integrator's "it failed" is found: the answer had it as ``X-Request-ID``."""
    ids = [one["request_id"] for one in made(run("requests", asked.client_id, json=True))["requests"]]
    assert len(set(ids)) == 3
    text = run("requests", asked.client_id).stdout
    assert [line.split()[-1] for line in text.splitlines() if "Request: " in line] == ids


def test_requests_page_beyond_the_last_is_the_last(run, asked):
    assert made(run("requests", asked.client_id, page="9", json=True))["page"] == 1
    assert run("requests", asked.client_id, page="0").exit_code == 2


def test_requests_of_an_app_that_is_unknown_are_refused_in_a_sentence(run, bob):
    assert_refused(run("requests", "client_1"), "There is no app with the client id")


@pytest.fixture
def logo_file(tmp_path):
    """A file of these bytes, or a picture; its path."""

    def logo_file(content: bytes | None = None) -> str:
        path = tmp_path / "logo.png"
        if content is None:
            Image.new("RGB", (300, 200), "teal").save(path)
        else:
            path.write_bytes(content)
        return str(path)

    return logo_file


def test_an_app_is_registered_with_logo_and_landing_page_and_loses_the_logo_again(app, run, bob, logo_file):
    options = {"org": "acme", "type": "public", "redirect_uri": "https://plan.acme.example/", "scope": "memories:read"}
    registered = made(
        run("register", name="Plan", logo=logo_file(), landing_page_url="https://acme.example", json=True, **options)
    )

    shown = made(run("show", registered["client_id"], json=True))
    assert shown["homepage_url"] == "https://acme.example"
    assert len(shown["logo"]) == 64
    assert made(run("update", registered["client_id"], name="Planner", json=True))["logo"] == shown["logo"]

    assert made(run("update", registered["client_id"], logo="", json=True)).get("logo") is None
    assert kinds(app)[-2:] == ["client.updated", "client.logo_removed"]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"<svg/>", "not a PNG, JPEG or WebP"), (b"", "Choose an image file"), (b"x" * 600_000, "512 KB is the most")],
)
def test_a_file_that_is_no_logo_is_refused_and_nothing_is_changed(app, run, notebook, logo_file, content, says):
    assert_refused(run("update", notebook.client_id, name="Diary", logo=logo_file(content)), says)
    assert "client.updated" not in kinds(app)


@pytest.mark.parametrize("path", ["/no/such/file", "/"])
def test_a_file_that_cannot_be_read_is_told(run, notebook, path):
    assert_refused(run("update", notebook.client_id, logo=path), "cannot be read")


# -- resource servers ------------------------------------------------------------------------------

SHELF = "https://shelf.acme.example"


def test_a_resource_server_is_registered_shown_listed_changed_and_emptied(run, bob):
    fields = {"org": "acme", "type": "confidential", "json": True}
    # It needs neither a redirect URI nor scopes.
    shelf = made(run("register", name="Shelf", resource=[SHELF, "http://127.0.0.1:9999"], **fields))
    assert shelf["resources"] == ["http://127.0.0.1:9999", SHELF] and shelf["client_secret"]
    assert made(run("show", shelf["client_id"], json=True))["resources"] == shelf["resources"]
    assert SHELF in run("show", shelf["client_id"]).stdout
    assert [one["resources"] for one in made(run("list", json=True))["clients"]] == [shelf["resources"]]
    # A list that is given replaces the whole list; one that was there stays what it was.
    changed = made(run("update", shelf["client_id"], resource=[SHELF, f"{SHELF}/more"], json=True))
    assert changed["resources"] == [SHELF, f"{SHELF}/more"]
    assert made(run("update", shelf["client_id"], name="Attic", json=True))["resources"] == changed["resources"]
    # Without them it lacks what makes any other app work.
    assert_refused(run("update", shelf["client_id"], resource=""), "redirect URI")
    changed = made(
        run("update", shelf["client_id"], resource="", redirect_uri=[f"{SHELF}/cb"], scope="memories:read", json=True)
    )
    assert changed["resources"] == []


@each(
    ("type", "resource", "said"),
    [
        ("public", SHELF, "needs a secret"),
        ("confidential", "http://127.0.0.1:8000/elsewhere", "own address"),
        ("confidential", "http://shelf.acme.example", "plain http is for"),
        ("confidential", f"{SHELF}#records", "fragment"),
        ("confidential", "shelf", "does not start with a scheme"),
        ("confidential", [SHELF, f"{SHELF}/"], "more than once"),
    ],
)
def test_what_cannot_be_a_resource_server_is_refused(run, bob, type, resource, said):
    fields = {"org": "acme", "name": "Shelf", "type": type, "redirect_uri": [f"{SHELF}/cb"], "scope": "memories:read"}
    assert_refused(run("register", resource=resource, **fields), said)


def test_a_resource_belongs_to_one_client_until_that_is_deleted(run, bob):
    fields = {"org": "acme", "type": "confidential", "json": True}
    first = made(run("register", name="Shelf", resource=SHELF, **fields))
    for again in (SHELF, f"{SHELF}/"):
        assert_refused(run("register", name="Attic", resource=again, **fields), "belongs to another app")
    attic = made(run("register", name="Attic", resource=f"{SHELF}/attic", **fields))
    assert_refused(run("update", attic["client_id"], resource=SHELF), "belongs to another app")
    run("suspend", first["client_id"])
    assert_refused(run("update", attic["client_id"], resource=SHELF), "belongs to another app")
    run("delete", first["client_id"], name="Shelf")
    assert made(run("update", attic["client_id"], resource=SHELF, json=True))["resources"] == [SHELF]
