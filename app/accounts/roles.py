"""What somebody may give to others in an organization."""

from app.accounts.organizations import can_administer


class NotPermitted(Exception):
    """Whoever acts has not, or no longer, the role for it."""


def can_assign(actor_role: str | None, role: str) -> bool:
    """Returns whether somebody may give, or take away, this role: owners any, admins all but the owner's."""
    return actor_role == "owner" or (can_administer(actor_role) and role in ("admin", "member"))
