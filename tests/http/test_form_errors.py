"""Every page with a form, sent wrongly: it says what is wrong, leads to the field, and keeps what was typed."""

import io
import re
from html import unescape

import pytest

from app.clients.models import Client
from app.extensions import db
from app.limits.errors import TooManyAttempts
from tests.actors import Browser
from tests.org.conftest import HONEST, olive, send, signed_in, stored
from tests.personal.conftest import shelf
from tests.tables import each

__all__ = ["olive", "shelf", "stored"]

REGISTER, CLIENT = "/org/oauth/register", "/org/oauth/{client_id}"
SECRET = "a secret that nobody should see again"


def look_at_errors(page, *sentences: str, kept: tuple[str, ...] = ()) -> None:
    """What holds for every page that refuses what was sent."""
    text = unescape(page.text)
    title = " ".join(re.search(r"<title>(.*?)</title>", text, re.DOTALL)[1].split())
    assert title.startswith("Error: "), title
    (summary,) = re.findall(r'<div class="notice error"[^>]*\btabindex="-1" autofocus>.*?</div>', text, re.DOTALL)
    assert 'role="alert"' in summary
    assert not re.search(r"<ul>\s*</ul>|<li>\s*</li>", summary), summary
    for sentence in sentences:
        assert sentence in summary
    ids = set(re.findall(r'\bid="([^"]+)"', text))
    for target in re.findall(r'href="#([^"]+)"', summary):
        assert target in ids, f"The summary leads to #{target}, which is not on the page."
        assert f'{target}-errors"' in text, f"#{target} does not say itself what is wrong with it."
    for typed in kept:
        assert typed in text, f"{typed!r} was typed, and is lost."
    assert SECRET not in text


#: path, button, what is typed wrongly, the answer's status, its sentence, and what of it stands there still.
PAGES = [
    (REGISTER, "Register the app", {**HONEST, "name": ""}, 400, "Give the app a name", (HONEST["description"],)),
    (REGISTER, "Register the app", {**HONEST, "type": None}, 400, "confidential or public", (HONEST["name"],)),
    (REGISTER, "Register the app", {**HONEST, "scopes": None}, 400, "at least one scope", (HONEST["name"],)),
    (REGISTER, "Register the app", {**HONEST, "redirect_uris": "https://*.example"}, 400, "wildcards", ("https://*.example",)),
    (REGISTER, "Register the app", {**HONEST, "once": "x"}, 400, "send it again", (HONEST["name"],)),
    (REGISTER, "Save as a draft", {**HONEST, "request_origins": "x"}, 400, "does not start with a scheme", (HONEST["name"],)),
    (CLIENT + "/settings", "Save", {"name": "", "access_token_lifetime": "soon"}, 400, "whole number", ('value="soon"',)),
    (CLIENT + "/settings", "Save", {"privacy_url": "javascript:alert(1)"}, 400, "web address", ("javascript:alert(1)",)),
    (CLIENT + "/settings", "Save", {"version": "x", "name": "New"}, 400, "send it again", ('value="New"',)),
    (CLIENT + "/secrets/new", "Make the secret", {"label": "x" * 101}, 400, "101 characters", ("x" * 101,)),
    (CLIENT + "/secrets/{secret_id}/end", "Save", {"ends_on": "2001-01-01"}, 400, "That day is over", ("2001-01-01",)),
    (CLIENT + "/secrets/{secret_id}/end", "Save", {"ends_on": "soon"}, 400, "date", ('value="soon"',)),
    ("/org/oauth/members", "Make an invitation link", {"label": "x" * 500}, 400, "characters", ("x" * 500,)),
    ("/org/oauth/organizations", None, {"name": "x" * 500}, 400, "characters", ("x" * 500,)),
    ("/org/oauth/organization/delete", None, {"typed_name": "Acne"}, 400, "not its name", ('value="Acne"',)),
]  # fmt: skip


@pytest.fixture
def ids(app, notebook) -> dict[str, str]:
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        return {"client_id": client.client_id, "secret_id": client.secrets[0].id}


@pytest.fixture
def owner(app, olive) -> Browser:
    return signed_in(app, olive)


@each(("path", "press", "typed", "status", "sentence", "kept"), PAGES)
def test_a_page_of_the_dashboard_says_what_is_wrong(owner, ids, stored, path, press, typed, status, sentence, kept):
    page = owner.get(path.format(**ids))
    assert "<title>Error" not in page.text.replace("\n", "")
    before = stored()

    answer = owner.submit(page, press=press, **typed)

    assert answer.status_code == status
    look_at_errors(answer, sentence, kept=kept)
    assert stored() == before


def test_a_file_that_is_no_logo_is_an_error_of_its_field(owner, ids):
    answer = send(owner, f"/org/oauth/{ids['client_id']}/logo", logo=(io.BytesIO(b"x"), "logo.png"))
    look_at_errors(answer, "not a PNG, JPEG or WebP image")


def test_a_change_that_stands_between_is_told_as_an_error(app, owner, bob, ids):
    path = f"/org/oauth/{ids['client_id']}/settings"
    page, other = owner.get(path), signed_in(app, bob)
    other.submit(other.get(path), press="Save", description="Theirs.")

    answer = owner.submit(page, press="Save", description="Mine.")

    assert answer.status_code == 409
    look_at_errors(answer, "Somebody else changed this app", kept=("Mine.",))


def test_what_a_draft_lacks_leads_to_the_fields(app, owner, ids):
    page = owner.follow(
        owner.submit(owner.get(REGISTER), press="Save as a draft", name="Half", type="confidential", scopes=[])
    )
    answer = owner.submit(page, press="Activate the app")

    assert answer.status_code == 400
    look_at_errors(answer, "at least one redirect URI", "at least one scope")


# -- signing in and up -----------------------------------------------------------------------------


@each(
    ("typed", "sentence"),
    [
        ({"email": "", "password": SECRET}, "Enter your e-mail address"),
        ({"email": "alice@acme.example", "password": ""}, "Enter your password"),
        ({"email": "alice@acme.example", "password": SECRET}, "do not belong together"),
        ({"email": "alice@acme.example", "password": SECRET * 10}, "too long to be your password"),
    ],
)
def test_sign_in_says_what_is_wrong(browser, alice, typed, sentence):
    answer = browser.submit(browser.get("/sign-in"), **typed)

    assert answer.status_code == 400
    look_at_errors(answer, sentence, kept=(typed["email"],))


def test_too_many_attempts_are_told_and_the_address_stays(app, browser, alice, monkeypatch):
    def refuse(*_):
        raise TooManyAttempts(61)

    monkeypatch.setattr("app.limits.counting.Limits.take", refuse)
    answer = browser.submit(browser.get("/sign-in"), email=alice.email, password=SECRET)
    assert answer.status_code == 429
    look_at_errors(answer, "Too many attempts. Wait 2 minutes", kept=(alice.email,))

    answer = browser.submit(browser.get("/sign-up"), email="dana@example.com", name="Dana", password=SECRET)
    assert answer.status_code == 429
    look_at_errors(answer, "Too many attempts", kept=("dana@example.com", "Dana"))


@each(
    ("typed", "sentence"),
    [
        ({"email": "x"}, "e-mail"),
        ({"name": ""}, "Enter your name"),
        ({"password": "short"}, "characters"),
        ({"organization_name": "x" * 300}, "characters"),
    ],
)
def test_sign_up_says_what_is_wrong(browser, alice, typed, sentence):
    honest = {"email": "dana@example.com", "name": "Dana", "password": SECRET, "organization_name": "Dana's"}
    sent = honest | typed

    answer = browser.submit(browser.get("/sign-up"), **sent)

    assert answer.status_code == 400
    look_at_errors(answer, sentence, kept=(sent["email"], sent["name"], sent["organization_name"]))


# -- the person's own pages, and the two screens -----------------------------------------------------


def test_the_editor_of_a_memento_says_what_is_wrong(app, alice, shelf):
    browser = signed_in(app, alice)
    answer = browser.submit(browser.get("/account/mementos/new"), press="Make it", name="")
    assert answer.status_code == 422
    look_at_errors(answer, "name")
    assert '<a href="#name">' in answer.text and 'aria-describedby="name-errors"' in answer.text
    answer = browser.submit(answer, press="Make it", name="Something new")
    look_at_errors(answer, "Tick at least one", kept=("Something new",))
    assert "name-errors" not in answer.text


def test_the_picker_says_what_is_wrong(app, alice, shelf, notebook):
    browser = signed_in(app, alice)
    page = notebook.start(browser)

    look_at_errors(browser.submit(page, press="Continue", selection="selected"))
    answer = browser.submit(page, press="Make this memento", new_name="x" * 101)
    look_at_errors(answer, "100 characters", kept=("x" * 101,))


def test_the_consent_screen_says_what_is_wrong(app, alice, shelf, notebook):
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        client.optional_scope = client.scope
        db.session.commit()
    browser = signed_in(app, alice)
    page = browser.follow(browser.submit(notebook.start(browser), press="Continue", selection="none"))

    answer = browser.submit(page, press="Authorize", scopes=None)

    assert answer.status_code == 422
    look_at_errors(answer, "at least one thing ticked")


# -- what no form can tell ---------------------------------------------------------------------------


def test_a_form_that_is_not_ours_or_too_old_gets_an_answer_that_says_so(app, owner, ids):
    """Nothing of it is shown again: it may have been filled in by somebody else."""
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]
    values = {"client_id": ids["client_id"], "secret_id": ids["secret_id"], "user_id": "u", "token": "t"}
    tried = 0
    for rule in rules:
        with app.test_request_context():
            path = app.url_map.bind("127.0.0.1:8000").build(
                rule.endpoint, {name: values.get(name, "x") for name in rule.arguments}, method="POST"
            )
        if path.startswith(("/org/", "/account/", "/sign-out", "/oauth/authorize/")):
            answer = owner._open(path, method="POST", data={"csrf_token": "old", "name": SECRET})
            assert answer.status_code == 400, path
            assert "Error: This page was open for too long" in answer.text
            assert SECRET not in answer.text
            tried += 1
    assert tried > 30


def test_an_error_that_is_told_after_a_redirect_is_in_the_title_too(app, owner, olive):
    page = owner.follow(owner.submit(owner.get("/org/oauth/members/leave"), press="Leave Acme"))
    assert "<title>Error: Members of Acme" in page.text
    assert re.search(r'role="alert">[^<]*owner', page.text)
