"""What apps did in numbers: by day, or by the hour of one day, for a small drawing and the table beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, select

from app import clock
from app.consents.models import Consent
from app.consents.receipts import AccessRecord
from app.extensions import db
from app.personal.activity.filters import Wanted, start_of

_MOST_DAYS = 30
#: The drawing, in units of its own: reads stand above the line, writes hang below it.
WIDTH, ABOVE, BELOW = 720, 56, 24
# What is there at all can be seen.
_LEAST = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """A day or an hour, how many memories were read and written in it, and where it stands in the drawing."""

    at: datetime
    read: int
    written: int
    x: float
    width: float
    read_height: float
    written_height: float


def draw_timeline(wanted: Wanted) -> Sequence[Bar]:
    """Returns the bars of the last days, at most 30, or of the hours of the day that is wanted."""
    if wanted.on_day is not None:
        starts = [start_of(wanted.on_day) + timedelta(hours=hour) for hour in range(24)]
        step = timedelta(hours=1)
    else:
        today = start_of(clock.now().date())
        days = min(_MOST_DAYS, max(1, (today - wanted.kept_since).days + 1))
        starts, step = [today - timedelta(days=days - 1 - place) for place in range(days)], timedelta(days=1)
    counts = {action: _count(wanted, action, starts, step) for action in ("read", "write")}
    most = max([1, *counts["read"]]), max([1, *counts["write"]])
    pace = WIDTH / len(starts)
    return [
        Bar(at, read, written, round(place * pace + 1, 1), round(pace - 2, 1), _height(read, most[0], ABOVE), _height(written, most[1], BELOW))
        for place, (at, read, written) in enumerate(zip(starts, counts["read"], counts["write"], strict=True))
    ]  # fmt: skip


def _count(wanted: Wanted, action: str, starts: Sequence[datetime], step: timedelta) -> list[int]:
    """How many memories in each span: one look at the rows."""
    minute = AccessRecord.minute
    sums = [
        func.sum(case((and_(minute >= at, minute < at + step), AccessRecord.count), else_=0)).label(f"span_{place}")
        for place, at in enumerate(starts)
    ]
    row = db.session.execute(
        select(*sums)
        .select_from(AccessRecord)
        .join(Consent, Consent.grant_id == AccessRecord.grant_id)
        .where(*wanted.conditions(), AccessRecord.action == action, minute >= starts[0], minute < starts[-1] + step)
    ).one()
    return [int(value or 0) for value in row]


def _height(count: int, most: int, room: int) -> float:
    return round(max(_LEAST, count / most * room), 1) if count else 0
