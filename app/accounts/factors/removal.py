"""Taking every second factor from a person who has lost them: by whoever runs the server, once they know who it is."""

from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.accounts.factors.one_time_codes import remove_one_time_codes
from app.accounts.factors.recovery import remove_recovery_codes
from app.accounts.factors.waiting import end_all_waiting
from app.accounts.lock import lock_person
from app.accounts.notices import notify
from app.accounts.passkeys.models import Passkey
from app.audit.events import record
from app.database.rows import changed_rows


def reset_factors(session: Session, user_id: str) -> dict[str, Any]:
    """Let the person sign in by the password alone. Returns how many of each there were. The caller commits."""
    lock_person(session, user_id)
    removed: dict[str, Any] = {
        "passkeys": changed_rows(session.execute(delete(Passkey).where(Passkey.user_id == user_id)))
    }
    removed["one_time_codes"] = int(remove_one_time_codes(session, user_id))
    removed["recovery_codes"] = remove_recovery_codes(session, user_id)
    end_all_waiting(session, user_id)
    if any(removed.values()):
        record("user.factors_reset", user_id=user_id, **removed)
        notify(session, user_id, "factors_reset")
    return removed
