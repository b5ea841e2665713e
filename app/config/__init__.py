"""Settings from the environment. A bad one stops the start with one clear sentence.

Each file reads one group; a new setting is a field of :class:`Settings`, a line in its group, and a row in the README.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.config.chosen import DAY, Settings
from app.config.current import settings
from app.config.document_hosts import read_document_hosts
from app.config.errors import ConfigurationError
from app.config.lifetimes import LIFETIMES, check_lifetimes, read_lifetimes
from app.config.mail import read_mail
from app.config.management import read_management
from app.config.registration import read_registration
from app.config.secret_keys import read_secret_keys
from app.config.security import read_security
from app.config.site import read_site
from app.config.stores import read_stores
from app.config.values import Environment

__all__ = ["DAY", "LIFETIMES", "ConfigurationError", "Settings", "read_settings", "settings"]

#: Each reads its part of the environment, and returns fields of :class:`Settings`.
_GROUPS = (
    read_site,
    read_management,
    read_registration,
    read_document_hosts,
    read_stores,
    read_mail,
    read_secret_keys,
    read_lifetimes,
    read_security,
)
#: Each raises a :class:`ConfigurationError` for settings that do not go together.
_CHECKS = (check_lifetimes,)


def read_settings(environ: Mapping[str, str], instance_path: Path) -> Settings:
    """Settings from the environment, with local defaults kept in the instance folder.

    Raises :class:`ConfigurationError`, whose message names the variable.
    """
    environment = Environment(environ, instance_path)
    values: dict[str, Any] = {}
    try:
        for read in _GROUPS:
            values |= read(environment)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {instance_path} cannot be used ({error.strerror}); make it writable by this user,"
            " or give DATABASE_URL and SECRET_KEY."
        ) from None
    chosen = Settings(**values)
    for check in _CHECKS:
        check(chosen)
    return chosen
