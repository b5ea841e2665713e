"""The key that signs cookies and forms, and those that may have signed one that is still out there."""

import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.config.errors import ConfigurationError
from app.config.values import Environment

#: Characters of the shortest key.
SHORTEST_KEY = 32
_MOST_FALLBACKS = 5


def read_secret_keys(environment: Environment) -> dict[str, Any]:
    key = _secret_key(environment)
    return {"secret_key": key, "secret_key_fallbacks": _fallbacks(environment, key)}


def _secret_key(environment: Environment) -> str:
    key = environment.text("SECRET_KEY")
    if key:
        _check("SECRET_KEY", key)
        return key
    if environment.text("ISSUER").startswith("https://"):
        raise ConfigurationError(
            "SECRET_KEY is missing; behind an https ISSUER give at least 32 random characters,"
            " the same on every machine."
        )
    return _kept_secret_key(environment.instance_path / "secret_key")


def _fallbacks(environment: Environment, key: str) -> tuple[str, ...]:
    """The others, each once, with commas or spaces between them."""
    text = environment.text("SECRET_KEY_FALLBACKS")
    keys = tuple(dict.fromkeys(re.findall(r"[^\s,]+", text)))
    for one in keys:
        _check("A key of SECRET_KEY_FALLBACKS", one)
    if len(keys) > _MOST_FALLBACKS:
        raise ConfigurationError(
            f"SECRET_KEY_FALLBACKS has {len(keys)} keys; give at most {_MOST_FALLBACKS}, and leave out the oldest."
        )
    # One that was read from a file may have signed with a line break at its end.
    as_given = {part.removeprefix(" ") for part in text.split(",") if part.strip() in keys}
    return tuple(one for one in (*keys, *sorted(as_given - {*keys})) if one != key)


def _check(name: str, key: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in key):
        raise ConfigurationError(f"{name} is not UTF-8 text; give at least {SHORTEST_KEY} random letters and digits.")
    if len(key.strip()) < SHORTEST_KEY:
        raise ConfigurationError(f"{name} is too short; give at least {SHORTEST_KEY} random characters.")


def _kept_secret_key(path: Path) -> str:
    """The local secret key: made on a first run, readable by its owner alone, the same ever after."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _keep_new_secret_key(path)
    # What is not text is no key that we made.
    key = path.read_text("utf-8-sig", errors="ignore").strip()
    if len(key) < SHORTEST_KEY:
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
