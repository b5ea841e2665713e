"""Settings from the environment. A bad one stops the start with one clear sentence."""

import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app

from app.database.url import read_database_url
from app.issuer import default_issuer, listening_host, loopback_port, read_issuer
from app.text import find_line_problem

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

    @property
    def bind(self) -> str:
        """Where the server listens."""
        return f"{listening_host(self.issuer)}:{self.port}"


def settings() -> Settings:
    """The settings of the current app."""
    return current_app.extensions["services"].settings


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
    issuer = _issuer(environ)
    # Whoever names an address of this machine means that we listen there, unless told otherwise.
    port = _integer(environ, "PORT", (issuer and loopback_port(issuer)) or 8000, 1, 65535)
    try:
        database_url, secret_key = _database_url(environ, instance_path), _secret_key(environ, instance_path)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {instance_path} cannot be used ({error.strerror}); make it writable by this user,"
            " or give DATABASE_URL and SECRET_KEY."
        ) from None
    values: dict[str, Any] = {
        "database_url": database_url,
        "secret_key": secret_key,
        "issuer": issuer or default_issuer(port),
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
    return _read(read_database_url, text)


def _secret_key(environ: Mapping[str, str], instance_path: Path) -> str:
    key = environ.get("SECRET_KEY", "")
    if key:
        if any("\ud800" <= letter <= "\udfff" for letter in key):
            raise ConfigurationError("SECRET_KEY is not UTF-8 text; give at least 32 random letters and digits.")
        if len(key.strip()) < 32:
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
    # What is not text is no key that we made.
    key = path.read_text("utf-8-sig", errors="ignore").strip()
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


def _issuer(environ: Mapping[str, str]) -> str | None:
    issuer = environ.get("ISSUER")
    return _read(read_issuer, issuer) if issuer else None


def _read(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _site_name(environ: Mapping[str, str]) -> str:
    name = environ.get("SITE_NAME", "").strip() or "Reliquary"
    if len(name) > 60 or find_line_problem(name):
        raise ConfigurationError("SITE_NAME must be at most 60 printable characters.")
    return name


def _integer(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
        shown = text if len(text) <= 40 else text[:40] + "…"
        raise ConfigurationError(f"{name} is {shown!r}; give a whole number from {least} to {most}.")
    return int(text)
