"""The letter that takes an invitation to an address, whether it has an account or not."""

import re
from typing import Any

from sqlalchemy.orm import Session

from app import clock, credentials
from app.accounts.invitations import LETTER, LIFETIME
from app.accounts.models import Invitation
from app.accounts.users import spell_out
from app.config import settings
from app.mail.kinds import mail_kind
from app.mail.letter import Letter
from app.sentences import _

#: What mail programs make a link of. Whoever names an organization so would send a link of their own in our name.
_LINKED = re.compile(r"://|www\.|[\w-]\.\w{2,}|@", re.IGNORECASE)


@mail_kind(LETTER, useful_for=LIFETIME)
def compose_invitation(session: Session, _to: str, facts: dict[str, Any]) -> Letter | None:
    """Returns the letter with the link; None when the invitation is over."""
    invitation = session.get(Invitation, facts["invitation_id"])
    if invitation is None or invitation.expires_at <= clock.now() or invitation.accepted_at or invitation.revoked_at:
        return None
    token = credentials.new_credential(credentials.INVITATION)
    invitation.digest = credentials.digest(token)
    invitation.expires_at = clock.now() + LIFETIME
    name = invitation.organization.name
    values = {
        "token": token,
        "name": None if _LINKED.search(name) else name,
        "inviter": spell_out(invitation.invited_by.email),
        "role": invitation.role,
    }
    return Letter(_("An invitation at %(site)s", site=settings().site_name), "invitation", values)
