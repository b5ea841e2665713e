"""What every screen of the decision shows: who asks, who answers, and what holds already."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request as http_request
from flask_login import current_user
from msgspec import Struct
from msgspec.structs import asdict, astuple
from sqlalchemy import bindparam, select

from app import clock
from app.accounts.known_browsers import find_known_browser
from app.accounts.models import Organization, User
from app.accounts.places.known import list_known_places
from app.clients.models import Client, ClientLogo
from app.clients.published import Namesake, find_namesake
from app.clients.trust import Trust, find_trust, own_page
from app.consents.installations import Predecessor, find_predecessors, installation_of
from app.consents.introductions import Earlier, find_earlier, find_introduction
from app.consents.live import is_live
from app.consents.models import Consent, ConsentMemento
from app.consents.snapshot import CONSENT_COLUMNS, ConsentSnapshot
from app.database.connections import RowGone
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.extensions import db
from app.limits.networks import network_of
from app.memories.mementos import IntegrationSummary, MementoSummary
from app.memories.models import Memento
from app.oauth.endpoints.logo import logo_url
from app.oauth.endpoints.waiting import Flow
from app.scopes import parse_scope

_APPEARANCE = ("description", "homepage_url", "privacy_url", "terms_url", "logo_url")


class Present(ConsentSnapshot):
    """The consent that holds, and since when."""

    issued_at: datetime


class Account(Struct, frozen=True):
    """Who answers."""

    id: str
    name: str
    email: str
    frozen_at: datetime | None


class Device(Struct, frozen=True):
    """A device that waits for the answer: the code that it shows, since when, and where it is as far as is known.

    ``asked_from`` is its network, None where a server asked for it. It ``is_comparable`` with the person's unless one is of
    IPv4 and the other of IPv6: at home a device may have the one and a phone the other. ``is_known`` where the person has
    signed in from that network before, and ``place`` is what they call it.
    """

    user_code: str
    asked_at: datetime
    until: datetime
    asked_from: str | None
    is_here: bool
    is_comparable: bool
    is_known: bool
    place: str


_FIND_CLIENT = Statement(
    select(
        Client.key,
        Client.client_id,
        Client.origin,
        Client.organization_id,
        Client.name,
        Client.description,
        Client.homepage_url,
        Client.privacy_url,
        Client.terms_url,
        Client.type,
        Organization.name.label("organization_name"),
        ClientLogo.digest.label("logo_digest"),
    )
    .outerjoin(Organization, Organization.id == Client.organization_id)
    .outerjoin(ClientLogo, ClientLogo.client_key == Client.key)
    .where(Client.key == bindparam("client"), Client.ended_at.is_(None))
)
_FIND_ACCOUNT = Statement(
    select(User.id, User.name, User.email, User.frozen_at).where(User.id == bindparam("user")), row=Account
)
_OF_PAIR = (
    Consent.user_id == bindparam("user_id"),
    Consent.client_key == bindparam("client_key"),
    is_live(Consent, bindparam("at", type_=UtcDateTime())),
)
_FIND_PRESENT = Statement(
    select(*CONSENT_COLUMNS, Consent.issued_at).where(*_OF_PAIR, Consent.installation == bindparam("installation")),
    row=Present,
)
#: The person's latest decision about the client, for whichever installation.
_FIND_LATEST = Statement(select(Consent.grant_id).where(*_OF_PAIR).order_by(Consent.updated_at.desc()).limit(1))
_LIST_NAMES = Statement(
    select(Memento.id, Memento.name)
    .join(ConsentMemento, ConsentMemento.memento_id == Memento.id)
    .where(ConsentMemento.grant_id == bindparam("grant"))
    .order_by(Memento.name)
)


def describe_client(flow: Flow) -> dict[str, Any]:
    """Returns who asks, how it is known, and what will receive the answer."""
    client = _read(_FIND_CLIENT, client=flow.client.key)
    return {
        "name": client.name,
        "description": client.description,
        "namesake": find_namesake(db.session(), client),
        "trust": find_trust(client, flow.request.payload.redirect_uri or ""),
        "homepage_url": own_page(client, client.homepage_url),
        "privacy_url": own_page(client, client.privacy_url),
        "terms_url": own_page(client, client.terms_url),
        "logo_url": logo_url(client),
        "type": client.type,
    }


def describe_device(flow: Flow) -> Device | None:
    """Returns the device that asks, None for an app that has sent the person here."""
    waiting = flow.waiting
    if waiting.user_code is None:
        return None
    network = network_of(http_request.remote_addr or "")
    known = list_known_places(db.session(), current_user.id).get(waiting.asked_from or "")
    return Device(
        user_code=waiting.user_code,
        asked_at=waiting.issued_at,
        until=waiting.expires_at,
        asked_from=waiting.asked_from,
        is_here=waiting.asked_from == network,
        is_comparable=(":" in (waiting.asked_from or "")) == (":" in network),
        is_known=known is not None,
        place=known.name if known is not None else "",
    )


def find_own_changes(flow: Flow, client: Mapping[str, Any], consent: Present | None) -> Earlier | None:
    """Returns what the app has changed by itself since the person decided about it; None where that is nothing."""
    session, of_pair = db.session(), {"user_id": current_user.id, "client_key": flow.client.key, "at": clock.now()}
    grant_id = consent.grant_id if consent is not None else SessionConnection(session).scalar(_FIND_LATEST, **of_pair)
    told = find_introduction(session, grant_id) if grant_id is not None else None
    return find_earlier(told, flow.client, client["name"], flow.request.payload.redirect_uri)


def describe_account() -> Account:
    """Returns who answers, as the database knows them now."""
    account: Account = _read(_FIND_ACCOUNT, user=current_user.id)
    return account


def common_facts(client: Mapping[str, Any], account: Account) -> dict[str, Any]:
    """Returns the facts that every screen shows."""
    trust: Trust = client["trust"]
    namesake: Namesake | None = client["namesake"]
    return {
        "name": [client["name"], trust.known, trust.by, namesake and astuple(namesake)],
        "appearance": [client[name] for name in _APPEARANCE],
        "kind": client["type"],
        "receiver": trust.receiver and [trust.receiver.place, trust.receiver.name],
        "account": [account.id, account.name, account.email],
        "freeze": account.frozen_at and account.frozen_at.isoformat(),
    }


def allowed_before(flow: Flow, consent: Present | None) -> frozenset[str]:
    """Returns the scopes that a live consent gives already, and that the app may still ask for: they go on to hold."""
    return parse_scope(consent.scope) & parse_scope(flow.client.scope) if consent else frozenset()


def asks_to_write(flow: Flow) -> bool:
    return "memories:write" in parse_scope(flow.request.scope)


def find_consent(flow: Flow) -> Present | None:
    """Returns the live consent of the installation that asks, for what is new since last time."""
    of_one = {"user_id": current_user.id, "client_key": flow.client.key, "installation": installation_of(flow.client)}
    found: Present | None = SessionConnection(db.session()).first(_FIND_PRESENT, **of_one, at=clock.now())
    return found


def list_names(consent: Present) -> dict[str, str]:
    """Returns the names of the mementos that a consent names, by their ids, in their order."""
    return {row.id: row.name for row in SessionConnection(db.session()).all(_LIST_NAMES, grant=consent.grant_id)}


def _read(statement: Statement, **values: Any) -> Any:
    """Returns the row. Raises :class:`RowGone` when it has been deleted since the request was opened."""
    row = SessionConnection(db.session()).first(statement, **values)
    if row is None:
        raise RowGone
    return row


def list_predecessors(flow: Flow) -> list[Predecessor]:
    """Returns the earlier connections that this one may be the same as."""
    return find_predecessors(db.session(), current_user.id, flow.client, find_known_browser(current_user))


def summary_with(summary: MementoSummary | IntegrationSummary, **more: Any) -> dict[str, Any]:
    """Returns what a summary tells, and more, for a template."""
    return asdict(summary) | more
