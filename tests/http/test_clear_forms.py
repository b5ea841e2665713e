"""Whatever a form says twice decides nothing, on any page."""

import re
from pathlib import Path

import pytest

from app.http.clear_forms import LISTS
from tests.actors import find_form
from tests.tables import each

_ROOT = Path(__file__).resolve().parents[2]

#: The pages on which something is decided, how to come there, and a field that only one thing may be said with.
PAGES = [
    ("/account/", "/sign-out", "next"),
    ("/account/sessions/", None, "csrf_token"),
    ("/account/mementos/new", None, "name"),
    ("/org/oauth/register", None, "name"),
    ("/org/oauth/members", None, "role"),
    ("/org/oauth/{client}/danger", None, "csrf_token"),
    ("/org/oauth/{client}/settings", None, "name"),
]


@pytest.fixture
def admin(browser, bob):
    browser.enter(bob)
    return browser


@each(("path", "action", "field"), PAGES)
def test_a_field_that_comes_twice_decides_nothing(app, admin, notebook, path, action, field):
    """Which of the two would be meant, each reader of the form would guess for itself."""
    page = admin.get(path.format(client=notebook.client_id))
    assert page.status_code == 200, path
    for form in [find_form(page, action=action)]:
        values = dict(form.values)
        sent = {**values, field: [values.get(field, "one"), "two"]}
        target = form.action or page.request.full_path
        answer = admin.client.post(
            target, data=sent, base_url="http://127.0.0.1:8000", headers={"Referer": page.request.url}
        )
        assert (answer.status_code, answer.location) == (400, None), (path, answer.status)
    assert admin.get("/account/").status_code == 200


def test_every_list_of_the_templates_and_of_the_views_is_known():
    """A new list of ticks that is not named in ``LISTS`` would be refused, and this says it first."""
    read = set()
    for file in (_ROOT / "app").rglob("*.py"):
        text = file.read_text()
        read |= set(re.findall(r"""(?:form|sent)\.getlist\("(\w+)"\)""", text))
        read |= set(re.findall(r"(\w+) = SelectMultipleField\(", text))
    assert read == LISTS
