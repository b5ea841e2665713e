"""An answer that comes after its request has ended: it counts for nothing, but what was ticked is not lost."""

from flask import request as http_request
from flask_login import current_user

from app.consents.choice import Choice, read_ticks
from app.database.connections import Connection
from app.oauth.authorization_request import LeftTicks, WaitingRequest, find_left_ticks, keep_ticks


def keep_what_was_ticked(connection: Connection, ended: WaitingRequest) -> bool:
    """Keep what the person ticks too late, to begin with when the app asks again.

    Returns whether anything of theirs is kept, now or since an earlier step. Whoever cancels wants none of it.
    """
    if not current_user.is_authenticated or ended.user_id != current_user.id:
        return False
    if http_request.form.get("action") == "cancel":
        if ended.selection is not None:
            keep_ticks(connection, ended, current_user.id, Choice())
        return False
    ticks = read_ticks(http_request.form)
    if ticks.selection is None:
        return ended.selection is not None
    return keep_ticks(connection, ended, current_user.id, ticks)


def find_ticks_to_begin_with(connection: Connection, waiting: WaitingRequest) -> LeftTicks | None:
    """Returns what was kept of the request before, for one in which nothing is chosen yet."""
    if waiting.selection is not None:
        return None
    return find_left_ticks(connection, current_user.id, waiting.client_key)
