"""The hosts that may be asked for what apps keep there: client id metadata documents, logos, proofs."""

import re
from typing import Any

from app.config.errors import ConfigurationError
from app.config.values import Environment, show

# Nothing is ever fetched from a number, so its last part begins with a letter.
_PATTERN = re.compile(r"\*|(\*\.)?([a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{0,62}")
_MOST = 200


def read_document_hosts(environment: Environment) -> dict[str, Any]:
    """Returns the settings. Raises :class:`ConfigurationError`."""
    return {
        "client_document_hosts": _patterns(environment, "CLIENT_DOCUMENT_HOSTS"),
        "client_document_hosts_denied": _patterns(environment, "CLIENT_DOCUMENT_HOSTS_DENIED"),
    }


def _patterns(environment: Environment, name: str) -> tuple[str, ...]:
    text = environment.text(name)
    patterns = tuple(text.lower().replace(",", " ").split())
    if text and not patterns:
        raise ConfigurationError(f"{name} is {show(text)} and has no host; give some, or leave it out.")
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise ConfigurationError(
                f"{name} has {show(pattern)}; give host names, as in claude.ai, or *.example.com for all below one."
            )
    if len(patterns) > _MOST:
        raise ConfigurationError(f"{name} has {len(patterns)} hosts; give at most {_MOST}.")
    return patterns
