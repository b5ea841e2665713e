"""Inviting somebody into an organization by a link that expires and works once."""

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, func, select, update

from app import clock, credentials, text
from app.accounts.lock import lock_organization
from app.accounts.models import ROLES, Invitation, Membership, Organization, User
from app.accounts.organizations import find_role
from app.accounts.roles import NotPermitted, can_assign
from app.accounts.state import is_open_account
from app.audit.events import record
from app.database.rows import changed_rows
from app.extensions import db
from app.mail.outbox import put_mail
from app.sentences import _

#: For how long a link works.
LIFETIME = timedelta(days=7)
MOST_LABEL_LENGTH = 100
LETTER = "invitation"
#: So many of one organization wait at most.
MOST_OPEN = 1000


class InvitationOver(Exception):
    """It was accepted, withdrawn, has expired, or never was."""


class AlreadyMember(Exception):
    """The person belongs to the organization already; the invitation stays good for somebody else."""


def invite(
    organization_id: str,
    *,
    role: str,
    label: str,
    actor_user_id: str,
    invitation_id: str | None = None,
    email: str | None = None,
) -> tuple[Invitation, str]:
    """Returns a new invitation, added to the session, and its token, which exists nowhere else.

    With ``email`` a letter takes the link there, and the token that is returned is none of it: it is made anew with the
    letter. Whether that address has an account decides nothing.
    ``invitation_id`` may be chosen beforehand, so that what is sent twice collides. Raises ``ValueError`` with a
    sentence, and :class:`NotPermitted` for an actor who may not give the role.
    """
    if role not in ROLES:
        raise ValueError(_("Choose a role."))
    label = _check_label(label)
    # Whoever loses the role for it at this moment has made it before, and it goes, or may not make it any more.
    lock_organization(db.session(), organization_id)
    if not can_assign(find_role(actor_user_id, organization_id), role):
        raise NotPermitted
    own = select(func.count()).select_from(Invitation).where(Invitation.organization_id == organization_id)
    if (db.session.scalar(own.where(*_is_open())) or 0) >= MOST_OPEN:
        raise ValueError(_("%(most)s invitations are open. Withdraw some first, or wait.", most=f"{MOST_OPEN:,}"))
    token = credentials.new_credential(credentials.INVITATION)
    invitation = Invitation(
        id=invitation_id or credentials.new_id("inv"),
        digest=credentials.digest(token),
        organization_id=organization_id,
        role=role,
        label=label,
        invited_by_user_id=actor_user_id,
        expires_at=clock.now() + LIFETIME,
        email=email,
    )
    db.session.add(invitation)
    db.session.flush()
    if email is not None:
        put_mail(db.session, LETTER, to=email, invitation_id=invitation.id)
    record(
        "member.invited",
        actor_user_id=actor_user_id,
        organization_id=organization_id,
        invitation_id=invitation.id,
        role=role,
        label=invitation.label,
    )
    return invitation, token


def list_open_invitations(organization_id: str) -> list[Invitation]:
    """Returns the invitations that still can be accepted, the latest first."""
    return list(
        db.session.scalars(
            select(Invitation)
            .where(Invitation.organization_id == organization_id, *_is_open())
            .order_by(Invitation.created_at.desc(), Invitation.id)
        )
    )


def find_open_invitation(token: str) -> Invitation | None:
    """Returns the invitation with this token, if it still can be accepted."""
    found = select(Invitation).where(Invitation.digest == credentials.digest(token), *_can_be_accepted())
    return db.session.scalar(found)


def find_joined_by(token: str, user_id: str) -> Organization | None:
    """Returns the organization to which this link led, whatever became of it, if the person belongs to it."""
    is_member = and_(Membership.organization_id == Invitation.organization_id, Membership.user_id == user_id)
    found = (
        select(Organization)
        .join(Invitation, Invitation.organization_id == Organization.id)
        .join(Membership, is_member)
        .where(Invitation.digest == credentials.digest(token))
    )
    return db.session.scalar(found)


def accept_invitation(token: str, user_id: str) -> Invitation:
    """Make the person a member. Returns the invitation. Raises :class:`InvitationOver` or :class:`AlreadyMember`."""
    invitation = find_open_invitation(token)
    if invitation is None:
        raise InvitationOver
    # Whoever invited may be losing the role for it at this moment, and one may follow two links at once.
    lock_organization(db.session(), invitation.organization_id)
    if find_role(user_id, invitation.organization_id) is not None:
        raise AlreadyMember
    # The row count decides: of two who follow the link at once, one is too late.
    taken = db.session.execute(
        update(Invitation).where(Invitation.id == invitation.id, *_can_be_accepted()).values(accepted_at=clock.now())
    )
    if changed_rows(taken) != 1:
        raise InvitationOver
    db.session.add(Membership(user_id=user_id, organization_id=invitation.organization_id, role=invitation.role))
    record(
        "member.joined",
        actor_user_id=user_id,
        organization_id=invitation.organization_id,
        invitation_id=invitation.id,
        role=invitation.role,
    )
    return invitation


def revoke_invitation(organization_id: str, invitation_id: str, *, actor_user_id: str) -> bool:
    """Withdraw an open invitation of the organization. Returns False when there is no such one."""
    done = db.session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.organization_id == organization_id, *_is_open())
        .values(revoked_at=clock.now())
    )
    if changed_rows(done) == 1:
        record(
            "invitation.revoked",
            actor_user_id=actor_user_id,
            organization_id=organization_id,
            invitation_id=invitation_id,
        )
    return changed_rows(done) == 1


def revoke_invitations_of(organization_id: str, user_id: str) -> None:
    """Withdraw every open invitation that this person made."""
    db.session.execute(
        update(Invitation)
        .where(Invitation.organization_id == organization_id, Invitation.invited_by_user_id == user_id, *_is_open())
        .values(revoked_at=clock.now())
    )


def _is_open() -> tuple[ColumnElement[bool], ...]:
    return Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > clock.now()


def _can_be_accepted() -> tuple[ColumnElement[bool], ...]:
    # What somebody offers who is not let in themselves rests with their account.
    return *_is_open(), exists().where(User.id == Invitation.invited_by_user_id, is_open_account())


def _check_label(label: str) -> str:
    label = text.clean_line(label)
    if len(label) > MOST_LABEL_LENGTH:
        raise ValueError(_("Write at most %(most)s characters.", most=MOST_LABEL_LENGTH))
    problem = text.find_line_problem(label) if label else None
    if problem:
        raise ValueError(_("The name or address %(problem)s", problem=problem))
    return label
