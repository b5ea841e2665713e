"""Whether an account is open: neither disabled by the operator, nor about to be deleted. Nothing else decides that.

It is written once in SQL, as a condition and as a column for queries, and once in Python (:attr:`User.is_open`).
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, case

from app.accounts.models import User

#: What a closed account is closed as. Disabled comes first: a person's wish to leave does not open the account.
DISABLED, LEAVING = "disabled", "leaving"


def is_open_account(user: type[User] = User) -> ColumnElement[bool]:
    """Returns a condition on ``user``. It holds, too, where an outer join found nobody."""
    return and_(user.disabled_at.is_(None), user.deletes_at.is_(None))


def select_closed_as(user: type[User]) -> ColumnElement[Any]:
    """Returns a column: :data:`DISABLED`, :data:`LEAVING`, or NULL while the account is open."""
    return case((user.disabled_at.is_not(None), DISABLED), (user.deletes_at.is_not(None), LEAVING)).label(
        "account_closed_as"
    )
