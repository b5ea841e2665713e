"""What was connected since a sign-in that was surely the person's own, and is not looked at yet."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, select

from app.accounts.places.devices import describe_device
from app.accounts.resetting.look_back import LASTS, list_sign_ins
from app.accounts.resetting.models import LookBack
from app.consents.events import GIVEN, PERSON, RESUMED, WIDENED, ConsentEvent
from app.extensions import db
from app.personal.apps.connections import Connection, describe_all, list_live

#: So many apps are asked about at a time; the next take the place of those that are answered.
AT_ONCE = 5


class Beginning(Struct, frozen=True):
    """A sign-in from which the look back can begin. ``number`` stands in the address."""

    number: int
    at: datetime
    device: str
    address: str


class View(Struct, frozen=True):
    """The look back from one beginning, the earliest unless another is chosen. ``left`` is how many ``apps`` there are;
    the person ``has_apps`` when any that is connected is not paused.

    ``chosen`` is None where no sign-in was known; then it is of the last 30 days.
    """

    since: datetime
    chosen: Beginning | None
    beginnings: Sequence[Beginning]
    apps: Sequence[Connection]
    left: int
    has_apps: bool


def look_back_from(found: LookBack, number: str | None) -> View:
    """Returns what the page shows; a ``number`` that is none of a sign-in is that of the earliest."""
    beginnings = [
        Beginning(index, one.at, describe_device(one.user_agent), one.address)
        for index, one in enumerate(list_sign_ins(found))
    ]
    chosen = next((one for one in beginnings if str(one.number) == number), beginnings[-1] if beginnings else None)
    since = chosen.at if chosen is not None else found.begun_at - LASTS
    gained = _find_gained(found.user_id, since)
    live = list_live(found.user_id)
    left = sorted(
        (one for one in live if one.grant_id in gained and one.grant_id not in found.kept),
        key=lambda one: (gained[one.grant_id], one.grant_id),
        reverse=True,
    )
    shown = describe_all(found.user_id, left[:AT_ONCE], live)
    return View(since, chosen, beginnings, shown, len(left), any(one.paused_at is None for one in live))


def _find_gained(user_id: str, since: datetime) -> dict[str, datetime]:
    """Returns when each of the person's connections was last given something, of those that were since then."""
    rows = db.session.execute(
        select(ConsentEvent.grant_id, func.max(ConsentEvent.at))
        .where(
            ConsentEvent.user_id == user_id,
            ConsentEvent.at >= since,
            ConsentEvent.kind.in_((GIVEN, WIDENED, RESUMED)),
            ConsentEvent.actor == PERSON,
        )
        .group_by(ConsentEvent.grant_id)
    )
    return {grant_id: at for grant_id, at in rows}
