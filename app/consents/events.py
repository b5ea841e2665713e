"""What happened to a consent, kept for the person as long as their account: when, by whom, and what was changed."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Insert,
    Integer,
    Select,
    String,
    Text,
    bindparam,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from app import metrics
from app.clients.models import Client
from app.consents.choice import Choice
from app.consents.models import Consent
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import Base, ShownName, UtcDateTime

#: Who did it. Of an organization's admin or an operator the person learns no more than that.
PERSON: Final = "person"
APP: Final = "app"
ADMIN: Final = "admin"
OPERATOR: Final = "operator"

GIVEN: Final = "given"
WIDENED: Final = "widened"
NARROWED: Final = "narrowed"
PAUSED: Final = "paused"
RESUMED: Final = "resumed"
ENDED: Final = "ended"
#: The app itself has changed what it is called, or where its answers may go.
CHANGED: Final = "changed"
#: A code or a refresh token came a second time, so that what came of its sign-in was ended.
REPLAYED: Final = "replayed"


class ConsentEvent(Base):
    """One change of what a person allows an app.

    It refers to the account alone, and so outlives the consent and the app. ``client_name`` is what the app was called
    then. ``changed`` is JSON, see :class:`Terms`.
    """

    __tablename__ = "consent_events"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('given', 'widened', 'narrowed', 'paused', 'resumed', 'ended', 'changed', 'replayed')", name="kind"
        ),
        CheckConstraint("actor IN ('person', 'app', 'admin', 'operator')", name="actor"),
        Index(None, "user_id", "grant_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    grant_id: Mapped[str] = mapped_column(String(40))
    client_key: Mapped[str] = mapped_column(String(40))
    client_name: Mapped[str] = mapped_column(ShownName(100))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(8))
    actor: Mapped[str] = mapped_column(String(8))
    changed: Mapped[str] = mapped_column(Text)


class Event(Struct, frozen=True):
    """An event as the person may read it. ``changed`` holds only what this event is about, by these names:

    ``scopes``, ``mementos`` and ``writing`` (the ids of mementos that may be read, and written in), ``resources``: what
    was given, added or taken away. ``remaining``: the ids of the mementos that are left of everything. ``selection`` and ``until`` (an ISO time, or None for no end): what holds since.
    ``memory`` (``own``, ``apps``, ``add``): what of the memory setting was given or taken away.
    ``unused_since`` (an ISO time): it was ended because nobody has used the app since then.
    Of an app that has changed itself ``name`` holds what it ``was`` called and what it ``is``, and ``redirect_uris`` the
    addresses that were ``added`` and ``removed``.
    ``all`` is true where the person paused every app at once. ``presented`` is what came a second time: a ``code`` or a ``refresh_token``.
    ``device`` is true where a device was connected, which asked by a code.
    ``continues`` and ``continued_by`` (grant ids): the earlier connection whose place it took, and the one that took its.
    """

    at: datetime
    kind: str
    actor: str
    grant_id: str
    client_name: str
    changed: Mapping[str, Any]


#: One that was noticed later, such as that the end has come, stands where it happened.
LATEST_FIRST: Final = (ConsentEvent.at.desc(), ConsentEvent.id.desc())


def read_event(one: ConsentEvent) -> Event:
    """Returns a row as the person may read it."""
    return Event(one.at, one.kind, one.actor, one.grant_id, one.client_name, json.loads(one.changed))


# -- what was changed ----------------------------------------------------------------------------


class Terms(Struct, frozen=True):
    """What a consent says: what the app may do, through which mementos, where, and until when."""

    scopes: frozenset[str]
    choice: Choice
    resources: frozenset[str]
    expires_at: datetime | None

    def describe(self) -> dict[str, Any]:
        """Returns all of it, as the event tells that gives it."""
        return {
            "scopes": sorted(self.scopes),
            "selection": self.choice.selection,
            "mementos": sorted(self.choice.can_write),
            "writing": sorted(self.choice.writable_ids),
            "resources": sorted(self.resources),
            "until": _as_text(self.expires_at),
        }


def find_gains(before: Terms, after: Terms) -> dict[str, Any]:
    """Returns what ``after`` allows beyond ``before``, by the names of :class:`Event`; empty when that is nothing."""
    old, new = before.choice, after.choice
    gains: dict[str, Any] = {
        "scopes": sorted(after.scopes - before.scopes),
        # Whoever sees everything gains nothing by a part of it.
        "mementos": [] if old.selection == "all" else sorted(new.can_write.keys() - old.can_write.keys()),
        "writing": sorted(set(new.writable_ids) - set(old.writable_ids)),
        "resources": sorted(after.resources - before.resources),
    }
    gains = {name: ids for name, ids in gains.items() if ids}
    if _RANKS[new.selection] > _RANKS[old.selection]:
        gains["selection"] = new.selection
    if before.expires_at is not None and (after.expires_at is None or after.expires_at > before.expires_at):
        gains["until"] = _as_text(after.expires_at)
    return gains


def find_losses(before: Terms, after: Terms) -> dict[str, Any]:
    """Returns what ``after`` no longer allows of ``before``; ``selection`` and ``until`` are those that hold now."""
    losses = find_gains(after, before)
    if "selection" in losses:
        losses["selection"] = after.choice.selection
        # Of everything no memento is lost, so that nothing else would tell what is left of it.
        if after.choice.selection == "selected":
            losses["remaining"] = sorted(after.choice.can_write)
    if "until" in losses:
        losses["until"] = _as_text(after.expires_at)
    return losses


_RANKS = {None: 0, "none": 0, "selected": 1, "all": 2}


def _as_text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


# -- writing one down ----------------------------------------------------------------------------

_CHANGED = bindparam("changed", type_=Text())
_VALUES = ["user_id", "grant_id", "client_key", "client_name", "at", "kind", "actor", "changed"]


def select_values(client_name: Any = Client.name, changed: ColumnElement[str] = _CHANGED) -> Select[Any]:
    """Returns a select of an event's values for each consent, with the parameters ``at``, ``kind``, ``actor`` and ``changed``.

    Whoever asks says of which consents, and joins the client where its name is taken from there.
    """
    said = (bindparam("at", type_=UtcDateTime()), bindparam("kind", type_=String()), bindparam("actor", type_=String()))
    return select(Consent.user_id, Consent.grant_id, Consent.client_key, client_name, *said, changed)


def insert_values(values: Select[Any]) -> Insert:
    """Returns the statement that writes down what :func:`select_values` selects."""
    return insert(ConsentEvent).from_select(_VALUES, values)


_INSERT_EVENT = Statement(
    insert_values(
        select_values().join(Client, Client.key == Consent.client_key).where(Consent.grant_id == bindparam("grant"))
    )
)


def add_event(
    connection: Connection, grant_id: str, kind: str, *, actor: str, at: datetime, changed: Mapping[str, Any]
) -> None:
    """Write down what happened, in the transaction in which it did."""
    connection.run(
        _INSERT_EVENT, grant=grant_id, kind=kind, actor=actor, at=at, changed=json.dumps(changed, sort_keys=True)
    )
    connection.once_committed(lambda: metrics.CONSENT_EVENTS.inc(kind, actor))
