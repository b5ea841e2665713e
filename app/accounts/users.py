"""People: their address and name, and how an account is made."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import clock, text
from app.accounts.models import Organization, User
from app.accounts.organizations import InvalidName, add_member, create_organization, normalize_organization_name
from app.accounts.passwords import check_password, hash_password
from app.audit.events import record
from app.database.rows import is_taken
from app.extensions import db
from app.sentences import _

MOST_EMAIL_LENGTH = 254
MOST_NAME_LENGTH = 100


class InvalidEmail(ValueError):
    """Not an e-mail address; the message says what to write."""


class EmailTaken(ValueError):
    """Somebody has an account with this address already."""

    def __init__(self) -> None:
        super().__init__(_("There is already an account with this e-mail address. Sign in instead."))


def normalize_email(text: str) -> str:
    """Returns the one spelling of an address that is stored and looked up: trimmed, Unicode NFC, lower case.

    Raises :class:`InvalidEmail`.
    """
    # It has patterns of every letter there is: loaded when somebody signs in, not with each start.
    from email_validator import EmailNotValidError, validate_email

    text = text.strip()
    if len(text) <= MOST_EMAIL_LENGTH:
        try:
            email = validate_email(text, check_deliverability=False).normalized.lower()
        except EmailNotValidError:
            email = ""
        if email and len(email) <= MOST_EMAIL_LENGTH:
            return email
    raise InvalidEmail(_("Enter an e-mail address, as in name@example.com."))


def spell_out(email: str) -> str:
    """Returns a stored address for whoever decides by it who somebody is: with its host in ASCII (``xn--…``).

    So are the hosts of apps shown: one that is spelled with another script's letters looks like nothing that a person
    knows. What stands before the host is for that host to say.
    """
    local, _at, host = email.rpartition("@")
    if host.isascii():
        return email
    from email_validator import validate_email

    return f"{local}@{validate_email(email, check_deliverability=False).ascii_domain}"


def normalize_name(name: str) -> str:
    """Returns a person's name on one line: trimmed, single spaces. Raises :class:`InvalidName`."""
    name = text.clean_line(name)
    problem = text.find_typed_name_problem(name, MOST_NAME_LENGTH, text.find_line_problem)
    if problem is not None:
        raise InvalidName(problem)
    return name


def find_user_by_email(email: str) -> User | None:
    """Returns the person with this address, however it is spelled."""
    try:
        email = normalize_email(email)
    except InvalidEmail:
        return None
    return db.session.scalar(select(User).where(User.email == email))


def register_user(
    *, email: str, name: str, password: str, organization_name: str | None = None, is_verified: bool = False
) -> User:
    """Add a person and, when named, a new organization with that person as its owner. Returns the person. The caller commits.

    ``is_verified`` says that the address is known to be theirs.

    Raises :class:`InvalidEmail`, :class:`InvalidName`, :class:`app.accounts.passwords.UnacceptablePassword`
    or :class:`EmailTaken`, all of them ``ValueError`` with a sentence for a person.
    """
    email = normalize_email(email)
    name = normalize_name(name)
    organization_name = (
        normalize_organization_name(organization_name) if organization_name and organization_name.strip() else None
    )
    check_password(password, email, name)
    # Before the first query: SQLite has one writer, who should not wait for argon2.
    user = User(email=email, name=name, password_hash=hash_password(password))
    user.email_verified_at = clock.now() if is_verified else None
    add_user(user, organization_name)
    return user


def add_user(user: User, organization_name: str | None = None) -> None:
    """Add a person, whose every field is as it should be, as :func:`register_user` does.

    Raises :class:`EmailTaken`, and :class:`InvalidName` for the organization.
    """
    if db.session.scalar(select(User.id).where(User.email == user.email)) is not None:
        raise EmailTaken
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError as error:
        if not is_taken(error, User.email):
            raise
        # Somebody else took it since we looked.
        raise EmailTaken from None
    if organization_name:
        found_organization(organization_name, user)


def found_organization(name: str, owner: User, organization_id: str | None = None) -> Organization:
    """Returns a new organization with this person as its owner. The caller commits. Raises :class:`InvalidName`."""
    organization = create_organization(name, organization_id=organization_id)
    add_member(organization, owner, "owner")
    record("organization.created", actor_user_id=owner.id, organization_id=organization.id, name=organization.name)
    return organization
