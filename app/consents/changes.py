"""What a person allows an app is given, changed, paused and ended here; ``continuing``, ``freezing`` and ``memory_setting`` do the rest.

Each change is an event, too (:mod:`app.consents.events`). All of it is called inside a transaction, which the caller
commits: on the driver connection of a request, or on a :class:`SessionConnection` of a page.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from app import clock
from app.consents import statements
from app.consents.choice import Choice
from app.consents.events import (
    ENDED,
    GIVEN,
    NARROWED,
    OPERATOR,
    PAUSED,
    PERSON,
    RESUMED,
    WIDENED,
    Terms,
    add_event,
    find_gains,
    find_losses,
)
from app.consents.live import has_run_out
from app.consents.models import ONLY
from app.consents.resources import API, format_resources, join_resources
from app.consents.snapshot import ConsentSnapshot
from app.consents.telling import tell_new_app
from app.credentials import new_id
from app.database.connections import Connection
from app.scopes import format_scope, parse_scope

# -- giving --------------------------------------------------------------------------------------


def give_consent(
    connection: Connection,
    *,
    user_id: str,
    client_key: str,
    installation: str = ONLY,
    scope: str,
    choice: Choice | None,
    resources: Collection[str] = (API,),
    declined: Collection[str] = (),
    expires_at: datetime | None = None,
    resumes: bool = False,
    continues: str | None = None,
) -> ConsentSnapshot:
    """Write down what the person decided, in a new consent or in the one that is live. Returns it.

    Scopes and resources that were allowed before stay allowed, and are shown as such, except those ``declined`` now,
    which are kept as declined. ``choice`` is None when the request looks through no memento: then an earlier choice
    stays as it is. ``expires_at`` is the end of it all, None for "until I end it". A paused consent stays paused unless
    the person ``resumes`` it, on a button that said so. ``continues`` is the earlier consent that it is the same as.
    """
    at = clock.now()
    # Two first consents at once: there is no row of theirs yet that the second could wait for.
    connection.first(statements.LOCK_PERSON, user=user_id)
    before = _find_live_or_close(connection, user_id, client_key, installation, at)
    after = _merge(before, parse_scope(scope), choice, frozenset(resources), frozenset(declined), expires_at)
    row = connection.first(
        statements.UPSERT,
        grant_id=new_id("grant"),
        user=user_id,
        client=client_key,
        installation=installation,
        scope=after.scope,
        declined=after.declined_scope,
        selection=after.choice.selection,
        resources=after.resources,
        at=at,
        until=expires_at,
        resumes=resumes,
    )
    after = replace(after, grant_id=row.grant_id, paused_at=row.paused_at)
    if choice is not None:
        after = replace(after, choice=_write_choice(connection, row.grant_id, user_id, choice))
    _note_given(connection, before, after, at, {"continues": continues} if continues else {})
    if before is None and continues is None:
        tell_new_app(connection, after.grant_id)
    return after


def _find_live_or_close(
    connection: Connection, user_id: str, client_key: str, installation: str, at: datetime
) -> ConsentSnapshot | None:
    found: ConsentSnapshot | None = connection.first(
        statements.FIND_OPEN, user=user_id, client=client_key, installation=installation
    )
    if found is None or not has_run_out(None, found.expires_at):
        return found
    # An ended consent is never prolonged: tokens that hang on it would come back to life.
    connection.run(statements.END_BY_GRANT, grant=found.grant_id, at=at)
    until = found.terms.describe()["until"]
    add_event(connection, found.grant_id, ENDED, actor=PERSON, at=found.expires_at or at, changed={"until": until})
    return None


def _merge(
    before: ConsentSnapshot | None,
    scopes: frozenset[str],
    choice: Choice | None,
    resources: frozenset[str],
    declined: frozenset[str],
    expires_at: datetime | None,
) -> ConsentSnapshot:
    """Returns what holds from now on: what is given now, and what of before stays."""
    if before is None:
        before = ConsentSnapshot("", "", "", Choice("none"), format_resources(resources), None, None)
    allowed = scopes | (parse_scope(before.scope) - declined)
    return replace(
        before,
        scope=format_scope(allowed),
        declined_scope=format_scope((parse_scope(before.declined_scope) | declined) - allowed),
        choice=choice or before.choice,
        resources=join_resources(before.terms.resources, resources),
        expires_at=expires_at,
    )


def _note_given(
    connection: Connection, before: ConsentSnapshot | None, after: ConsentSnapshot, at: datetime, more: dict[str, str]
) -> None:
    if before is None:
        add_event(connection, after.grant_id, GIVEN, actor=PERSON, at=at, changed=after.terms.describe() | more)
        return
    _note_difference(connection, after.grant_id, before.terms, after.terms, at)
    if before.paused_at is not None and after.paused_at is None:
        add_event(connection, after.grant_id, RESUMED, actor=PERSON, at=at, changed={})


def _note_difference(connection: Connection, grant_id: str, before: Terms, after: Terms, at: datetime) -> None:
    """Add an event for what was gained and one for what was lost; a swap is both, and the same again is neither."""
    for kind, changed in ((WIDENED, find_gains(before, after)), (NARROWED, find_losses(before, after))):
        if changed:
            add_event(connection, grant_id, kind, actor=PERSON, at=at, changed=changed)


def _write_choice(connection: Connection, grant_id: str, user_id: str, choice: Choice) -> Choice:
    """Returns what was written: a memento that is not the person's, or is gone, is left out."""
    connection.run(statements.DELETE_CHOICE, grant=grant_id)
    chosen = choice.can_write if choice.selection == "selected" else {}
    written = {
        memento_id: writable
        for memento_id, writable in chosen.items()
        if connection.run(
            statements.INSERT_CHOICE, grant=grant_id, memento=memento_id, user=user_id, may_write=writable
        )
    }
    return replace(choice, can_write=written)


# -- changing ------------------------------------------------------------------------------------


def change_choice(connection: Connection, user_id: str, grant_id: str, choice: Choice) -> bool:
    """Let the app look through these mementos from its next call on. Returns False when the consent has ended."""
    at = clock.now()
    before = _lock(connection, user_id, grant_id, at)
    if before is None:
        return False
    connection.run(statements.SET_CHOICE, grant=grant_id, chosen=choice.selection, at=at)
    written = _write_choice(connection, grant_id, user_id, choice)
    _note_difference(connection, grant_id, before.terms, replace(before.terms, choice=written), at)
    return True


def change_end(connection: Connection, user_id: str, grant_id: str, expires_at: datetime | None) -> bool:
    """Let it hold until then, or with None until the person ends it. Returns False when the consent has ended."""
    at = clock.now()
    before = _lock(connection, user_id, grant_id, at)
    if before is None:
        return False
    connection.run(statements.SET_END, grant=grant_id, until=expires_at, at=at)
    _note_difference(connection, grant_id, before.terms, replace(before.terms, expires_at=expires_at), at)
    return True


def pause(connection: Connection, user_id: str, grant_id: str) -> bool:
    """Let the app reach nothing until the person resumes it. Returns False when the consent has ended."""
    return _set_pause(connection, user_id, grant_id, clock.now())


def resume(connection: Connection, user_id: str, grant_id: str) -> bool:
    """Let a paused app go on. Returns False when the consent has ended."""
    return _set_pause(connection, user_id, grant_id, None)


def _set_pause(connection: Connection, user_id: str, grant_id: str, since: datetime | None) -> bool:
    at = clock.now()
    before = _lock(connection, user_id, grant_id, at)
    if before is None:
        return False
    if (before.paused_at is None) != (since is None):
        connection.run(statements.SET_PAUSE, grant=grant_id, since=since, at=at)
        add_event(connection, grant_id, RESUMED if since is None else PAUSED, actor=PERSON, at=at, changed={})
    return True


def _lock(connection: Connection, user_id: str, grant_id: str, at: datetime) -> ConsentSnapshot | None:
    """Let nobody else change the consent until the transaction ends. Returns None when it has ended."""
    if connection.first(statements.LOCK, grant=grant_id, user=user_id, at=at) is None:
        return None
    found: ConsentSnapshot | None = connection.first(statements.READ, grant=grant_id, user=user_id)
    return found


# -- ending --------------------------------------------------------------------------------------


def end(connection: Connection, user_id: str, grant_id: str) -> bool:
    """End the consent; its codes and tokens die with it, at once. Returns False when somebody had ended it before."""
    at = clock.now()
    # The row count decides, not what was read before.
    if connection.run(statements.END, grant=grant_id, user=user_id, at=at) != 1:
        return False
    add_event(connection, grant_id, ENDED, actor=PERSON, at=at, changed={})
    return True


def end_consents_of_client(connection: Connection, client_key: str, *, actor: str) -> int:
    """End what everybody allows an app that is deleted; ``actor`` is who deletes it. Returns how many there were."""
    return _end_each(connection, connection.all(statements.LIST_OF_CLIENT, client=client_key), actor, {})


def end_unused_consents_of_client(
    connection: Connection, client_key: str, *, unused_since: datetime | None, most: int
) -> int:
    """End so many of what people allow an app that nobody has used since then, and tell them. Returns how many."""
    rows = connection.all(statements.LIST_SOME_OF_CLIENT, client=client_key, most=most)
    changed = {"unused_since": None if unused_since is None else unused_since.isoformat()}
    return _end_each(connection, rows, OPERATOR, changed)


def _end_each(connection: Connection, rows: Sequence[Any], actor: str, changed: Mapping[str, Any]) -> int:
    at = clock.now()
    ended = 0
    for row in rows:
        if connection.run(statements.END_BY_GRANT, grant=row.grant_id, at=at) == 1:
            add_event(connection, row.grant_id, ENDED, actor=actor, at=at, changed=changed)
            ended += 1
    return ended


def note_deleted_memento(connection: Connection, memento_id: str, *, actor: str) -> None:
    """Note in each live consent that names a memento that the app loses it. To be called before it is deleted.

    The caller holds the person whose it is, so that no consent begins to name it meanwhile.
    """
    at = clock.now()
    for row in connection.all(statements.LIST_WITH_MEMENTO, memento=memento_id, at=at):
        changed = {"mementos": [memento_id]} | ({"writing": [memento_id]} if row.can_write else {})
        add_event(connection, row.grant_id, NARROWED, actor=actor, at=at, changed=changed)
