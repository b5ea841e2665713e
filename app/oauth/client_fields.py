"""What a client's fields may hold, and the sentence for each that may not."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.oauth.models.client import CONFIDENTIAL, PUBLIC
from app.oauth.redirect_uris import find_redirect_uri_problems, find_web_address_problem, quoted
from app.oauth.scopes import OFFLINE_ACCESS, SCOPES

MAX_NAME = 100
MAX_DESCRIPTION = 500

# Control characters, lone surrogates and line separators; and the invisible ones that make a name
# on the consent screen read as another. The two joiners stay: Persian and emoji are written with them.
_HIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"


def clean_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields without surrounding space, with lists as lists and ``offline_access`` left out of the scopes."""
    cleaned = dict(fields)
    for name in ("name", "description", "homepage_url"):
        cleaned[name] = cleaned[name].strip()
    cleaned["description"] = cleaned["description"].replace("\r\n", "\n")
    cleaned["redirect_uris"] = list(cleaned["redirect_uris"])
    cleaned["scopes"] = set(cleaned["scopes"]) - {OFFLINE_ACCESS}
    return cleaned


def find_field_problems(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every problem as ``(field, sentence)``, in the order of the form."""
    return [(field, sentence) for field, find in _CHECKS for sentence in find(fields[field])]


def _find_type_problems(type_: str) -> Iterable[str]:
    if type_ not in (CONFIDENTIAL, PUBLIC):
        yield "Choose whether the app is confidential or public."


def _find_name_problems(name: str) -> Iterable[str]:
    if not name:
        yield "Give the app a name: people see it when they decide."
    elif len(name) > MAX_NAME:
        yield f"The name has {len(name)} characters; {MAX_NAME} is the most."
    elif _has_hidden(name):
        yield "The name contains an invisible or control character; type it again without."
    elif not any(unicodedata.category(character)[0] in "LNPS" for character in name):
        yield "The name has no visible character."


def _find_description_problems(description: str) -> Iterable[str]:
    if len(description) > MAX_DESCRIPTION:
        yield f"The description has {len(description)} characters; {MAX_DESCRIPTION} is the most."
    elif _has_hidden(description.replace("\n", "")):
        yield "The description contains an invisible or control character; type it again without."


def _find_homepage_problems(homepage_url: str) -> Iterable[str]:
    problem = find_web_address_problem(homepage_url) if homepage_url else None
    if problem:
        yield problem


def _find_scope_problems(scopes: set[str]) -> Iterable[str]:
    unknown = sorted(scopes - SCOPES.keys())
    if unknown:
        named = ", ".join(quoted(name) for name in unknown[:5])
        yield f"There is no scope {named}; the scopes are {', '.join(SCOPES)}."
    elif not scopes:
        yield "Choose at least one scope."


def _has_hidden(text: str) -> bool:
    return any(unicodedata.category(letter) in _HIDDEN_CATEGORIES and letter not in _JOINERS for letter in text)


_CHECKS: tuple[tuple[str, Callable[[Any], Iterable[str]]], ...] = (
    ("name", _find_name_problems),
    ("description", _find_description_problems),
    ("homepage_url", _find_homepage_problems),
    ("type", _find_type_problems),
    ("redirect_uris", find_redirect_uri_problems),
    ("scopes", _find_scope_problems),
)
