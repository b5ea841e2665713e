"""Registering an app in the dashboard with its logo and its landing page."""

import io
import re

import pytest
from PIL import Image

from app.audit.models import AuditEvent
from app.clients.models import Client, ClientLogo
from app.extensions import db
from tests.actors import Browser, find_form
from tests.integrator import Integrator
from tests.org.conftest import HONEST, REGISTER, count_clients, register, secret_in, signed_in
from tests.tables import each


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 200)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "teal").save(content, kind)
    return content.getvalue()


def register_with_logo(browser: Browser, content: bytes | str, **changes):
    """As a browser sends it that was given a file."""
    form = find_form(browser.get(REGISTER), action=REGISTER)
    data = dict(form.values) | {"action": "register", **HONEST} | changes
    data = {name: value for name, value in data.items() if value is not None}
    data["logo"] = (io.BytesIO(content), "logo.png") if isinstance(content, bytes) else content
    return browser._open(REGISTER, method="POST", data=data, headers={"Referer": "http://127.0.0.1:8000" + REGISTER})


def kept_logo(app) -> bytes | None:
    with app.app_context():
        logo = db.session.query(ClientLogo).one_or_none()
        return logo and logo.image


def test_logo_and_landing_page_stand_beside_name_and_description(admin):
    """In the order in which Rememberizer's form asks for them."""
    page = admin.get(REGISTER).text
    labels = re.findall(
        r'<label for="(name|description|logo|homepage_url|request_origins|redirect_uris)">([^<]+)', page
    )
    assert [name for name, _ in labels][:4] == ["name", "description", "logo", "homepage_url"]
    assert dict(labels)["homepage_url"].startswith("Landing page")
    assert 'enctype="multipart/form-data"' in page
    assert 'type="file"' in page


@pytest.mark.parametrize("action", ["register", "draft"])
def test_an_app_is_registered_with_its_logo(app, admin, action):
    answer = register_with_logo(admin, picture(), action=action)

    assert answer.status_code in (200, 303)
    with Image.open(io.BytesIO(kept_logo(app))) as drawn:
        assert (drawn.format, max(drawn.size)) == ("PNG", 256)
    with app.app_context():
        client = db.session.query(Client).one()
        assert client.homepage_url == HONEST["homepage_url"]
        kinds = {event.kind for event in db.session.query(AuditEvent).filter_by(client_key=client.client_id)}
        assert kinds == {"client.registered", "client.logo_changed"}


def test_without_a_file_it_is_registered_without_a_logo(app, admin):
    assert register_with_logo(admin, "", action="register").status_code == 200
    assert kept_logo(app) is None


@each("changes", [{"name": ""}, {"redirect_uris": "x"}, {"type": None}, {"once": "x"}, {"scopes": None}])
def test_whoever_has_to_put_something_right_is_told_to_choose_the_file_again(admin, stored, changes):
    """A browser does not keep it, and an app without its logo would be a surprise."""
    before = stored()

    page = register_with_logo(admin, picture(), **changes)

    assert page.status_code == 400
    assert '<a href="#logo">Choose the file again' in page.text
    assert HONEST["description"] in page.text
    assert stored() == before


@each(
    ("content", "says"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG, JPEG or WebP"),
        (b"x" * (512 * 1024 + 1), "512 KB is the most"),
        (b"x" * (3 * 1024 * 1024), "512 KB is the most"),
        (picture(size=(2049, 1)), "too many pixels"),
        (b"", "Choose an image file first"),
        ("logo.png", "Choose an image file first"),
    ],
)
def test_a_file_that_is_no_logo_registers_nothing_and_loses_nothing(admin, stored, content, says):
    before = stored()

    page = register_with_logo(admin, content)

    assert page.status_code == 400
    assert '<a href="#logo">' in page.text and says in page.text
    assert f'value="{HONEST["name"]}"' in page.text and HONEST["description"] in page.text
    assert stored() == before


def test_every_mistake_is_told_at_once_the_files_too(admin):
    page = register_with_logo(admin, b"GIF89a", name="", redirect_uris="x")
    for target in ("name", "redirect_uris", "logo"):
        assert f'<a href="#{target}">' in page.text
    assert "Choose the file again" not in page.text


def test_what_is_too_large_to_be_read_is_told_and_nothing_is_registered(app, admin, stored):
    before = stored()
    page = register_with_logo(admin, b"x" * (17 * 1024 * 1024))
    assert page.status_code == 413
    assert "too large to be read" in page.text and "go back in your browser" in page.text
    assert stored() == before


def test_a_stranger_sends_no_large_body(browser):
    page = browser._open(REGISTER, method="POST", data={"logo": (io.BytesIO(b"x" * (300 * 1024)), "logo.png")})
    assert page.status_code in (303, 413)
    assert "Register an app" not in page.text


def test_the_same_form_with_its_file_sent_twice_registers_once(app, admin):
    once = {"once": "0123456789abcdef" * 2}
    register_with_logo(admin, picture(), **once)
    assert register_with_logo(admin, picture(), **once).status_code == 303
    assert count_clients(app) == 1


def test_the_landing_page_is_shown_as_its_host(app, admin, alice):
    secret = secret_in(register(admin, homepage_url="https://planner.acme.example:8443/about?x=1"))
    browser = signed_in(app, alice)
    with app.app_context():
        client_id = db.session.query(Client).one().client_id
    planner = Integrator(app, client_id, secret, HONEST["redirect_uris"], "memories:read")

    page = planner.start(browser).text

    link = re.search(r'<a href="https://planner\.acme\.example:8443/about\?x=1"([^>]*)>([^<]*)', page)
    assert 'rel="noopener noreferrer nofollow"' in link[1]
    assert link[2] == "planner.acme.example:8443"


@each("column", ["homepage_url", "privacy_url", "terms_url"])
@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "http://acme.example", "https://google.example@evil.example/", "data:,x", "//x.example"],
)
def test_an_address_that_would_not_be_registered_today_is_no_link(app, alice, bob, notebook, column, address):
    with app.app_context():
        setattr(db.session.get_one(Client, notebook.client_id), column, address)
        db.session.commit()
    pages = [
        notebook.start(signed_in(app, alice)).text,
        signed_in(app, alice).get(f"/org/oauth/{notebook.client_id}/settings").text,
    ]
    for page in pages:
        assert address not in page
