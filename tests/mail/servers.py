"""Mail servers on loopback, by aiosmtpd, that do what a test wants them to."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from tests.ports import free_port


class Behaviour:
    """What the server does, and what it has got. ``answers`` are by the recipient: ``{"eve@…": "550 no"}``."""

    def __init__(self) -> None:
        self.kept: list[EmailMessage] = []
        self.envelopes: list[Any] = []
        self.answers: dict[str, str] = {}
        self.ends: dict[str, str] = {}
        #: ``"rcpt"``, ``"content"`` or ``"end"``: where the connection breaks.
        self.breaks_at = ""
        #: Seconds before it answers to a letter's end.
        self.is_slow = 0.0
        self.greeted: list[str] = []
        self.signed_in: list[tuple[bytes, bytes]] = []

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if self.breaks_at == "rcpt":
            server.transport.abort()
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        [recipient] = envelope.rcpt_tos
        if recipient in self.ends:
            return self.ends[recipient]
        if self.is_slow:
            await asyncio.sleep(self.is_slow)
        self.kept.append(message_from_bytes(envelope.content, policy=policy.default))
        self.envelopes.append(envelope)
        if self.breaks_at == "end":
            server.transport.abort()
        return "250 kept as 1234"

    def authenticate(self, server, session, envelope, mechanism, data):
        self.signed_in.append((data.login, data.password))
        return AuthResult(success=data.password == "pässword/".encode(), handled=False)

    @property
    def recipients(self) -> list[str]:
        """To whom letters were kept, in order."""
        return [message["To"] for message in self.kept]


class _Server(SMTP):
    async def smtp_DATA(self, arg):
        if self.event_handler.breaks_at == "content":
            await self.push("354 go on")
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def factory(self):
        return _Server(self.handler, **self.SMTP_kwargs)


@contextmanager
def mail_server(behaviour: Behaviour, port: int = 0, **options: Any) -> Iterator[int]:
    """A running server. Yields its port."""
    controller = _Controller(behaviour, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
