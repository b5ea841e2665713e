"""Who may register itself, and what clients that no organization registered may ask for."""

from typing import Any

from app.config.errors import ConfigurationError
from app.config.values import Environment
from app.scopes import SCOPES, parse_scope

_SHORTEST_TOKEN = 16


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
    }


def _is_token(text: str) -> bool:
    return len(text) >= _SHORTEST_TOKEN and text.isascii() and text.isprintable() and " " not in text


def _third_party_scopes(environment: Environment) -> tuple[str, ...]:
    text = environment.text("THIRD_PARTY_SCOPES")
    named = parse_scope(text)
    if not named <= SCOPES.keys() or (text and not named):
        raise ConfigurationError(f"THIRD_PARTY_SCOPES names what is no scope; the scopes are {' '.join(SCOPES)}.")
    return tuple(name for name in SCOPES if name in named) or tuple(SCOPES)
