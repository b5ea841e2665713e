"""The guide's examples: which there are, in which languages, for which type of client.

Each is a file of ``templates/guide/snippets``, named after itself and its language. Values get into one only through
``quoted``, which makes of them a literal of that language: a redirect URI may hold what a shell would obey.
"""

import json
import shlex
from collections.abc import Mapping

from flask import render_template
from msgspec import Struct

from app.clients.models import CONFIDENTIAL, PUBLIC
from app.config import Settings
from app.guide.apps import ExampleApp

#: language -> what a reader calls it.
LANGUAGES = {"shell": "curl", "python": "Python", "javascript": "JavaScript"}

_SERVER: tuple[str, ...] = ("shell", "python")
_ALL: tuple[str, ...] = ("shell", "python", "javascript")
_BOTH_TYPES = {CONFIDENTIAL: _SERVER, PUBLIC: _ALL}
_CONFIDENTIAL = {CONFIDENTIAL: _SERVER}

#: name -> type of client -> languages, the first being the one that is shown when the reader's is not there.
SNIPPETS: dict[str, Mapping[str, tuple[str, ...]]] = {
    "setup": _BOTH_TYPES,
    "authorize": _BOTH_TYPES,
    "answer": {CONFIDENTIAL: _SERVER, PUBLIC: _SERVER},
    "check": _BOTH_TYPES,
    "exchange": _BOTH_TYPES,
    "me": _BOTH_TYPES,
    "web-app": {CONFIDENTIAL: ("python",)},
    "mementos": _BOTH_TYPES,
    "search": _BOTH_TYPES,
    "save": _BOTH_TYPES,
    "client-credentials": _CONFIDENTIAL,
    "refresh": _BOTH_TYPES,
    "introspect": _CONFIDENTIAL,
    "introspect-now": {CONFIDENTIAL: ("python",)},
    "revoke": _BOTH_TYPES,
    "device": {CONFIDENTIAL: _SERVER, PUBLIC: _SERVER},
    "device-wait": {CONFIDENTIAL: _SERVER, PUBLIC: _SERVER},
    "native": {PUBLIC: ("python",)},
    "preflight": {PUBLIC: ("shell",)},
    "push": {CONFIDENTIAL: _SERVER, PUBLIC: _SERVER},
    "signing-key": {CONFIDENTIAL: ("python",)},
    "sign": {CONFIDENTIAL: ("python",)},
    "discovery": _BOTH_TYPES,
    "openapi": {CONFIDENTIAL: _SERVER, PUBLIC: _SERVER},
    "documents": {CONFIDENTIAL: _SERVER, PUBLIC: _SERVER},
}

_LITERALS = {"shell": shlex.quote, "python": json.dumps, "javascript": json.dumps}


class Version(Struct, frozen=True):
    """An example in one language."""

    language: str
    label: str
    text: str
    is_open: bool


def render_versions(name: str, app: ExampleApp, settings: Settings, preferred: str) -> list[Version]:
    """Returns the example in every language that the app's type has it in; the preferred one is open, or else the first."""
    languages = SNIPPETS[name].get(app.type, ())
    shown = preferred if preferred in languages else next(iter(languages), None)
    return [
        Version(language, LANGUAGES[language], _render(name, language, app, settings), language == shown)
        for language in languages
    ]


def _render(name: str, language: str, app: ExampleApp, settings: Settings) -> str:
    text = render_template(
        f"guide/snippets/{name}.{language}",
        app=app,
        issuer=settings.issuer,
        is_https=settings.is_https,
        quoted=_LITERALS[language],
    )
    return text.strip() + "\n"
