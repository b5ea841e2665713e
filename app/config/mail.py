"""The mail server, and who letters come from."""

import re
from typing import Any

from app.config.errors import ConfigurationError
from app.config.smtp_url import read_smtp_url
from app.config.values import Environment, show
from app.text import find_line_problem

_FROM = re.compile(r"(?:(?P<name>[^<>@]*)<(?P<named>[^<>]+)>|(?P<plain>[^<>]+))")
# Of our own address we ask that every mail server takes it.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def read_mail(environment: Environment) -> dict[str, Any]:
    """Returns the settings. Raises :class:`ConfigurationError`."""
    url = environment.text("SMTP_URL").strip()
    if url:
        try:
            read_smtp_url(url)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
    return {"smtp_url": url or None, "mail_from": _read_from(environment.text("MAIL_FROM").strip())}


def _read_from(text: str) -> tuple[str, str]:
    if not text:
        return "", ""
    found = _FROM.fullmatch(text)
    name = (found["name"] or "").strip().strip('"') if found else ""
    address = ((found["named"] or found["plain"]) if found else "").strip()
    if not _ADDRESS.fullmatch(address) or ".." in address or len(name) > 60 or (name and find_line_problem(name)):
        raise ConfigurationError(
            f"MAIL_FROM is {show(text)}; give an e-mail address, as in no-reply@example.com,"
            " or one with a name: Example <no-reply@example.com>."
        )
    return name, address
