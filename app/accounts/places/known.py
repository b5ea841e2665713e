"""The networks that a person signs in from: since when, and what they call them.

A place is no more than a network address: nothing about it is asked of anybody else.
"""

from collections.abc import Mapping

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from app import clock
from app.accounts.places.models import KnownPlace
from app.credentials import new_id
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.limits.networks import network_of
from app.text import clean_line, find_line_problem

MOST_NAME_LENGTH = 60
# Written out, because SQLAlchemy has this clause only per dialect; both databases read the same words.
_NOTE = Statement(
    text(
        """
        INSERT INTO known_places (id, user_id, network, name, first_seen_at, last_seen_at)
        VALUES (:id, :user, :network, '', :at, :at)
        ON CONFLICT (user_id, network) DO UPDATE SET last_seen_at = excluded.last_seen_at
        """
    ).bindparams(bindparam("at", type_=UtcDateTime()))
)


def note_place(session: Session, user_id: str, address: str) -> None:
    """Write down that the person signs in from there. The caller commits."""
    if address:
        network = network_of(address)[:45]
        SessionConnection(session).run(_NOTE, id=new_id("plc"), user=user_id, network=network, at=clock.now())


def list_known_places(session: Session, user_id: str) -> Mapping[str, KnownPlace]:
    """Returns where the person has signed in, by the network."""
    return {one.network: one for one in session.scalars(select(KnownPlace).where(KnownPlace.user_id == user_id))}


def name_place(session: Session, user_id: str, place_id: str, name: str) -> bool | None:
    """Call it so; an empty name takes the name away. The caller commits.

    Returns None where the person has no such place, and False for what cannot be a name.
    """
    place = session.scalar(select(KnownPlace).where(KnownPlace.id == place_id, KnownPlace.user_id == user_id))
    if place is None:
        return None
    name = clean_line(name)
    if len(name) > MOST_NAME_LENGTH or (name and find_line_problem(name)):
        return False
    place.name = name
    return True
