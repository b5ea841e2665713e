"""Organizations, who belongs to them, and what a role allows."""

import re
import secrets
import unicodedata
from collections.abc import Iterator

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from app import text
from app.accounts.lookalikes import looks_like_site
from app.accounts.models import ROLES, Membership, Organization, User
from app.config import settings
from app.credentials import new_id
from app.database.rows import is_taken
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.extensions import db
from app.sentences import _

MOST_NAME_LENGTH = 100
_MOST_SLUG_LENGTH = 50
#: So many organizations one person founds, or owns, at most.
MOST_OWNED = 50


class InvalidName(ValueError):
    """Not a name that can be shown; the message says what to write."""


class SlugTaken(ValueError):
    """Another organization has this slug."""


def create_organization(name: str, slug: str | None = None, *, organization_id: str | None = None) -> Organization:
    """Returns a new organization, whose slug is made from its name unless given. It has its id; the caller commits.

    Raises :class:`InvalidName`, and :class:`SlugTaken` when a given slug is another's.
    """
    name = normalize_organization_name(name)
    for candidate in [slug] if slug else _slugs(name):
        if find_organization(candidate) is not None:
            continue
        organization = Organization(id=organization_id or new_id("org"), name=name, slug=candidate)
        try:
            with db.session.begin_nested():
                db.session.add(organization)
        except IntegrityError as error:
            if not is_taken(error, Organization.slug):
                raise
            # Somebody else took it since we looked.
            continue
        return organization
    raise SlugTaken(_("There is already an organization called %(slug)s. Choose another slug.", slug=slug))


def normalize_organization_name(name: str) -> str:
    """Returns the name as it is kept: people read it when they decide whether to trust an app.

    Raises :class:`InvalidName`.
    """
    name = text.clean_name(name)
    problem = text.find_typed_name_problem(name, MOST_NAME_LENGTH, text.find_name_problem)
    if problem is not None:
        raise InvalidName(problem)
    return name


def normalize_chosen_name(name: str) -> str:
    """Returns the same of a name that somebody chooses for an organization of theirs.

    Only an operator calls one as the server is called: people would take anybody else's apps for those of the server.
    Raises :class:`InvalidName`.
    """
    name = normalize_organization_name(name)
    if looks_like_site(name, settings().site_name):
        raise InvalidName(_("That is what this server itself is called, or nearly so. Choose another name."))
    return name


def find_organization(slug: str) -> Organization | None:
    """Returns the organization with this slug."""
    return db.session.scalar(select(Organization).where(Organization.slug == slug))


_OF_PERSON = (
    select(Organization, Membership.role)
    .join(Membership)
    .where(Membership.user_id == bindparam("user"))
    .order_by(Organization.name, Organization.id)
)
_ONE_OF_PERSON = _OF_PERSON.where(Organization.id == bindparam("organization"))
_FIRST_OF_PERSON = _OF_PERSON.limit(1)
_OF_PAIR = Membership.user_id == bindparam("user"), Membership.organization_id == bindparam("organization")
_FIND_ROLE = Statement(select(Membership.role).where(*_OF_PAIR))
_LIST_IDS = Statement(select(Membership.organization_id).where(Membership.user_id == bindparam("user")))

_LIST_OWNED = Statement(
    select(Membership.organization_id).where(Membership.user_id == bindparam("user"), Membership.role == "owner")
)


def find_membership(user_id: str, organization_id: str | None = None) -> tuple[Organization, str] | None:
    """Returns this organization, or else the first by name of those that the person belongs to, and their role there."""
    given = {"user": user_id, "organization": organization_id}
    found = db.session.execute(_FIRST_OF_PERSON if organization_id is None else _ONE_OF_PERSON, given).first()
    return None if found is None else (found.Organization, found.role)


def list_organizations(user_id: str) -> list[tuple[Organization, str]]:
    """Returns the organizations this person belongs to, by name, each with their role there."""
    return [(organization, role) for organization, role in db.session.execute(_OF_PERSON, {"user": user_id})]


def count_organizations(user_id: str) -> int:
    """Returns how many organizations this person belongs to."""
    return len(SessionConnection(db.session()).all(_LIST_IDS, user=user_id))


def may_own_another(user_id: str) -> bool:
    """Returns whether this person may found one more organization: each may have as many apps as one may."""
    return len(SessionConnection(db.session()).all(_LIST_OWNED, user=user_id)) < MOST_OWNED


def add_member(organization: Organization, user: User, role: str) -> None:
    """Make the person a member of the organization, as ``owner``, ``admin`` or ``member``. The caller commits.

    Raises ``ValueError`` for another role.
    """
    demand_role(role)
    db.session.add(Membership(user=user, organization=organization, role=role))


def demand_role(role: str) -> None:
    """Raises ``ValueError``, with a sentence, for what is none of :data:`~app.accounts.models.ROLES`."""
    if role not in ROLES:
        raise ValueError(_("%(role)s is not a role; choose one of %(roles)s.", role=repr(role), roles=", ".join(ROLES)))


def find_role(user_id: str, organization_id: str) -> str | None:
    """Returns what this person is in the organization, or None."""
    of_pair = {"user": user_id, "organization": organization_id}
    found: str | None = SessionConnection(db.session()).scalar(_FIND_ROLE, **of_pair)
    return found


def can_administer(role: str | None) -> bool:
    """Returns whether somebody with this role may register and change the organization's clients."""
    return role in ("owner", "admin")


def _slugs(name: str) -> Iterator[str]:
    """Slugs for the name, best first: ``acme``, ``acme-2`` … and at last some that nobody has."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:_MOST_SLUG_LENGTH].strip("-") or "organization"
    yield slug
    for number in range(2, 10):
        yield f"{slug}-{number}"
    for _more in range(3):
        yield f"{slug}-{secrets.token_hex(4)}"
