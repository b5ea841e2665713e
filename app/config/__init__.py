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
from app.config.secret_keys import SHORTEST_KEY, read_secret_keys
from app.config.security import read_security
from app.config.site import read_site
from app.config.stores import read_stores
from app.config.values import FILE, Environment

__all__ = [
    "DAY",
    "FILE",
    "LIFETIMES",
    "ConfigurationError",
    "Settings",
    "find_setting_names",
    "read_settings",
    "settings",
]

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


def find_setting_names() -> frozenset[str]:
    """Returns the name of every setting, which are those that reading them asks for; each may end in :data:`FILE`, too."""
    asked = _Asked(DATABASE_URL="sqlite:////nowhere", SECRET_KEY="0" * SHORTEST_KEY)
    read_settings(asked, Path("/nowhere"))
    return frozenset(name for name in asked.names if not name.endswith(FILE))


class _Asked(dict[str, str]):
    def __init__(self, **given: str) -> None:
        super().__init__(given)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def read_settings(environ: Mapping[str, str], instance_path: Path) -> Settings:
    """Returns the settings from the environment, with local defaults kept in the instance folder.

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
