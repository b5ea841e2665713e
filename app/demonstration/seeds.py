"""The demonstration data: three people, two organizations, their apps, and memories worth looking through.

Only what is missing is added. What was seeded is noted in the audit log, so that whatever people
did to it afterwards stays as they left it, and nothing of theirs is ever taken for ours.
"""

from typing import Any

from msgspec import Struct
from sqlalchemy import func, select

from app import clock
from app.accounts.models import Organization, User
from app.accounts.organizations import add_member, create_organization, find_organization
from app.accounts.users import find_user_by_email, register_user
from app.audit import events
from app.audit.models import AuditEvent
from app.clients.models import CONFIDENTIAL, PUBLIC, Client, find_record
from app.clients.registration import register_client, update_client
from app.config import settings
from app.demonstration.memories import add_memories
from app.demonstration.pocket.place import CALLBACKS, CLIENT_ID, PATH
from app.extensions import db
from app.memories.mementos import list_integrations
from app.scopes import SCOPES

_SEEDED = "demonstration.seeded"
# Any number that nothing else locks.
_LOCK = 7_235_419


class SeedConflict(Exception):
    """Something that is not demonstration data has the address or slug that ours needs; the message says which."""


class _Person(Struct, frozen=True):
    """``texts`` is the folder in ``seed_data`` with the person's memories and mementos.

    ``had_none`` says that the person was there before their texts were, and gets them later.
    """

    email: str
    name: str
    password: str
    organization: str
    role: str
    texts: str
    had_none: bool = False


_ORGANIZATIONS = {"acme": "Acme", "globex": "Globex"}

_PEOPLE = (
    _Person("alice@example.com", "Alice Marlow", "heron-on-the-canal", "acme", "member", "alice"),
    _Person("bob@example.com", "Bob Okafor", "keys-to-both-doors", "acme", "admin", "bob", had_none=True),
    _Person("carol@example.com", "Carol Reyes", "menu-on-a-postcard", "globex", "owner", "carol"),
)

# Where Acme Pocket would be in earnest.
_ELSEWHERE = "https://pocket.acme.example"
# Their ids are fixed, so that examples can name them.
_CLIENTS = (
    {
        "client_id": "client_acme_notebook",
        "organization": "acme",
        "name": "Acme Notebook",
        "type": CONFIDENTIAL,
        "redirect_uris": ["http://127.0.0.1:8400/callback", "https://notebook.acme.example/callback"],
        "scopes": list(SCOPES),
        "description": "Writes with you: finds what you already know about a subject and keeps what is new.",
        "homepage_url": "https://notebook.acme.example",
    },
    {
        "client_id": CLIENT_ID,
        "organization": "acme",
        "name": "Acme Pocket",
        "type": PUBLIC,
        "redirect_uris": ["http://127.0.0.1/callback", "com.acme.pocket:/callback", *CALLBACKS],
        "scopes": ["memories:read", "memories:write", "integrations:read", "profile"],
        "optional_scopes": ["memories:write"],
        "description": "Your memories on your phone, to look things up on the way.",
        "homepage_url": _ELSEWHERE,
        "native_app": True,
    },
)


def seed() -> dict[str, list[dict[str, Any]]]:
    """Add what is missing of the demonstration data to the session. The caller commits.

    Returns ``organizations``, ``users`` (with their first passwords) and ``clients``; ``client_secret`` is there
    only for a client that was just made. Raises :class:`SeedConflict`, and then nothing must be committed.
    """
    _wait_for_turn()
    seeded = _find_seeded()
    organizations = {slug: _ensure_organization(slug, name, seeded) for slug, name in _ORGANIZATIONS.items()}
    people = [_ensure_person(person, organizations[person.organization], seeded) for person in _PEOPLE]
    clients = [_ensure_client(dict(fields), organizations, admin=people[1]) for fields in _CLIENTS]
    _complete(_find_seeded())
    return {
        "organizations": [{"slug": one.slug, "name": one.name} for one in organizations.values()],
        "users": [_describe_person(*both, organizations) for both in zip(_PEOPLE, people, strict=True)],
        "clients": [_describe_client(client, secret) for client, secret in clients],
    }


def bring_up_to_date() -> None:
    """Give what an earlier version has seeded what it lacks today. Nothing is brought back that people took away.

    The caller commits.
    """
    _wait_for_turn()
    _complete(_find_seeded())


def _wait_for_turn() -> None:
    """Let one process seed at a time, until its transaction ends. SQLite has one writer anyway."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _find_seeded() -> dict[str, str]:
    """What each earlier seeding added: ``user:alice@example.com`` -> its id, the latest one."""
    details = db.session.scalars(
        select(AuditEvent.details).where(AuditEvent.kind == _SEEDED).order_by(AuditEvent.occurred_at)
    )
    return {one["what"]: one["id"] for one in details}


def _note_seeded(what: str, id: str, organization: Organization) -> None:
    events.record(_SEEDED, organization_id=organization.id, what=what, id=id)


def _ensure_organization(slug: str, name: str, seeded: dict[str, str]) -> Organization:
    what = f"organization:{slug}"
    organization = db.session.get(Organization, seeded.get(what, ""))
    if organization is not None:
        return organization
    if find_organization(slug) is not None:
        raise SeedConflict(f"An organization “{slug}” exists that is not demonstration data; seed another database.")
    organization = create_organization(name, slug)
    _note_seeded(what, organization.id, organization)
    return organization


def _ensure_person(person: _Person, organization: Organization, seeded: dict[str, str]) -> User:
    what = f"user:{person.email}"
    user = db.session.get(User, seeded.get(what, ""))
    if user is None:
        user = _add_person(person)
        _note_seeded(what, user.id, organization)
    # Whoever left, or was given another role, stays so; only a new person or organization lacks the membership.
    if not {user.id, organization.id} <= set(seeded.values()):
        add_member(organization, user, person.role)
    return user


def _add_person(person: _Person) -> User:
    if find_user_by_email(person.email) is not None:
        raise SeedConflict(f"Somebody else has the account {person.email}; seed another database.")
    user = register_user(email=person.email, name=person.name, password=person.password, is_verified=True)
    add_memories(user, person.texts)
    return user


def _ensure_client(
    fields: dict[str, Any], organizations: dict[str, Organization], admin: User
) -> tuple[Client, str | None]:
    client = find_record(db.session(), fields["client_id"])
    if client is not None:
        return client, None
    organization = organizations[fields.pop("organization")]
    return register_client(db.session(), settings(), organization=organization, actor_user_id=admin.id, **fields)


def _complete(seeded: dict[str, str]) -> None:
    """Add what came to the people and apps of the demonstration after they were first made, each once."""
    for person in _PEOPLE:
        # By its id: on another database somebody real may have the address.
        user = db.session.get(User, seeded.get(f"user:{person.email}", ""))
        what = f"texts:{person.email}"
        if user is not None and person.had_none and seeded.get(what) != user.id:
            if not list_integrations(user.id):
                add_memories(user, person.texts)
            events.record(_SEEDED, what=what, id=user.id)
        # Letters to it reach nobody but whoever looks at the demonstration.
        if user is not None and user.email == person.email and user.email_verified_at is None:
            user.email_verified_at = clock.now()
    pocket = find_record(db.session(), CLIENT_ID)
    if pocket is not None:
        _lead_to_page(pocket, is_new=f"page:{CLIENT_ID}" not in seeded)


def _lead_to_page(pocket: Client, *, is_new: bool) -> None:
    """Let Acme Pocket be at ``/demonstration/`` of this server, wherever that is now."""
    changes: dict[str, Any] = {}
    if is_new:
        missing = [uri for uri in CALLBACKS if uri not in pocket.redirect_uris]
        optional = pocket.optional_scope.split()
        if "memories:write" not in pocket.scope.split():
            changes["scopes"] = [*pocket.scope.split(), "memories:write"]
            optional.append("memories:write")
        changes |= {"redirect_uris": [*pocket.redirect_uris, *missing], "native_app": True, "optional_scopes": optional}
        events.record(_SEEDED, organization_id=pocket.organization_id, what=f"page:{CLIENT_ID}", id=CLIENT_ID)
    if not settings().is_https and (pocket.homepage_url == _ELSEWHERE or pocket.homepage_url.endswith(PATH)):
        changes["homepage_url"] = settings().issuer + PATH
    update_client(db.session(), settings(), pocket, actor_user_id=None, **changes)


def _describe_person(person: _Person, user: User, organizations: dict[str, Organization]) -> dict[str, str]:
    organization = organizations[person.organization]
    return {"email": user.email, "name": user.name, "password": person.password, "organization": organization.slug}


def _describe_client(client: Client, secret: str | None) -> dict[str, Any]:
    described = {
        "client_id": client.client_id,
        "name": client.name,
        "type": client.type,
        "redirect_uris": list(client.redirect_uris),
        "organization": client.organization.slug if client.organization else None,
    }
    return described | {"client_secret": secret} if secret else described
