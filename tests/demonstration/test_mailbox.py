"""``/demonstration/mail/``: the letters of a server for this machine alone, and nowhere else."""

import pytest
from msgspec import structs

from app import create_app
from app.extensions import db
from app.mail.local import LocalCarrier
from app.mail.models import LocalMail
from app.mail.outbox import put_mail
from app.mail.sending import send_due
from tests.tables import each

PAGE = "/demonstration/mail/"


@pytest.fixture
def letter(app) -> str:
    """The id of a letter that was sent."""
    with app.app_context():
        put_mail(db.session, "trial", to="ada@example.com")
        db.session.commit()
        engine = db.engine
    assert send_due(app, LocalCarrier(engine)) == 1
    with app.app_context():
        return db.session.query(LocalMail.id).scalar()


def test_letters_are_listed_and_read(browser, letter):
    page = browser.get(PAGE)
    assert "Letters from Reliquary arrive" in page.text and f'href="{PAGE}{letter}"' in page.text
    page = browser.get(f"{PAGE}{letter}")
    assert "ada@example.com" in page.text and "There is nothing to do." in page.text
    assert '<a href="http://127.0.0.1:8000">http://127.0.0.1:8000</a>' in page.text
    html = browser.get(f"{PAGE}{letter}/html")
    assert "prefers-color-scheme" in html.text
    assert html.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")


def test_letters_are_found_by_their_address(browser, letter):
    assert letter in browser.get(f"{PAGE}?to=ada@example.com").text
    for other in ("bo@example.com", "%00x", "'", "x" * 400):
        page = browser.get(f"{PAGE}?to={other}")
        assert page.status_code == 200 and letter not in page.text


@each("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.0.7", "[::1", ""])
def test_no_other_site_whose_name_leads_here_reads_them(browser, letter, host):
    for path in (PAGE, f"{PAGE}{letter}", f"{PAGE}{letter}/html"):
        assert browser.client.get(path, environ_overrides={"HTTP_HOST": host}).status_code in (400, 404)


@each("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LOCALHOST"])
def test_every_name_of_this_machine_leads_to_them(browser, letter, host):
    assert letter in browser.client.get(PAGE, environ_overrides={"HTTP_HOST": host}).text


@pytest.mark.parametrize("id", ["let_none", "%00", "x" * 500])
def test_what_is_no_letter_is_not_found(browser, id):
    assert browser.get(f"{PAGE}{id}").status_code == browser.get(f"{PAGE}{id}/html").status_code == 404


def test_the_log_has_the_letter_too(app, letter, caplog):
    lines = [record.getMessage() for record in caplog.get_records("setup") if record.name == "app.mail.local"]
    assert lines[0] == "A letter to ada@example.com: Letters from Reliquary arrive"
    assert lines[-1] == "http://127.0.0.1:8000"


@pytest.mark.parametrize("other", [{"issuer": "https://id.example.com"}, {"smtp_url": "smtp://127.0.0.1"}])
def test_a_server_that_can_send_letters_or_is_for_the_world_has_no_such_page(settings, app, letter, other):
    house = create_app(structs.replace(settings, **other))
    for path in (PAGE, f"{PAGE}{letter}", f"{PAGE}{letter}/html"):
        assert house.test_client().get(path).status_code == 404
    with house.app_context():
        db.engine.dispose()


def test_a_server_for_the_world_without_a_mail_server_puts_no_letter(settings, app, sent_mail):
    house = create_app(structs.replace(settings, issuer="https://id.example.com"))
    with house.app_context():
        put_mail(db.session, "trial", to="ada@example.com")
        db.session.commit()
    assert sent_mail(house) == []
    with house.app_context():
        db.engine.dispose()
