"""What an operation that changes something rests on, held still until it is committed.

A write is either over before an end, a pause or a smaller choice is answered, or it is not done. What is one
person's is changed by one at a time; what is an organization's, by one of an app at a time.
"""

from typing import Any

from sqlalchemy import Select, select

from app.accounts.models import User
from app.accounts.state import is_open_account
from app.clients.models import Client
from app.consents.live import is_live
from app.consents.memory_setting import select_setting
from app.consents.models import Consent
from app.database.locks import to_change
from app.oauth.bearer_check import TokenOutdated
from app.operations.caller import Caller


def hold(caller: Caller) -> None:
    """Let nobody else change what the call rests on. Raises :class:`TokenOutdated` where that was changed meanwhile."""
    statement = _of_organization(caller) if caller.grant_id is None else _of_person(caller)
    held = caller.session.execute(statement).one_or_none()
    rests_on = (caller.consent_updated_at, caller.memory_setting, caller.never_shares_at)
    if held is None or (caller.grant_id is not None and tuple(held) != rests_on):
        raise TokenOutdated


def _of_person(caller: Caller) -> Select[Any]:
    live = Consent.grant_id == caller.grant_id, is_live(Consent), Consent.paused_at.is_(None), is_open_account()
    # Of the locked rows alone: a value of another would be that of before the lock.
    rests_on = (Consent.updated_at, select_setting(User), User.never_shares_at)
    return to_change(select(*rests_on).join(User, User.id == Consent.user_id).where(*live), User, Consent)


def _of_organization(caller: Caller) -> Select[Any]:
    return to_change(select(Client.key).where(Client.key == caller.client_key, Client.suspended_at.is_(None)))
