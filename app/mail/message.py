"""A letter as mail servers carry it (:rfc:`5322`)."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

import idna
from msgspec import Struct

from app import clock
from app.config import Settings
from app.mail.carrier import Posted, Refused


class Envelope(Struct, frozen=True):
    """What a mail server is told, and the bytes it is given. ``needs_utf8`` is an address that is not ASCII (:rfc:`6531`)."""

    sender: str
    recipient: str
    needs_utf8: bool
    content: bytes


def make_envelope(settings: Settings, posted: Posted) -> Envelope:
    """Returns the letter, ready to be given away. Raises :class:`Refused` for an address that no mail can go to."""
    recipient = spell_address(posted.recipient)
    needs_utf8 = not recipient.isascii()
    domain = find_domain(settings)
    name, sender = settings.mail_from
    sender = sender or f"no-reply@{domain}"
    message = EmailMessage(policy=SMTP.clone(utf8=needs_utf8))
    message["From"] = _header_address(name or settings.site_name, sender)
    message["To"] = _header_address("", recipient)
    message["Subject"] = posted.rendered.subject
    message["Date"] = format_datetime(clock.now())
    # The same each time that it is tried: no mail server has had it before. Sent again although it may have arrived,
    # it is another letter, with other links in it.
    again = f".{posted.edition}" if posted.edition > 1 else ""
    message["Message-ID"] = f"<{posted.id}{again}@{domain}>"
    # Nobody's "I am on holiday" answers it (RFC 3834 section 5).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(posted.rendered.text, cte="quoted-printable")
    message.add_alternative(posted.rendered.html, subtype="html", cte="quoted-printable")
    return Envelope(sender, recipient, needs_utf8, bytes(message))


def find_domain(settings: Settings) -> str:
    """Returns what this server is called among mail servers: the issuer's host."""
    host = urlsplit(settings.issuer).hostname or "localhost"
    return host if settings.is_https else "localhost"


def spell_address(address: str) -> str:
    """Returns an address as mail servers look it up: its host in ASCII. Raises :class:`Refused` for a host that is none."""
    local, _, host = address.rpartition("@")
    try:
        return f"{local}@{host if host.isascii() else idna.encode(host, uts46=True).decode()}"
    except idna.IDNAError:
        raise Refused("The address names no host that there could be.") from None


def _header_address(name: str, address: str) -> Address:
    local, _, host = address.rpartition("@")
    return Address(display_name=name, username=local, domain=host)
