"""Which paths are those of an invitation, for the pages of sign-in and sign-up on the way."""

from urllib.parse import unquote, urlsplit

from app.accounts.destinations import Destination
from app.accounts.invitations import find_open_invitation
from app.org import blueprint

_JOIN = f"{blueprint.url_prefix}/join/"


def find_inviting(target: str) -> Destination | None:
    """Returns the organization whose invitation a path of ours is. Cancelling leaves the invitation open."""
    path = urlsplit(target).path
    invitation = find_open_invitation(unquote(path.removeprefix(_JOIN)).strip("/")) if path.startswith(_JOIN) else None
    return Destination(organization=invitation.organization.name) if invitation is not None else None
