"""What apps may do with the memories that apps added: the person's memory setting, for all apps and for one.

It takes away and never gives: within what a consent covers an app may read what it added itself, may read what other
apps added, and may add more. All three are so until the person says otherwise.
"""

from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.consents.models import Consent
from app.consents.saved import SavedMemento
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.memories.models import Integration, MementoContent

#: The kind of the integrations that hold what apps added.
ADDED_BY_APPS = "memory"
_WORDS = ("own", "apps", "add")

#: The person of a consent, for the SELECT that has both.
Person = aliased(User)

_FIND_OF_ONE = Statement(
    select(Consent.memory_setting)
    .where(
        Consent.user_id == bindparam("user"),
        Consent.client_key == bindparam("client"),
        Consent.installation == bindparam("installation"),
    )
    .order_by(Consent.issued_at.desc())
    .limit(1)
)
_FIND_FOR_ALL = Statement(select(User.memory_setting).where(User.id == bindparam("user")))


class MemorySetting(Struct, frozen=True):
    """What an app may do: read what it added itself, read what other apps added, and add memories."""

    reads_own: bool = True
    reads_apps: bool = True
    adds: bool = True

    @property
    def takes_away(self) -> bool:
        """Whether there is something that an app may not."""
        return not (self.reads_own and self.reads_apps and self.adds)

    @property
    def words(self) -> tuple[str, ...]:
        """What it may, in one word each: ``own``, ``apps``, ``add``."""
        given = zip(_WORDS, (self.reads_own, self.reads_apps, self.adds), strict=True)
        return tuple(word for word, is_given in given if is_given)

    def format(self) -> str:
        """Returns it as a column holds it, such as ``own add``."""
        return " ".join(self.words)


ALL_OF_IT = MemorySetting()


def parse_setting(text: str | None) -> MemorySetting:
    """Returns the setting that a column holds; an empty column is all of it."""
    if text is None:
        return ALL_OF_IT
    words = text.split()
    return MemorySetting(*[word in words for word in _WORDS])


def select_setting(person: type[User] = Person) -> ColumnElement[Any]:
    """Returns a column for a SELECT that has a consent and its person: what is set for the one app, or for all."""
    return func.coalesce(Consent.memory_setting, person.memory_setting)


def find_setting(session: Session, user_id: str, client_key: str, installation: str | None) -> MemorySetting:
    """Returns what is set for an installation of an app, that of its next connection too; None for one that is new."""
    of_one = {"user": user_id, "client": client_key, "installation": installation}
    own = SessionConnection(session).scalar(_FIND_OF_ONE, **of_one)
    return find_setting_for_all(session, user_id) if own is None else parse_setting(own)


def find_setting_for_all(session: Session, user_id: str) -> MemorySetting:
    """Returns what is set for every app that has nothing of its own."""
    return parse_setting(SessionConnection(session).scalar(_FIND_FOR_ALL, user=user_id))


def select_own_sources(saved_memento_id: str | None) -> Select[Any]:
    """Returns a SELECT of the ids of the integrations that hold what the app added, and nothing else."""
    return _select_sources().where(MementoContent.memento_id == saved_memento_id)


def select_sources_of_others(user_id: str | None, saved_memento_id: str | None) -> Select[Any]:
    """Returns a SELECT of the ids of the integrations that hold what other apps added."""
    saved = select(SavedMemento.memento_id).where(SavedMemento.user_id == user_id)
    kept = _select_sources().where(MementoContent.memento_id.in_(saved))
    return select(Integration.id).where(
        Integration.user_id == user_id,
        or_(Integration.kind == ADDED_BY_APPS, Integration.id.in_(kept)),
        Integration.id.not_in(select_own_sources(saved_memento_id)),
    )


def _select_sources() -> Select[Any]:
    return select(MementoContent.integration_id).where(
        MementoContent.integration_id.is_not(None), MementoContent.folder.is_(None)
    )
