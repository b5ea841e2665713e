"""Who may register itself, and what clients that no organization registered may ask for."""

import re
from typing import Any

from app.config.chosen import PRIVATE_SCHEMES
from app.config.errors import ConfigurationError
from app.config.values import Environment, show
from app.scopes import SCOPES, parse_scope

_SHORTEST_TOKEN = 16
_SCHEME = re.compile(r"[a-z][a-z0-9+-]{0,39}")
#: What browsers do something else with than hand it to a program that has asked for it.
_NO_PRIVATE_SCHEMES = frozenset(
    "about blob cid content data file filesystem ftp http https intent jar javascript mailto sms tel urn vbscript"
    " view-source ws wss".split()
)
_MOST_SCHEMES = 100


def read_registration(environment: Environment) -> dict[str, Any]:
    """Returns the settings. Raises :class:`ConfigurationError`."""
    chosen = environment.choice("CLIENT_REGISTRATION", "open", ("open", "token", "off"))
    token = environment.text("CLIENT_REGISTRATION_TOKEN")
    if token and not _is_token(token):
        wrong = "too short" if len(token) < _SHORTEST_TOKEN else "not one plain word"
        raise ConfigurationError(
            f"CLIENT_REGISTRATION_TOKEN is {wrong}; give at least {_SHORTEST_TOKEN} random letters and digits."
        )
    if chosen == "token" and not token:
        raise ConfigurationError("CLIENT_REGISTRATION is 'token': give the token as CLIENT_REGISTRATION_TOKEN, too.")
    return {
        "client_registration": chosen,
        "client_registration_token": token,
        "third_party_scopes": _third_party_scopes(environment),
        "private_schemes": _private_schemes(environment),
    }


def _is_token(text: str) -> bool:
    return len(text) >= _SHORTEST_TOKEN and text.isascii() and text.isprintable() and " " not in text


def _third_party_scopes(environment: Environment) -> tuple[str, ...]:
    text = environment.text("THIRD_PARTY_SCOPES")
    named = parse_scope(text)
    if not named <= SCOPES.keys() or (text and not named):
        raise ConfigurationError(f"THIRD_PARTY_SCOPES names what is no scope; the scopes are {' '.join(SCOPES)}.")
    return tuple(name for name in SCOPES if name in named) or tuple(SCOPES)


def _private_schemes(environment: Environment) -> tuple[str, ...]:
    text = environment.text("PRIVATE_SCHEMES")
    if not text:
        return PRIVATE_SCHEMES
    named = tuple(dict.fromkeys(text.replace(",", " ").split()))
    if named == ("none",):
        return ()
    if not named or "none" in named:
        raise ConfigurationError(
            f"PRIVATE_SCHEMES is {show(text)}; give schemes with a comma between two, or none and nothing else."
        )
    for scheme in named:
        if _SCHEME.fullmatch(scheme) is None:
            raise ConfigurationError(
                f"PRIVATE_SCHEMES has {show(scheme)}; give schemes in small letters, without a colon or a dot, as in cursor."
            )
        if scheme in _NO_PRIVATE_SCHEMES:
            raise ConfigurationError(
                f"PRIVATE_SCHEMES has {show(scheme)}, with which browsers do something of their own."
            )
    if len(named) > _MOST_SCHEMES:
        raise ConfigurationError(f"PRIVATE_SCHEMES has {len(named)} schemes; give at most {_MOST_SCHEMES}.")
    return named
