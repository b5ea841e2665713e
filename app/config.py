"""Settings from the environment. A bad one stops the start with one clear sentence."""

import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DAY = 24 * 60 * 60


class ConfigurationError(Exception):
    """A setting that cannot be used; the message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose. Lifetimes are in seconds."""

    database_url: str
    secret_key: str
    issuer: str
    site_name: str = "Reliquary"
    port: int = 8000
    trusted_proxies: int = 0
    #: gunicorn's worker processes.
    workers: int = 2

    # Every OAuth lifetime, in one block.
    authorization_request_lifetime: int = 600
    authorization_request_max_lifetime: int = 60 * 60
    authorization_code_lifetime: int = 60
    access_token_lifetime: int = 60 * 60
    refresh_token_lifetime: int = 30 * DAY
    refresh_token_grace: int = 30

    # Signed-in sessions: how long one lasts, and how long it may lie idle.
    session_lifetime: int = 14 * DAY
    session_idle_lifetime: int = 3 * DAY

    # argon2id (RFC 9106, second recommended option scaled to a web sign-in).
    password_time_cost: int = 3
    password_memory_kib: int = 64 * 1024

    @property
    def is_https(self) -> bool:
        """Whether people reach us over TLS, as the issuer says (never as the request says)."""
        return self.issuer.startswith("https://")


def settings() -> Settings:
    """The settings of the current app."""
    return current_app.extensions["settings"]


#: Environment variable: (field, least, most), in seconds.
LIFETIMES = {
    "AUTHORIZATION_REQUEST_LIFETIME": ("authorization_request_lifetime", 30, 3600),
    "AUTHORIZATION_REQUEST_MAX_LIFETIME": ("authorization_request_max_lifetime", 30, DAY),
    "AUTHORIZATION_CODE_LIFETIME": ("authorization_code_lifetime", 1, 600),
    "ACCESS_TOKEN_LIFETIME": ("access_token_lifetime", 1, DAY),
    "REFRESH_TOKEN_LIFETIME": ("refresh_token_lifetime", 1, 365 * DAY),
    "REFRESH_TOKEN_GRACE": ("refresh_token_grace", 0, 300),
    "SESSION_LIFETIME": ("session_lifetime", 60, 365 * DAY),
    "SESSION_IDLE_LIFETIME": ("session_idle_lifetime", 60, 365 * DAY),
}


def read_settings(environ: Mapping[str, str], instance_path: Path) -> Settings:
    """Settings from the environment, with local defaults kept in the instance folder.

    Raises :class:`ConfigurationError`, whose message names the variable.
    """
    port = _integer(environ, "PORT", 8000, 1, 65535)
    try:
        database_url, secret_key = _database_url(environ, instance_path), _secret_key(environ, instance_path)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {instance_path} cannot be used ({error.strerror}); make it writable by this user,"
            " or give DATABASE_URL and SECRET_KEY."
        ) from None
    values = {
        "database_url": database_url,
        "secret_key": secret_key,
        "issuer": _issuer(environ, port),
        "site_name": _site_name(environ),
        "port": port,
        "trusted_proxies": _integer(environ, "TRUSTED_PROXIES", 0, 0, 10),
        "workers": _integer(environ, "WEB_CONCURRENCY", 2, 1, 64),
    }
    for name, (field, least, most) in LIFETIMES.items():
        if environ.get(name):
            values[field] = _integer(environ, name, 0, least, most)
    chosen = Settings(**values)
    if chosen.authorization_request_max_lifetime < chosen.authorization_request_lifetime:
        raise ConfigurationError(
            "AUTHORIZATION_REQUEST_MAX_LIFETIME is shorter than AUTHORIZATION_REQUEST_LIFETIME;"
            " make it as long or longer."
        )
    return chosen


def _database_url(environ: Mapping[str, str], instance_path: Path) -> str:
    text = environ.get("DATABASE_URL", "")
    if not text:
        instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return f"sqlite:///{instance_path / 'reliquary.sqlite3'}"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The value itself may hold a password, so the sentence does not repeat it.
        raise ConfigurationError(
            "DATABASE_URL is not a database URL; write sqlite:////path/to/file"
            " or postgresql://user:password@host/database."
        ) from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigurationError(
            f"DATABASE_URL names the database {url.drivername!r}; use sqlite:// or postgresql://."
        )
    if url.drivername == "sqlite" and (url.database or ":memory:").startswith((":memory:", "file:")):
        raise ConfigurationError(
            "DATABASE_URL names an SQLite database in memory, which each worker would see differently;"
            " give a file, as in sqlite:////path/to/file."
        )
    return url.render_as_string(hide_password=False)


def _secret_key(environ: Mapping[str, str], instance_path: Path) -> str:
    key = environ.get("SECRET_KEY", "")
    if key:
        if len(key) < 32:
            raise ConfigurationError("SECRET_KEY is too short; give at least 32 random characters.")
        return key
    if environ.get("ISSUER", "").startswith("https://"):
        raise ConfigurationError(
            "SECRET_KEY is missing; behind an https ISSUER give at least 32 random characters,"
            " the same on every machine."
        )
    return _kept_secret_key(instance_path / "secret_key")


def _kept_secret_key(path: Path) -> str:
    """The local secret key: made on a first run, readable by its owner alone, the same ever after."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _keep_new_secret_key(path)
    key = path.read_text().strip()
    if len(key) < 32:
        raise ConfigurationError(f"The kept secret key in {path} is damaged; delete that file to have a new one made.")
    return key


def _keep_new_secret_key(path: Path) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        # Appears whole or not at all, and never replaces the key of a process that was quicker.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)


def _issuer(environ: Mapping[str, str], port: int) -> str:
    issuer = environ.get("ISSUER") or f"http://127.0.0.1:{port}"
    if not re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", issuer):
        raise ConfigurationError(
            f"ISSUER is {issuer!r}; give a scheme and a host alone, in lower case, without a path or a final slash,"
            " as in https://id.example.com."
        )
    if issuer.startswith("http://") and urlsplit(issuer).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ConfigurationError(
            f"ISSUER is {issuer!r}; OAuth needs https, plain http is for 127.0.0.1 and localhost only."
        )
    return issuer


def _site_name(environ: Mapping[str, str]) -> str:
    name = environ.get("SITE_NAME", "").strip() or "Reliquary"
    if len(name) > 60 or re.search(r"[\x00-\x1f\x7f]", name):
        raise ConfigurationError("SITE_NAME must be at most 60 printable characters.")
    return name


def _integer(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
        raise ConfigurationError(f"{name} is {text!r}; give a whole number from {least} to {most}.")
    return int(text)
