"""What a client's fields may hold, and the sentence for each that may not."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app import text
from app.clients.models import CONFIDENTIAL, PUBLIC
from app.clients.redirect_uris import (
    find_origin_problems,
    find_redirect_uri_problems,
    find_web_address_problem,
    quoted,
)
from app.config import Settings, settings
from app.scopes import OFFLINE_ACCESS, SCOPES
from app.sentences import _

MAX_NAME = 100
MAX_DESCRIPTION = 500
MAX_LABEL = 100

# The shortest lifetimes, in seconds, that leave an app time to work. The longest are the server's own.
_LEAST_ACCESS_TOKEN_LIFETIME = 60
_LEAST_REFRESH_TOKEN_LIFETIME = 60 * 60


class ClientError(ValueError):
    """What is wrong with a client's fields. ``field`` and ``sentence`` say the first problem, ``problems`` all of them.

    ``problems`` is a list of ``(field, sentence)``; each sentence is for a person and holds no secret.
    """

    def __init__(self, field: str, sentence: str, problems: Iterable[tuple[str, str]] = ()):
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence
        self.problems = list(problems) or [(field, sentence)]


def clean_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields without surrounding space, with lists as lists and ``offline_access`` left out of the scopes."""
    cleaned = dict(fields)
    cleaned["name"] = text.clean_name(cleaned["name"])
    for name in ("description", "homepage_url", "privacy_url", "terms_url"):
        cleaned[name] = cleaned[name].strip()
    cleaned["description"] = cleaned["description"].replace("\r\n", "\n")
    cleaned["redirect_uris"] = list(cleaned["redirect_uris"])
    cleaned["request_origins"] = sorted(cleaned["request_origins"])
    cleaned["scopes"] = set(cleaned["scopes"]) - {OFFLINE_ACCESS}
    cleaned["optional_scopes"] = set(cleaned["optional_scopes"]) - {OFFLINE_ACCESS}
    return cleaned


def find_field_problems(fields: Mapping[str, Any], *, draft: bool = False) -> list[tuple[str, str]]:
    """Every problem as ``(field, sentence)``, in the order of the form. A draft may lack what makes an app work."""
    problems = [
        (field, sentence)
        for field, find in _CHECKS
        if fields[field] or not (draft and field in _MISSING_IN_DRAFTS)
        for sentence in find(fields[field])
    ]
    beyond = sorted(fields["optional_scopes"] - fields["scopes"])
    if beyond:
        named = ", ".join(quoted(name) for name in beyond[:5])
        problems.append(
            ("optional_scopes", _("%(named)s can be optional only if it is among the scopes too.", named=named))
        )
    return problems


def check_label(label: str) -> str:
    """A secret's label on one line, or empty. Raises :class:`ClientError`."""
    label = label.strip()
    if len(label) > MAX_LABEL:
        raise ClientError(
            "label",
            _("The label has %(length)s characters; %(most)s is the most.", length=len(label), most=MAX_LABEL),
        )
    problem = text.find_line_problem(label) if label else None
    if problem:
        raise ClientError("label", _("The label %(problem)s", problem=problem))
    return text.clean_line(label)


def access_token_bounds(settings: Settings) -> tuple[int, int]:
    """The least and the most seconds that a client's access tokens may live."""
    most = settings.access_token_lifetime
    return min(_LEAST_ACCESS_TOKEN_LIFETIME, most), most


def refresh_token_bounds(settings: Settings) -> tuple[int, int]:
    """The least and the most seconds that a client's refresh tokens may live, from their last rotation."""
    most = settings.refresh_token_lifetime
    return min(_LEAST_REFRESH_TOKEN_LIFETIME, most), most


def _find_type_problems(type_: str) -> Iterable[str]:
    if type_ not in (CONFIDENTIAL, PUBLIC):
        yield _("Choose whether the app is confidential or public.")


def _find_name_problems(name: str) -> Iterable[str]:
    if not name:
        yield _("Give the app a name: people see it when they decide.")
    elif len(name) > MAX_NAME:
        yield _("The name has %(length)s characters; %(most)s is the most.", length=len(name), most=MAX_NAME)
    elif problem := text.find_name_problem(name):
        yield _("The name %(problem)s", problem=problem)


def _find_description_problems(description: str) -> Iterable[str]:
    if len(description) > MAX_DESCRIPTION:
        yield _(
            "The description has %(length)s characters; %(most)s is the most.",
            length=len(description),
            most=MAX_DESCRIPTION,
        )
    elif problem := text.find_hidden(description.replace("\n", "")):
        yield _("The description %(problem)s", problem=problem)


def _find_address_problems(address: str) -> Iterable[str]:
    problem = find_web_address_problem(address) if address else None
    if problem:
        yield problem


def _find_scope_problems(scopes: set[str]) -> Iterable[str]:
    unknown = sorted(scopes - SCOPES.keys())
    if unknown:
        named = ", ".join(quoted(name) for name in unknown[:5])
        yield _("There is no scope %(named)s; the scopes are %(scopes)s.", named=named, scopes=", ".join(SCOPES))
    elif not scopes:
        yield _("Choose at least one scope.")


def _find_optional_scope_problems(scopes: set[str]) -> Iterable[str]:
    if scopes:
        yield from _find_scope_problems(scopes)


def _find_access_lifetime_problems(seconds: int | None) -> Iterable[str]:
    yield from _find_lifetime_problems(_("An access token"), seconds, *access_token_bounds(settings()))


def _find_refresh_lifetime_problems(seconds: int | None) -> Iterable[str]:
    yield from _find_lifetime_problems(_("A refresh token"), seconds, *refresh_token_bounds(settings()))


def _find_lifetime_problems(what: str, seconds: int | None, least: int, most: int) -> Iterable[str]:
    if seconds is not None and not least <= seconds <= most:
        yield _(
            "%(what)s may live from %(least)s to %(most)s seconds on this server.", what=what, least=least, most=most
        )


_CHECKS: tuple[tuple[str, Callable[[Any], Iterable[str]]], ...] = (
    ("name", _find_name_problems),
    ("description", _find_description_problems),
    ("homepage_url", _find_address_problems),
    ("privacy_url", _find_address_problems),
    ("terms_url", _find_address_problems),
    ("type", _find_type_problems),
    ("redirect_uris", find_redirect_uri_problems),
    ("request_origins", find_origin_problems),
    ("scopes", _find_scope_problems),
    ("optional_scopes", _find_optional_scope_problems),
    ("access_token_lifetime", _find_access_lifetime_problems),
    ("refresh_token_lifetime", _find_refresh_lifetime_problems),
)
_MISSING_IN_DRAFTS = ("redirect_uris", "scopes")
