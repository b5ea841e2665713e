"""Who may see and who may change what in the dashboard: a table of people, pages and methods."""

import pytest

from app.accounts.models import Session
from app.extensions import db
from tests.actors import Browser
from tests.org.conftest import HONEST, csrf_token, signed_in

LIST, REGISTER, CLIENT = "/org/oauth/", "/org/oauth/register", "/org/oauth/{client_id}"
EDIT, ROTATE = f"{CLIENT}/edit", f"{CLIENT}/rotate-secret"
READS = (LIST, REGISTER, CLIENT, EDIT, ROTATE)
WRITES = (REGISTER, EDIT, ROTATE)

#: who -> (status of each read, status of each write); Notebook is Acme's.
ACME = {
    "olive": ((200, 200, 200, 200, 200), (200, 303, 200)),
    "bob": ((200, 200, 200, 200, 200), (200, 303, 200)),
    "alice": ((200, 403, 200, 403, 403), (403, 403, 403)),
    "leon": ((200, 200, 200, 200, 200), (403, 403, 403)),
}
READ_CASES = [(who, *case) for who, (reads, _) in ACME.items() for case in zip(READS, reads, strict=True)]
WRITE_CASES = [(who, *case) for who, (_, writes) in ACME.items() for case in zip(WRITES, writes, strict=True)]
ONE_CLIENTS = (CLIENT, EDIT, ROTATE)


def send(browser: Browser, path: str, **changes):
    """What the page's form would send, to whichever path, with a CSRF token that is good."""
    data = {**HONEST, "once": "0" * 32, "csrf_token": csrf_token(browser)} | changes
    return browser._open(path, method="POST", data=data, headers={"Referer": "http://127.0.0.1:8000" + path})


@pytest.mark.parametrize(("who", "page", "status"), READ_CASES)
def test_page_opens_for_whom_it_should(app, request, notebook, stored, who, page, status):
    person = request.getfixturevalue(who)
    before = stored()

    response = signed_in(app, person).get(page.format(client_id=notebook.client_id))

    assert response.status_code == status
    assert stored() == before
    assert ("Acme Notebook" in response.text) == (status == 200 and page != REGISTER and who != "leon")


@pytest.mark.parametrize(("who", "page", "status"), WRITE_CASES)
def test_form_acts_for_whom_it_should(app, request, notebook, stored, who, page, status):
    person = request.getfixturevalue(who)
    before = stored()

    response = send(signed_in(app, person), page.format(client_id=notebook.client_id))

    assert response.status_code == status
    assert (stored() == before) == (status == 403)
    assert ("rlq_cs_" in response.text) == (status == 200)


@pytest.mark.parametrize("page", READS)
def test_signed_out_person_signs_in_and_comes_back(app, notebook, bob, browser, page):
    path = page.format(client_id=notebook.client_id)

    response = browser.get(path)
    assert response.status_code == 303
    assert response.location.startswith("/sign-in?next=")

    form = browser.follow(response)
    response = browser.submit(form, email=bob.email, password=bob.password)
    assert (response.status_code, response.location) == (303, path)


@pytest.mark.parametrize("page", WRITES)
def test_signed_out_person_changes_nothing(app, notebook, browser, stored, page):
    before = stored()

    response = send(browser, page.format(client_id=notebook.client_id))

    assert response.status_code == 303
    assert response.location.startswith("/sign-in")
    assert stored() == before


@pytest.mark.parametrize("page", WRITES)
def test_session_that_ended_meanwhile_changes_nothing(app, admin, notebook, stored, page):
    path = page.format(client_id=notebook.client_id)
    form = admin.get(path)
    with app.app_context():
        db.session.query(Session).delete()
        db.session.commit()
    before = stored()

    response = admin.submit(form, action=path)

    assert response.status_code == 303
    assert response.location.startswith("/sign-in")
    assert stored() == before


@pytest.mark.parametrize("page", WRITES)
@pytest.mark.parametrize("token", ["", "wrong"])
def test_forged_form_changes_nothing(admin, notebook, stored, page, token):
    before = stored()

    response = send(admin, page.format(client_id=notebook.client_id), csrf_token=token)

    assert response.status_code == 400
    assert stored() == before


@pytest.mark.parametrize("page", ONE_CLIENTS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_organizations_client_is_as_if_it_did_not_exist(app, carol, notebook, stored, page, method):
    browser = signed_in(app, carol)
    ask = browser.get if method == "GET" else (lambda path: send(browser, path))
    before = stored()

    foreign = ask(page.format(client_id=notebook.client_id))
    unknown = ask(page.format(client_id="client_" + "0" * 24))

    assert foreign.status_code == unknown.status_code == (405 if (page, method) == (CLIENT, "POST") else 404)
    assert foreign.text == unknown.text
    assert stored() == before


def test_list_shows_no_other_organizations_client(app, carol, notebook):
    page = signed_in(app, carol).get(LIST)

    assert "Apps of Globex" in page.text
    assert "Acme" not in page.text


@pytest.mark.parametrize("client_id", ["x", "client_\x00", "client_%0a", "ü", "'", "a" * 5000, "%ff%fe", ".."])
@pytest.mark.parametrize("page", ONE_CLIENTS)
def test_malformed_client_id_is_not_found(admin, page, client_id):
    assert admin.get(page.format(client_id=client_id)).status_code == 404


def test_member_is_offered_nothing_to_write(app, alice, notebook):
    browser = signed_in(app, alice)
    for path in (LIST, CLIENT.format(client_id=notebook.client_id)):
        page = browser.get(path).text
        assert "/register" not in page
        assert "/edit" not in page
        assert "/rotate-secret" not in page


def test_person_without_an_organization_reads_how_to_get_one(app, leon):
    page = signed_in(app, leon).get(LIST).text

    assert "You do not belong to an organization" in page
    assert leon.email in page


@pytest.mark.parametrize("path", ["/org/oauth", "/org/oauth/"])
def test_list_answers_with_and_without_the_slash(admin, path):
    assert admin.get(path).status_code == 200
