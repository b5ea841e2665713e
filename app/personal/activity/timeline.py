"""What apps did in numbers: by day, or by the hour of one day, for a small drawing and the table beside it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, bindparam, case, func, literal_column, select

from app import clock
from app.consents.models import Consent
from app.consents.receipts import AccessRecord
from app.database.types import UtcDateTime
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
    counts = _count(wanted, edges)
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


def _count(wanted: Wanted, edges: Sequence[datetime]) -> dict[str, list[int]]:
    """How many memories were read, and how many written, in each span: one look at the rows."""
    counts = {action: [0] * (len(edges) - 1) for action in ("read", "write")}
    counted = _select_by_span(len(edges)).where(*wanted.conditions(), AccessRecord.action.in_(list(counts)))
    rows = db.session.execute(counted, {f"edge_{place}": edge for place, edge in enumerate(edges)})
    for action, place, count in rows:
        counts[action][place] = int(count)
    return counts


@cache
def _select_by_span(edges: int) -> Select[Any]:
    """A SELECT of ``action, place, count`` for the spans between so many edges, which whoever executes it names."""
    minute, named = AccessRecord.minute, [bindparam(f"edge_{place}", type_=UtcDateTime) for place in range(edges)]
    place = case(*[(minute < edge, literal_column(str(place))) for place, edge in enumerate(named[1:])]).label("place")
    return (
        select(AccessRecord.action, place, func.sum(AccessRecord.count))
        .join(Consent, Consent.grant_id == AccessRecord.grant_id)
        .where(minute >= named[0], minute < named[-1])
        .group_by(AccessRecord.action, place)
    )


def _height(count: int, most: int, room: int) -> float:
    return round(max(_LEAST, count / most * room), 1) if count else 0
