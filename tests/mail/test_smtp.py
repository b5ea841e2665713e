"""Every letter arrives once, or the outbox says why not: with a mail server that does all that mail servers do."""

import socket
import threading
import time
from datetime import timedelta

import pytest
from msgspec import structs
from sqlalchemy import select

from app import clock
from app.config.smtp_url import read_smtp_url
from app.extensions import db
from app.mail import queue
from app.mail.carrier import Posted
from app.mail.models import OutgoingMail, State
from app.mail.outbox import put_mail
from app.mail.rendering import Rendered
from app.mail.sending import send_due
from app.mail.smtp import Patience, SmtpCarrier
from tests.mail.servers import Behaviour, mail_server
from tests.ports import free_port

_SHORT = Patience(connection=2, answer=2, before_end=3, after_end=0.5)


class Post:
    """The outbox of a test, and the server that it sends to."""

    def __init__(self, app, monkeypatch) -> None:
        self.app, self.server, self.port = app, Behaviour(), free_port()
        self.settings = app.extensions["services"].settings
        self._later = timedelta()
        real = clock.now
        monkeypatch.setattr("app.clock.now", lambda: real() + self._later)

    def put(self, *recipients: str) -> None:
        with self.app.app_context():
            for recipient in recipients:
                put_mail(db.session, "trial", to=recipient)
                db.session.commit()

    def wait(self, **time: float) -> None:
        self._later += timedelta(**time)

    def send(self, scheme: str = "smtp", who: str = "", patience: Patience = _SHORT) -> int:
        server = read_smtp_url(f"{scheme}://{who}127.0.0.1:{self.port}")
        return send_due(self.app, SmtpCarrier(self.settings, server, patience))

    def is_up(self, **options):
        return mail_server(self.server, self.port, **options)

    def rows(self) -> list[OutgoingMail]:
        with self.app.app_context():
            return list(db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.created_at)))

    @property
    def states(self) -> list[str]:
        return [row.state for row in self.rows()]


@pytest.fixture
def post(app, monkeypatch) -> Post:
    return Post(app, monkeypatch)


def test_letters_arrive_as_text_and_as_html_and_nobody_answers_them(post):
    post.put("ada@example.com")
    with post.is_up():
        assert post.send() == 1
    [message] = post.server.kept
    assert message["From"] == "Reliquary <no-reply@localhost>"
    assert (message["To"], message["Subject"]) == ("ada@example.com", "Letters from Reliquary arrive")
    assert message["Auto-Submitted"] == "auto-generated"
    assert abs(message["Date"].datetime - clock.now()) < timedelta(minutes=1)
    [row] = post.rows()
    assert message["Message-ID"] == f"<{row.id}@localhost>"
    assert message.get_content_type() == "multipart/alternative"
    text, html = (message.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert "There is nothing to do." in text
    assert "prefers-color-scheme: dark" in html
    assert "src=" not in html and "url(" not in html
    assert post.server.greeted == ["[127.0.0.1]"]
    assert (row.state, row.facts, row.says) == (State.SENT, {}, "250 kept as 1234")


def test_a_server_that_is_down_for_an_hour_gets_every_letter_once_it_is_back(post):
    post.put("ada@example.com", "bo@example.com", "cy@example.com")
    for _minute in range(60):
        assert post.send() == 0
        post.wait(minutes=1)
    assert post.states == [State.WAITING] * 3
    rows = post.rows()
    assert "Connection refused" in rows[0].says
    # Each attempt is one of the first letter's, and the wait between two grows to five minutes.
    assert 12 <= rows[0].tries <= 20
    assert [row.tries for row in rows[1:]] == [0, 0]
    with post.is_up():
        post.wait(minutes=5)
        assert post.send() == 3
        assert post.send() == 0
    assert post.server.recipients == ["ada@example.com", "bo@example.com", "cy@example.com"]


def test_a_letter_that_waits_for_days_is_given_up_and_says_so(post):
    post.put("ada@example.com")
    post.send()
    post.wait(days=3, minutes=1)
    post.send()
    [row] = post.rows()
    assert row.state == State.FAILED
    assert row.says.startswith("Given up after 2 attempts. The mail server 127.0.0.1:")
    with post.is_up():
        post.wait(days=1)
        assert post.send() == 0


def test_one_bad_address_keeps_no_other_letter_back(post):
    post.server.answers = {"bad@example.com": "550 5.1.1 no such person"}
    post.server.ends = {"spam@example.com": "554 5.7.1 looks like spam"}
    post.put("ada@example.com", "bad@example.com", "spam@example.com", "bo@example.com")
    with post.is_up():
        assert post.send() == 2
        assert post.states == [State.SENT, State.FAILED, State.FAILED, State.SENT]
        post.wait(days=4)
        assert post.send() == 0
    assert post.server.recipients == ["ada@example.com", "bo@example.com"]
    assert "550 5.1.1 no such person" in post.rows()[1].says
    assert "554 5.7.1 looks like spam" in post.rows()[2].says


@pytest.mark.parametrize("where", ["answers", "ends"])
def test_a_server_that_refuses_for_now_gets_the_letter_later(post, where):
    setattr(post.server, where, {"ada@example.com": "451 4.7.1 come again later"})
    post.put("ada@example.com", "bo@example.com")
    with post.is_up():
        assert post.send() == 1
        assert post.send() == 0
        assert "451 4.7.1" in post.rows()[0].says
        post.server.answers, post.server.ends = {}, {}
        post.wait(minutes=2)
        assert post.send() == 1
        assert post.send() == 0
    assert post.server.recipients == ["bo@example.com", "ada@example.com"]


@pytest.mark.parametrize("where", ["rcpt", "content"])
def test_a_server_that_breaks_off_in_the_middle_gets_the_letter_again(post, monkeypatch, where):
    """Without its end nobody has it (:rfc:`5321#section-4.1.1.4`)."""
    send_content = SmtpCarrier._send_content
    # Once the server has hung up, and not in the moment before.
    monkeypatch.setattr(SmtpCarrier, "_send_content", lambda *letter: (time.sleep(0.1), send_content(*letter)))
    post.server.breaks_at = where
    post.put("ada@example.com", "bo@example.com")
    with post.is_up():
        assert post.send() == 0
        assert post.states == [State.WAITING] * 2
        assert "broke off in the middle" in post.rows()[0].says
        post.server.breaks_at = ""
        post.wait(minutes=2)
        assert post.send() == 2
    assert sorted(post.server.recipients) == ["ada@example.com", "bo@example.com"]


@pytest.mark.parametrize("how", ["breaks off", "is slow"])
def test_a_letter_that_may_have_arrived_is_not_sent_twice(post, how):
    """After a letter's end the server may have it (:rfc:`5321#section-4.5.3.2.6`), so the outbox says that it may."""
    post.server.breaks_at, post.server.is_slow = ("end", 0) if how == "breaks off" else ("", 1.5)
    post.put("ada@example.com")
    with post.is_up():
        assert post.send() == 0
        post.server.breaks_at, post.server.is_slow = "", 0
        post.wait(days=2)
        assert post.send() == 0
    [row] = post.rows()
    assert row.state == State.UNCERTAIN
    assert "It may have arrived." in row.says
    assert len(post.server.kept) <= 1


def test_a_server_that_is_slow_and_says_so_at_last_has_the_letter(post):
    post.server.is_slow = 1.0
    post.put("ada@example.com")
    with post.is_up():
        assert post.send(patience=structs.replace(_SHORT, after_end=20)) == 1
    assert post.states == [State.SENT]


class _Killed(BaseException):
    """A process ends by force: nothing that stands in a handler of errors is done."""


@pytest.mark.parametrize("after_end", [False, True])
def test_a_process_that_is_killed_leaves_a_letter_that_is_sent_or_said_to_be_unsure(post, monkeypatch, after_end):
    post.put("ada@example.com")

    def die(carrier, *_arguments):
        carrier._drop()
        raise _Killed

    with post.is_up(), monkeypatch.context() as patched:
        patched.setattr(SmtpCarrier, "_end" if after_end else "_announce", die)
        with pytest.raises(_Killed):
            post.send()
    with post.is_up():
        assert post.send() == 0
        post.wait(minutes=16)
        assert post.send() == (0 if after_end else 1)
        post.wait(days=1)
        assert post.send() == 0
    assert len(post.server.kept) == (0 if after_end else 1)
    [row] = post.rows()
    assert row.state == (State.UNCERTAIN if after_end else State.SENT)


def test_a_process_that_was_held_up_for_too_long_lets_go(post, monkeypatch):
    """It comes back when another has the letter: then it sends no end, and the server keeps nothing."""
    post.put("ada@example.com")
    send_content = SmtpCarrier._send_content

    def be_held_up(carrier, smtp, content, hand_over):
        monkeypatch.setattr(SmtpCarrier, "_send_content", send_content)
        post.wait(minutes=11)
        assert post.send() == 1
        send_content(carrier, smtp, content, hand_over)

    monkeypatch.setattr(SmtpCarrier, "_send_content", be_held_up)
    with post.is_up():
        assert post.send() == 0
    assert post.server.recipients == ["ada@example.com"]
    assert post.states == [State.SENT]


def test_addresses_in_every_alphabet(post):
    post.put("ada@bücher.example", "用户@例子.example", "δοκιμή@example.com")
    with post.is_up(enable_SMTPUTF8=True):
        assert post.send() == 3
    assert [envelope.rcpt_tos for envelope in post.server.envelopes] == [
        ["ada@xn--bcher-kva.example"],
        ["用户@xn--fsqu00a.example"],
        ["δοκιμή@example.com"],
    ]
    # Only what needs it asks for it: other servers may not be able to pass it on.
    assert [envelope.smtp_utf8 for envelope in post.server.envelopes] == [False, True, True]
    assert post.server.recipients[2] == "δοκιμή@example.com"


def test_a_server_without_such_letters_is_told_so(post):
    post.put("δοκιμή@example.com", "ada@example.com", "ada@ä..example")
    with post.is_up(enable_SMTPUTF8=False):
        assert post.send() == 1
    assert post.server.recipients == ["ada@example.com"]
    first, _, last = post.rows()
    assert (first.state, "SMTPUTF8" in first.says) == (State.FAILED, True)
    assert (last.state, last.says) == (State.FAILED, "The address names no host that there could be.")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_of_any_letters_is_given_to_the_server_and_told_to_nobody(post, caplog):
    options = {"authenticator": post.server.authenticate, "auth_require_tls": False, "auth_required": True}
    post.put("ada@example.com")
    with post.is_up(**options):
        assert post.send(who="us%40er:p%C3%A4ssword%2F@") == 1
        assert post.server.signed_in == [(b"us@er", "pässword/".encode())]
        post.put("bo@example.com")
        assert post.send(who="user:wrong-one@") == 0
    row = post.rows()[1]
    assert "does not take the user and the password: 535" in row.says
    assert row.state == State.WAITING
    assert "wrong-one" not in caplog.text + row.says


def test_a_password_is_never_sent_in_clear_text_to_another_machine(post, monkeypatch):
    post.put("ada@example.com")
    monkeypatch.setattr("app.config.smtp_url._LOOPBACK", ())
    with post.is_up(authenticator=post.server.authenticate, auth_require_tls=False):
        post.send(who="user:p%C3%A4ssword%2F@")
        assert "no STARTTLS, so the password is not sent" in post.rows()[0].says
        post.wait(minutes=1)
        post.send("smtp+starttls")
        assert "no STARTTLS, so nothing is sent" in post.rows()[0].says
    assert post.server.signed_in == []


def test_what_is_no_mail_server_gets_nothing(post):
    """As where the port is another one's: what answers there never says 220."""
    post.put("ada@example.com")
    with socket.create_server(("127.0.0.1", post.port)) as listening:
        thread = threading.Thread(target=lambda: listening.accept()[0].sendall(b"HTTP/1.0 400 Bad\r\n\r\n"))
        thread.start()
        assert post.send() == 0
        thread.join()
    assert post.states == [State.WAITING]


def test_two_that_find_the_same_letter_do_not_both_get_it(post, monkeypatch):
    post.put("ada@example.com")
    with post.app.app_context():
        engine = db.engine
        found = queue._find_due(engine)
        looks = iter([found, found, []])
        monkeypatch.setattr(queue, "_find_due", lambda _engine: next(looks))
        assert queue.claim_next(engine) is not None
        assert queue.claim_next(engine) is None


def test_lines_that_begin_with_a_dot_arrive_as_they_are(post):
    """And none of them ends the letter (:rfc:`5321#section-4.5.2`)."""
    text = "One\n.\n..two\n.three\nEnd\n"
    with post.is_up():
        carrier = SmtpCarrier(post.settings, read_smtp_url(f"smtp://127.0.0.1:{post.port}"), _SHORT)
        carrier.open()
        carrier.carry(Posted("let_1", "trial", "ada@example.com", Rendered("Dots", text, "<p>Dots")), lambda: None)
        carrier.close()
    [message] = post.server.kept
    assert message.get_body(["plain"]).get_content().replace("\r\n", "\n") == text


def test_two_processes_at_once_send_each_letter_once(post):
    addresses = [f"person{number}@example.com" for number in range(12)]
    post.put(*addresses)
    with post.is_up():
        threads = [threading.Thread(target=post.send) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(post.server.recipients) == sorted(addresses)
    assert set(post.states) == {State.SENT}
