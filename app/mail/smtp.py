"""Giving letters to a mail server (:rfc:`5321`), and telling apart everything that can come of it.

The line is drawn at the end of a letter's content. Before it the server has nothing, so whatever breaks, the letter is
tried again. After it, and before an answer, the server may have it (:rfc:`5321#section-4.5.3.2.6` has us wait ten
minutes): such a letter is told as uncertain, and is not sent twice by itself.
"""

import contextlib
import re
import select
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from app.config import Settings
from app.config.smtp_url import Security, SmtpServer
from app.mail.carrier import NotNow, NoWay, Posted, Refused, Unsure
from app.mail.message import Envelope, find_domain, make_envelope
from app.mail.smtp_answers import in_base64, say_answer

_BUSY = 421
#: What a connection that breaks raises, or a server that does not speak SMTP.
_BROKEN = (smtplib.SMTPException, OSError, ValueError)
_DOT_FIRST = re.compile(rb"^\.", re.MULTILINE)


class Patience(Struct, frozen=True):
    """For how many seconds the server is waited for: to be reached, for one answer, for all that comes before a
    letter's end, and for what it says to that."""

    connection: float = 15
    answer: float = 60
    before_end: float = 240
    after_end: float = 600


class SmtpCarrier:
    """One connection at a time, kept for the next letter."""

    def __init__(self, settings: Settings, server: SmtpServer, patience: Patience | None = None) -> None:
        self._settings = settings
        self._server = server
        self._patience = patience or Patience()
        self._smtp: smtplib.SMTP | None = None

    def open(self) -> None:
        """Be connected, and signed in. Raises :class:`NoWay`."""
        if self._smtp is not None and self._is_ready(self._smtp):
            return
        self.close()
        with self._told_as_no_way():
            self._smtp = self._connect()
            with _at_most(self._smtp, self._patience.before_end):
                self._greet(self._smtp)

    def carry(self, posted: Posted, hand_over: Callable[[], None]) -> str:
        """Give the letter to the server. Returns what it said. Raises a :class:`app.mail.carrier.NotCarried`."""
        smtp = self._smtp
        if smtp is None:
            raise NoWay("There is no connection to the mail server.")
        envelope = make_envelope(self._settings, posted)
        try:
            with _at_most(smtp, self._patience.before_end):
                self._announce(smtp, envelope)
                self._send_content(smtp, envelope.content, hand_over)
        except _BROKEN as error:
            self._drop()
            raise NotNow(f"{self._named} broke off in the middle of the letter: {self._words(error)}") from None
        return self._end(smtp)

    def close(self) -> None:
        """Say goodbye, without waiting long for an answer."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(*_BROKEN), _at_most(smtp, self._patience.connection):
                smtp.quit()
            smtp.close()

    # -- connecting --------------------------------------------------------------------------------

    def _connect(self) -> smtplib.SMTP:
        server, timeout = self._server, self._patience.connection
        name = "[127.0.0.1]" if server.is_on_this_machine else find_domain(self._settings)
        if server.security is Security.TLS:
            context = ssl.create_default_context()
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, local_hostname=name, timeout=timeout, context=context
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, local_hostname=name, timeout=timeout)
        _socket_of(smtp).settimeout(self._patience.answer)
        return smtp

    def _greet(self, smtp: smtplib.SMTP) -> None:
        server = self._server
        smtp.ehlo_or_helo_if_needed()
        offers_tls = smtp.has_extn("starttls")
        if server.security is Security.STARTTLS or (
            server.security is Security.AS_OFFERED and offers_tls and not server.is_on_this_machine
        ):
            if not offers_tls:
                raise NoWay(f"{self._named} offers no STARTTLS, so nothing is sent.")
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
        if server.user:
            is_open = not isinstance(smtp.sock, ssl.SSLSocket) and not server.is_on_this_machine
            if is_open:
                raise NoWay(f"{self._named} offers no STARTTLS, so the password is not sent.")
            self._sign_in(smtp)

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        server, ways = self._server, smtp.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in ways:
            # smtplib's own takes ASCII alone; it is UTF-8 (RFC 4616 section 2).
            code, said = smtp.docmd("AUTH", f"PLAIN {in_base64(server.plain_credentials)}")
        elif "LOGIN" in ways:
            code, said = smtp.docmd("AUTH", f"LOGIN {in_base64(server.user)}")
            if code == 334:
                code, said = smtp.docmd(in_base64(server.password))
        else:
            raise NoWay(f"{self._named} offers no way to sign in that is known here (PLAIN, LOGIN).")
        if code not in (235, 503):
            raise NoWay(f"{self._named} does not take the user and the password: {self._words((code, said))}")

    def _is_ready(self, smtp: smtplib.SMTP) -> bool:
        try:
            with _at_most(smtp, self._patience.answer):
                return smtp.rset()[0] == 250
        except _BROKEN:
            return False

    # -- one letter --------------------------------------------------------------------------------

    def _announce(self, smtp: smtplib.SMTP, envelope: Envelope) -> None:
        options = ""
        if envelope.needs_utf8:
            if not smtp.has_extn("smtputf8"):
                raise Refused(f"{self._named} takes no address with letters like these (it offers no SMTPUTF8).")
            smtp.command_encoding, options = "utf-8", " SMTPUTF8"
        try:
            answer = smtp.docmd(f"MAIL FROM:<{envelope.sender}>{options}")
            if answer[0] != 250:
                # It says nothing of this letter yet, but of us.
                raise NoWay(f"{self._named} takes nothing from {envelope.sender}: {self._words(answer)}")
            answer = smtp.docmd(f"RCPT TO:<{envelope.recipient}>")
            if answer[0] not in (250, 251):
                raise self._problem(answer, "takes no letter for this address")
            answer = smtp.docmd("DATA")
            if answer[0] != 354:
                raise self._problem(answer, "takes no letter")
        finally:
            smtp.command_encoding = "ascii"

    def _send_content(self, smtp: smtplib.SMTP, content: bytes, hand_over: Callable[[], None]) -> None:
        try:
            # A line that begins with a dot gets a second one (RFC 5321 section 4.5.2).
            smtp.send(_DOT_FIRST.sub(b"..", content if content.endswith(b"\r\n") else content + b"\r\n"))
            _check_that_it_listens(smtp)
            hand_over()
        except BaseException:
            # The letter has no end, and must not get one: whatever were said now would be a line of it.
            self._drop()
            raise

    def _end(self, smtp: smtplib.SMTP) -> str:
        """Send the end, after which the server may have the letter, and wait for what it says."""
        try:
            _socket_of(smtp).settimeout(self._patience.after_end)
            with _at_most(smtp, self._patience.after_end):
                smtp.send(b".\r\n")
                answer = smtp.getreply()
            _socket_of(smtp).settimeout(self._patience.answer)
        except _BROKEN as error:
            self._drop()
            raise Unsure(
                f"{self._named} was given all of the letter, and broke off before it said whether it keeps it"
                f" ({self._words(error)}). It may have arrived."
            ) from None
        if answer[0] != 250:
            raise self._problem(answer, "was given the letter and does not keep it")
        return self._words(answer)

    def _problem(self, answer: tuple[int, bytes], what: str) -> NotNow | Refused:
        says = f"{self._named} {what}: {self._words(answer)}"
        if answer[0] == _BUSY:
            self._drop()
        return Refused(says) if 500 <= answer[0] < 600 else NotNow(says)

    def _drop(self) -> None:
        """Hang up without a word."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    # -- words -------------------------------------------------------------------------------------

    @property
    def _named(self) -> str:
        return f"The mail server {self._server.name}"

    @contextmanager
    def _told_as_no_way(self) -> Iterator[None]:
        try:
            yield
        except NoWay:
            self._drop()
            raise
        except _BROKEN as error:
            self._drop()
            if isinstance(error, ssl.SSLCertVerificationError):
                raise NoWay(f"{self._named} has a certificate that is not trusted: {error.verify_message}.") from None
            raise NoWay(f"{self._named} cannot be used: {self._words(error)}") from None

    def _words(self, told: Exception | tuple[int, bytes]) -> str:
        return say_answer(told, self._server)


def _socket_of(smtp: smtplib.SMTP) -> socket.socket:
    connection = smtp.sock
    # smtplib has closed it by itself.
    if connection is None:
        raise smtplib.SMTPServerDisconnected("the connection was closed")
    return connection


def _check_that_it_listens(smtp: smtplib.SMTP) -> None:
    """Raise if the server has hung up: what was sent since went nowhere, and neither would the letter's end."""
    connection = _socket_of(smtp)
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    # Of the socket itself, under TLS too.
    if poll.poll(0) and not socket.socket.recv(connection, 1, socket.MSG_PEEK):
        raise smtplib.SMTPServerDisconnected("the connection was closed")


@contextmanager
def _at_most(smtp: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Let what happens in a ``with`` block fail after so long, however busily the server says next to nothing."""
    timer = threading.Timer(seconds, _hang_up, (smtp.sock,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: socket.socket | None) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
