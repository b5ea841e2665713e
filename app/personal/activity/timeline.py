"""What apps did in numbers: by day, or by the hour of one day, for a small drawing and the table beside it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from msgspec import Struct
from sqlalchemy import and_, case, func, select

from app import clock
from app.consents.models import Consent
from app.consents.receipts import AccessRecord
from app.extensions import db
from app.http.moments.zones import day_of, start_of
from app.personal.activity.filters import Wanted

_MOST_DAYS = 30
#: The drawing, in units of its own: reads stand above the line, writes hang below it.
WIDTH, ABOVE, BELOW = 720, 56, 24
# What is there at all can be seen.
_LEAST = 2


class Bar(Struct, frozen=True):
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
        edges = _hours_of(wanted.on_day)
    else:
        today = day_of(clock.now())
        days = min(_MOST_DAYS, max(1, (today - day_of(wanted.kept_since)).days + 1))
        edges = [start_of(today + timedelta(days=place)) for place in range(1 - days, 2)]
    starts = edges[:-1]
    counts = {action: _count(wanted, action, edges) for action in ("read", "write")}
    most = max([1, *counts["read"]]), max([1, *counts["write"]])
    pace = WIDTH / len(starts)
    return [
        Bar(at, read, written, round(place * pace + 1, 1), round(pace - 2, 1), _height(read, most[0], ABOVE), _height(written, most[1], BELOW))
        for place, (at, read, written) in enumerate(zip(starts, counts["read"], counts["write"], strict=True))
    ]  # fmt: skip


def _hours_of(day: date) -> list[datetime]:
    """Where the hours of a day begin and, last, where it ends. When the clocks change, it has more or fewer than 24."""
    start, end = start_of(day), start_of(day + timedelta(days=1))
    hours = range(-((start - end) // timedelta(hours=1)))
    return [*(start + timedelta(hours=hour) for hour in hours), end]


def _count(wanted: Wanted, action: str, edges: Sequence[datetime]) -> list[int]:
    """How many memories in each span: one look at the rows."""
    minute = AccessRecord.minute
    sums = [
        func.sum(case((and_(minute >= begin, minute < end), AccessRecord.count), else_=0)).label(f"span_{place}")
        for place, (begin, end) in enumerate(pairwise(edges))
    ]
    row = db.session.execute(
        select(*sums)
        .select_from(AccessRecord)
        .join(Consent, Consent.grant_id == AccessRecord.grant_id)
        .where(*wanted.conditions(), AccessRecord.action == action, minute >= edges[0], minute < edges[-1])
    ).one()
    return [int(value or 0) for value in row]


def _height(count: int, most: int, room: int) -> float:
    return round(max(_LEAST, count / most * room), 1) if count else 0
