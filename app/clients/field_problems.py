"""What is wrong with the value of a client's field: one sentence for each problem."""

from collections.abc import Iterable
from typing import Any

from app import text
from app.clients.address_problems import find_web_address_problem, quoted
from app.clients.errors import ClientError
from app.clients.models import CONFIDENTIAL, PUBLIC
from app.clients.resources.addresses import find_place_problem
from app.config import Settings
from app.scopes import SCOPES
from app.sentences import _

MAX_NAME = 100
MAX_DESCRIPTION = 500
MAX_LABEL = 100


def check_label(label: str) -> str:
    """Returns a secret's label on one line, or empty. Raises :class:`ClientError`."""
    label = text.clean_line(label)
    if len(label) > MAX_LABEL:
        raise ClientError(
            "label",
            _("The label has %(length)s characters; %(most)s is the most.", length=len(label), most=MAX_LABEL),
        )
    problem = text.find_line_problem(label) if label else None
    if problem:
        raise ClientError("label", _("The label %(problem)s", problem=problem))
    return label


def find_type_problems(type_: str) -> Iterable[str]:
    if type_ not in (CONFIDENTIAL, PUBLIC):
        yield _("Choose whether the app is confidential or public.")


def find_name_problems(name: str) -> Iterable[str]:
    if not name:
        yield _("Give the app a name: people see it when they decide.")
    elif len(name) > MAX_NAME:
        yield _("The name has %(length)s characters; %(most)s is the most.", length=len(name), most=MAX_NAME)
    elif problem := text.find_name_problem(name):
        yield _("The name %(problem)s", problem=problem)


def find_description_problems(description: str) -> Iterable[str]:
    if len(description) > MAX_DESCRIPTION:
        yield _(
            "The description has %(length)s characters; %(most)s is the most.",
            length=len(description),
            most=MAX_DESCRIPTION,
        )
    elif problem := text.find_hidden(description.replace("\n", "")):
        yield _("The description %(problem)s", problem=problem)


def find_address_problems(address: str) -> Iterable[str]:
    problem = find_web_address_problem(address) if address else None
    if problem:
        yield problem


def find_scope_problems(scopes: set[str]) -> Iterable[str]:
    unknown = sorted(scopes - SCOPES.keys())
    if unknown:
        named = ", ".join(quoted(name) for name in unknown[:5])
        yield _("There is no scope %(named)s; the scopes are %(scopes)s.", named=named, scopes=", ".join(SCOPES))
    elif not scopes:
        yield _("Choose at least one scope.")


def find_optional_scope_problems(scopes: set[str]) -> Iterable[str]:
    if scopes:
        yield from find_scope_problems(scopes)


def may_lack(fields: Any, name: str, *, draft: bool) -> bool:
    """Returns whether a client with these fields works without the one of this name, or need not work.

    A resource server need not ask anybody for anything, and from a device nobody comes back.
    """
    return draft or bool(fields.resources) or (name == "redirect_uris" and fields.device_flow)


def find_problems_between(fields: Any, settings: Settings) -> Iterable[tuple[str, str]]:
    """Yields what is wrong between two of a client's fields, each for itself all right: ``(field, sentence)``."""
    places = (find_place_problem(address, settings.issuer) for address in fields.resources)
    yield from (("resources", problem) for problem in places if problem)
    if fields.resources and fields.type == PUBLIC:
        yield "resources", _("A resource server needs a secret, which a public app has not.")
    if fields.jwks and fields.jwks_uri:
        yield "jwks_uri", _("Give either the public keys or the address where they lie.")
    if fields.published and not fields.homepage_url:
        yield "homepage_url", _("A public app needs a landing page: the list of apps leads there.")
    beyond = sorted(set(fields.optional_scopes) - set(fields.scopes))
    if beyond:
        named = ", ".join(quoted(name) for name in beyond[:5])
        yield "optional_scopes", _("%(named)s can be optional only if it is among the scopes too.", named=named)


def find_no_problems(_value: object) -> Iterable[str]:
    """Returns none: any value of the kind will do."""
    return ()
