"""The demonstration data of a local database: made once, and told to whoever starts the server.

What ``seed`` returns, with the secret that exists only then, is kept in a file of the instance folder that its
owner alone can read, so that a later start and the examples in the README still know it.
"""

import hashlib
import json
import os
from pathlib import Path

from sqlalchemy import select

from app.accounts.models import User
from app.accounts.passkeys.relying_party import find_relying_party
from app.clients.models import Client
from app.config import Settings
from app.demonstration.pocket.place import find_place
from app.demonstration.seeds import bring_up_to_date, seed
from app.extensions import db


def create(settings: Settings, instance_path: Path) -> None:
    """Add the demonstration data, commit it, and keep what was said about it."""
    data = seed()
    # Kept first: a secret that was committed and then lost could never be read again.
    _keep(_path(settings, instance_path), data)
    db.session.commit()


def renew() -> None:
    """Add to a demonstration that is there already what came since it was made, and commit it."""
    bring_up_to_date()
    db.session.commit()


def welcome(settings: Settings, instance_path: Path) -> str:
    """Returns where the server is and, as far as the demonstration is still in its database, how to sign in and what to try."""
    lines = ["", f"Reliquary is at {settings.issuer} (Ctrl-C stops it)."]
    passkeys = find_relying_party(settings.issuer)
    if passkeys is not None and not passkeys.is_at_issuer:
        lines.append(f"Passkeys are at {passkeys.origin}: browsers have none at a number.")
    path = _path(settings, instance_path)
    users, clients = _still_there(_read(path))
    if users:
        lines += ["", "Sign in with one of these:"]
        lines += [f"  {user['email']:<24} {user['password']:<24} {user['name']}" for user in users]
    elif settings.sends_mail:
        lines += ["", f"Sign up at {settings.issuer}/sign-up"]
    else:
        lines += ["", "Nobody can sign up before SMTP_URL is set; flask users create makes an account by hand."]
    page = find_place()
    if page:
        lines += ["", "Begin here, with a little app that asks for somebody's memories:", f"  {settings.issuer}{page}"]
    if settings.sends_mail and not settings.smtp_url:
        lines += ["", "Letters that would go out by e-mail are shown at:", f"  {settings.issuer}/demonstration/mail/"]
    if clients:
        lines += ["", f"The confidential app's secret is in {os.path.relpath(path)}"]
    return "\n".join([*lines, ""])


def _path(settings: Settings, instance_path: Path) -> Path:
    """One file a database, since several may be served from one folder."""
    if settings.database_url == f"sqlite:///{instance_path / 'reliquary.sqlite3'}":
        return instance_path / "demonstration.json"
    return instance_path / f"demonstration-{hashlib.sha256(settings.database_url.encode()).hexdigest()[:8]}.json"


def _keep(path: Path, data: dict) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(data, file, indent=2)


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {"users": [], "clients": []}


def _still_there(data: dict) -> tuple[list[dict], list[dict]]:
    """The kept users and clients that this database holds; it may have been made anew or changed since."""
    emails = db.session.scalars(select(User.email).where(User.email.in_([user["email"] for user in data["users"]])))
    client_ids = [client["client_id"] for client in data["clients"]]
    clients = db.session.scalars(
        select(Client.client_id).where(Client.client_id.in_(client_ids), Client.ended_at.is_(None))
    )
    known = {*emails, *clients}
    return (
        [user for user in data["users"] if user["email"] in known],
        [client for client in data["clients"] if client["client_id"] in known],
    )
