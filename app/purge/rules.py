"""What is over, table by table: the one list that the purge, its backlog and the tests read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, exists, inspect, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from app import clock
from app.accounts.addresses.models import AddressChange
from app.accounts.factors.models import OneTimeCodes, WaitingSignIn
from app.accounts.joining.models import AddressConfirmation, SignUp
from app.accounts.models import Invitation, Session
from app.accounts.notices.keeping import NOTICES_LAST, PLACES_LAST
from app.accounts.notices.models import Notice
from app.accounts.passkeys.models import AnsweredChallenge
from app.accounts.places.models import KnownPlace
from app.accounts.resetting.look_back import LASTS as _LOOK_BACKS_LAST
from app.accounts.resetting.models import LookBack, PasswordReset
from app.clients.models import Client
from app.config import Settings
from app.consents.models import Consent
from app.consents.receipts import AccessRecord, ReceiptDetail, ReceiptWriter
from app.consents.receipts.keeping import CHOICES, USUAL, keeps_longer
from app.consents.saved import SavedMemento
from app.consents.undo.models import KEPT_FOR as _CHANGES_LAST
from app.consents.undo.models import AppChange
from app.database.types import Base
from app.limits.models import RateLimitCounter
from app.mail.models import UNSENT, LocalMail, OutgoingMail
from app.memories.importing.models import Import, ImportPiece
from app.oauth.asked_apps import KEPT_FOR as _ASKED_APPS_LAST
from app.oauth.asked_apps import AskedApp
from app.oauth.assertions.used import UsedAssertion
from app.oauth.authorization_request import AuthorizationRequest
from app.oauth.journal.log import KEPT_FOR as _REQUEST_RECORDS_LAST
from app.oauth.journal.record import RequestRecord
from app.oauth.playground.callback import PlaygroundCallback
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken
from app.oauth.tokens.replay import TokenReplay
from app.operations.models import IdempotencyKey

# A code or a request that is over still answers "used before" or "already answered" for a day.
_AFTERLIFE = timedelta(days=1)
_ASKED_FOR_AGAIN = timedelta(minutes=15)
# So long a letter can be asked after: one that was sent, and one that was not.
_LETTERS_LAST, _UNSENT_LETTERS_LAST = timedelta(days=7), timedelta(days=30)
# An authenticator app that was begun to be set up.
_UNCONFIRMED_LAST = timedelta(days=1)
# What an app did is kept as long as its person says; for most that is so long, as what was done because of it.
_RECEIPTS_LAST, _LONGEST_RECEIPTS_LAST = timedelta(days=USUAL), timedelta(days=max(CHOICES))


class Rule(Struct, frozen=True):
    """Rows of one table go when ``by``, which an index is on, is not after ``until``, and ``unless`` does not hold.

    ``name`` is what is told. Rows are looked at in the order of ``by``; without ``until`` at each of the table.
    """

    name: str
    by: InstrumentedAttribute[Any]
    until: datetime | None
    unless: ColumnElement[bool] | None = None

    @property
    def model(self) -> type[Base]:
        """Whose rows."""
        return cast(type[Base], self.by.class_)

    @property
    def key(self) -> Column[Any]:
        """The table's primary key, which is of one column."""
        return cast(Column[Any], inspect(self.model).primary_key[0])

    @property
    def is_certain(self) -> bool:
        """Whether each row that is old enough goes."""
        return self.unless is None

    def is_over(self) -> ColumnElement[bool]:
        """Returns the condition of a row that goes."""
        return (true() if self.until is None else self.by <= self.until) & (
            true() if self.unless is None else ~self.unless
        )


def find_rules(settings: Settings) -> Sequence[Rule]:
    """Returns what is over now, in an order in which nothing is deleted that something later still needs to see."""
    at = clock.now()
    idle_since = at - timedelta(seconds=settings.session_idle_lifetime)
    return (
        *_find_rules_of_requests(at),
        Rule("authorization_codes", AuthorizationCode.expires_at, at - _AFTERLIFE),
        Rule("access_tokens", AccessToken.expires_at, at),
        # Rotated ones too stay until their own end: their return is how theft is noticed.
        Rule("refresh_tokens", RefreshToken.expires_at, at),
        Rule("token_families", TokenFamily.id, None, _has_tokens(at - _AFTERLIFE)),
        Rule("sessions", Session.expires_at, at),
        Rule("sessions", Session.last_used_at, idle_since),
        # A link that is over says so for a day, and so does a sign-up's own page.
        Rule("sign_ups", SignUp.expires_at, at - _AFTERLIFE),
        Rule("address_confirmations", AddressConfirmation.expires_at, at - _AFTERLIFE),
        Rule("answered_challenges", AnsweredChallenge.expires_at, at),
        Rule("address_changes", AddressChange.expires_at, at - _AFTERLIFE),
        Rule("password_resets", PasswordReset.expires_at, at),
        Rule("look_backs", LookBack.begun_at, at - _LOOK_BACKS_LAST),
        Rule("waiting_sign_ins", WaitingSignIn.expires_at, at),
        Rule("one_time_codes", OneTimeCodes.pending_at, at - _UNCONFIRMED_LAST, OneTimeCodes.sealed.is_not(None)),
        Rule("invitations", Invitation.expires_at, at - _AFTERLIFE),
        Rule("notices", Notice.at, at - NOTICES_LAST),
        Rule("known_places", KnownPlace.last_seen_at, at - PLACES_LAST),
        Rule("outgoing_mail", OutgoingMail.over_at, at - _UNSENT_LETTERS_LAST),
        Rule("outgoing_mail", OutgoingMail.over_at, at - _LETTERS_LAST, OutgoingMail.state.in_(UNSENT)),
        Rule("local_mail", LocalMail.sent_at, at - _LETTERS_LAST),
        Rule("rate_limit_counters", RateLimitCounter.expires_at, at),
        Rule("idempotency_keys", IdempotencyKey.expires_at, at),
        Rule("used_assertions", UsedAssertion.expires_at, at),
        Rule("playground_callbacks", PlaygroundCallback.expires_at, at),
        Rule("import_pieces", ImportPiece.expires_at, at),
        Rule("imports", Import.expires_at, at),
        Rule("access_records", AccessRecord.minute, at - _LONGEST_RECEIPTS_LAST),
        Rule("access_records", AccessRecord.minute, at - _RECEIPTS_LAST, keeps_longer(AccessRecord.grant_id)),
        Rule("receipt_details", ReceiptDetail.minute, at - _LONGEST_RECEIPTS_LAST),
        Rule("receipt_details", ReceiptDetail.minute, at - _RECEIPTS_LAST, keeps_longer(ReceiptDetail.grant_id)),
        Rule("receipt_writers", ReceiptWriter.seen_at, at - _LONGEST_RECEIPTS_LAST),
        Rule("app_changes", AppChange.last_at, at - _CHANGES_LAST),
        Rule("token_replays", TokenReplay.at, at - _RECEIPTS_LAST),
        Rule("asked_apps", AskedApp.asked_at, at - _ASKED_APPS_LAST),
        Rule("request_records", RequestRecord.at, at - _REQUEST_RECORDS_LAST),
        Rule("clients", Client.ended_at, at - _AFTERLIFE, _is_remembered()),
    )


def _find_rules_of_requests(at: datetime) -> Sequence[Rule]:
    return (
        Rule("authorization_requests", AuthorizationRequest.expires_at, at - _AFTERLIFE),
        # Those that nobody signed in for were never answered, and anybody can make many: they go at once.
        Rule(
            "authorization_requests",
            AuthorizationRequest.expires_at,
            at,
            AuthorizationRequest.network.is_(None) | AuthorizationRequest.device_digest.is_not(None),
        ),
        # A device asks once more after its end, and is told that it was that. Nor does what was pushed stay for a day where
        # nobody has signed in for it, opened or not: strangers' apps push thousands a minute.
        Rule(
            "authorization_requests",
            AuthorizationRequest.expires_at,
            at - _ASKED_FOR_AGAIN,
            AuthorizationRequest.network.is_(None) & AuthorizationRequest.user_id.is_not(None),
        ),
    )


def _has_tokens(issued_before: datetime) -> ColumnElement[bool]:
    """Whether a family has a member, or is so young that it may yet get one."""
    members = (AuthorizationCode, AccessToken, RefreshToken)
    return or_(
        TokenFamily.issued_at > issued_before,
        *(exists().where(member.family_id == TokenFamily.id) for member in members),
    )


def _is_remembered() -> ColumnElement[bool]:
    """Whether somebody has something of an ended client that would still name it.

    Or it has rows that go by themselves: deleted together with it, thousands would be one long transaction.
    """
    names = (Consent, SavedMemento, RequestRecord, IdempotencyKey, AuthorizationRequest)
    return or_(*(exists().where(model.client_key == Client.key) for model in names))
