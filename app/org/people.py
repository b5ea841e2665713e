"""How many people have an app connected, and with what, in numbers that point at nobody."""

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import func, select

from app.consents.live import is_live
from app.consents.models import SELECTIONS, Consent
from app.extensions import db
from app.scopes import SCOPES, parse_scope
from app.sentences import _

#: A group of fewer people is not counted out: its members may know each other.
LEAST_GROUP = 5


class People(Struct, frozen=True):
    """``scopes`` and ``selections`` are shares in words; None while there are too few people to tell them apart."""

    connected: int
    paused: int | None
    scopes: Mapping[str, str] | None
    selections: Mapping[str, str] | None


def count_people(client_key: str) -> People:
    """Returns who has the app connected now, as counts alone."""
    rows = db.session.execute(
        select(Consent.scope, Consent.selection, func.count(), func.count(Consent.paused_at))
        .where(Consent.client_key == client_key, is_live(Consent))
        .group_by(Consent.scope, Consent.selection)
    ).all()
    connected = sum(count for *_, count, _ in rows)
    if connected < LEAST_GROUP:
        return People(connected, None, None, None)
    scopes = {name: sum(count for scope, _, count, _ in rows if name in parse_scope(scope)) for name in SCOPES}
    selections = {name: sum(count for _, chosen, count, _ in rows if chosen == name) for name in SELECTIONS}
    paused = sum(count for *_, count in rows)
    return People(
        connected,
        paused if _is_safe(paused, connected) else None,
        {name: _in_words(count, connected) for name, count in scopes.items()},
        {name: _in_words(count, connected) for name, count in selections.items()},
    )


def _is_safe(count: int, of: int) -> bool:
    """Whether neither the group nor what it leaves of the whole is so small that it points at somebody."""
    return all(number == 0 or number >= LEAST_GROUP for number in (count, of - count))


def _in_words(count: int, of: int) -> str:
    if _is_safe(count, of):
        return f"{count:,}"
    return (
        _("fewer than %(least)s", least=LEAST_GROUP)
        if count < LEAST_GROUP
        else _("all but fewer than %(least)s", least=LEAST_GROUP)
    )
