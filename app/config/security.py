"""Whom to tell of a weakness (:rfc:`9116#section-2.5.3`)."""

import re
from typing import Any

from app.config.errors import ConfigurationError
from app.config.values import Environment, show

_MOST_CONTACTS = 5
_LONGEST = 300
# What an address of ours may hold: no space and no line break, so that nothing of it is a line of its own.
_CONTACT = re.compile(r"mailto:[^\s@,]+@[^\s@,]+|https://[!-~]+|tel:\+[0-9().-]+", re.ASCII)
_PAGE = re.compile(r"https://[!-~]+")


def read_security(environment: Environment) -> dict[str, Any]:
    return {"security_contacts": _contacts(environment), "security_policy": _policy(environment)}


def _contacts(environment: Environment) -> tuple[str, ...]:
    given = re.findall(r"[^\s,]+", environment.text("SECURITY_CONTACT"))
    contacts = tuple(f"mailto:{one}" if re.fullmatch(r"[^@:/]+@[^@:/]+", one) else one for one in given)
    for one in contacts:
        if not _CONTACT.fullmatch(one) or len(one) > _LONGEST or not one.isascii():
            raise ConfigurationError(
                f"SECURITY_CONTACT has {show(one)}; give e-mail addresses, https:// addresses or tel:+49…,"
                " with a comma between two."
            )
    if len(contacts) > _MOST_CONTACTS:
        raise ConfigurationError(f"SECURITY_CONTACT has {len(contacts)} contacts; give at most {_MOST_CONTACTS}.")
    return contacts


def _policy(environment: Environment) -> str:
    policy = environment.text("SECURITY_POLICY")
    if policy and (not _PAGE.fullmatch(policy) or len(policy) > _LONGEST):
        raise ConfigurationError(f"SECURITY_POLICY is {show(policy)}; give the https:// address of a page.")
    return policy
