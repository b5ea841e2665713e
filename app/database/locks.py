"""The order in which a transaction takes its locks, and how strong each of them is.

Two transactions that lock the same rows in another order wait for each other until PostgreSQL ends one of them. So
each takes its locks by table in the order of :data:`ORDER`, several rows of one table by their key, and reads what its
decision rests on after the lock, never before: what was read before may be over. On SQLite a writing transaction has
the whole database from its beginning, and the lock is only a look.

* What has no row yet, such as the first consent of a person for an app, is locked by the row that it will hang on:
  :func:`to_change` of the person.
* :func:`to_change` is the lock of whoever is going to change a row, or what hangs on it. It lets others add rows that
  refer to this one. A stronger one (``FOR UPDATE``) would not, and so stop every new token of an app that is being
  changed; only a DELETE takes that, and it comes after :func:`to_change` of the same row.
* :func:`to_delete` is that stronger one, for who deletes a row only where nothing refers to it that may not go too.
* :func:`to_rely_on` is for whoever changes nothing in the row, and needs it to stay as it is.
* :func:`to_refer_to` is for whoever is going to add what refers to the row, and needs it to stay there. An INSERT does
  it by itself for its foreign keys; it is said where that would be too late in the order.

What is only added, and by nobody changed or deleted but for the whole it belongs to, needs no place in the order.
"""

from typing import Any, TypeVar

from sqlalchemy.sql.selectable import ForUpdateArg, GenerativeSelect

ORDER = (
    "users",
    "answered_challenges",
    "passkey_handles",
    "passkeys",
    "one_time_codes",
    "recovery_codes",
    "password_resets",
    "look_backs",
    "waiting_sign_ins",
    "sessions",
    "address_changes",
    "organizations",
    "memberships",
    "invitations",
    "clients",
    "client_secrets",
    "client_keys",
    "client_logos",
    "client_origins",
    "client_resources",
    "consents",
    "consent_introductions",
    "authorization_requests",
    "consent_mementos",
    "oauth_families",
    "oauth_codes",
    "oauth_access_tokens",
    "oauth_refresh_tokens",
    "request_records",
    "playground_callbacks",
    "idempotency_keys",
    "imports",
    "import_pieces",
    "import_skips",
    "mementos",
    "integrations",
    "memories",
    "memory_tags",
    "memory_origins",
    "memento_contents",
    "never_shared",
    "made_mementos",
    "saved_mementos",
    "memory_totals",
    "access_records",
    "receipt_details",
    "receipt_memories",
    "app_changes",
    "consent_events",
    "notices",
    "client_registrations",
    "client_documents",
    "asked_apps",
    "outgoing_mail",
    "local_mail",
)

#: What ``Session.refresh`` is to be told for the lock of :func:`to_change`.
CHANGES = ForUpdateArg(key_share=True)

_Rows = TypeVar("_Rows", bound=GenerativeSelect)


def to_change(rows: _Rows, *of: Any) -> _Rows:
    """Returns a SELECT that lets nobody else change its rows, or those ``of`` these tables, in that order."""
    return rows.with_for_update(key_share=True, of=of or None)


def to_delete(rows: _Rows, *of: Any) -> _Rows:
    """Returns a SELECT that lets nobody else change its rows, or those ``of`` these tables, nor add what refers to them."""
    return rows.with_for_update(of=of or None)


def to_rely_on(rows: _Rows, *of: Any) -> _Rows:
    """Returns a SELECT whose rows, or those ``of`` these tables, nobody changes until the transaction ends.

    Others may rely on them too.
    """
    return rows.with_for_update(read=True, of=of or None)


def to_refer_to(rows: _Rows, *of: Any) -> _Rows:
    """Returns a SELECT whose rows, or those ``of`` these tables, nobody deletes until the transaction ends."""
    return rows.with_for_update(read=True, key_share=True, of=of or None)
