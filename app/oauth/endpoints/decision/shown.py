"""What every screen of the decision shows: who asks, who answers, and what holds already."""

from collections.abc import Mapping
from typing import Any

from flask_login import current_user
from msgspec.structs import asdict
from sqlalchemy import select

from app.accounts.known_browsers import find_known_browser
from app.accounts.models import User
from app.clients.models import Client
from app.clients.published import Namesake, find_namesake
from app.clients.trust import Trust, find_trust, own_page
from app.consents.installations import Predecessor, find_predecessors, installation_of
from app.consents.introductions import Earlier, find_earlier, find_introduction
from app.consents.live import is_live
from app.consents.models import Consent
from app.extensions import db
from app.memories.mementos import IntegrationSummary, MementoSummary
from app.oauth.endpoints.logo import logo_url
from app.oauth.endpoints.waiting import Flow
from app.scopes import parse_scope

_APPEARANCE = ("description", "homepage_url", "privacy_url", "terms_url", "logo_url")


def describe_client(flow: Flow) -> dict[str, Any]:
    """Who asks, how it is known, and what will receive the answer."""
    client = db.session.scalars(select(Client).where(Client.key == flow.client.key, Client.ended_at.is_(None))).one()
    return {
        "name": client.name,
        "description": client.description,
        "namesake": find_namesake(db.session(), client),
        "trust": find_trust(client, flow.request.payload.redirect_uri),
        "homepage_url": own_page(client, client.homepage_url),
        "privacy_url": own_page(client, client.privacy_url),
        "terms_url": own_page(client, client.terms_url),
        "logo_url": logo_url(client),
        "type": client.type,
    }


def find_own_changes(flow: Flow, client: Mapping[str, Any], consent: Consent | None) -> Earlier | None:
    """Returns what the app has changed by itself since the person decided about it; None where that is nothing."""
    consent = consent or _find_latest(flow)
    told = find_introduction(db.session(), consent.grant_id) if consent is not None else None
    return find_earlier(told, flow.client, client["name"], flow.request.payload.redirect_uri)


def _find_latest(flow: Flow) -> Consent | None:
    """Returns the person's latest decision about the client, for whichever installation."""
    of_pair = (Consent.user_id == current_user.id, Consent.client_key == flow.client.key, is_live(Consent))
    return db.session.scalar(select(Consent).where(*of_pair).order_by(Consent.updated_at.desc()).limit(1))


def describe_account() -> User:
    """Who answers, as the database knows them now."""
    return db.session.get_one(User, current_user.id)


def common_facts(client: Mapping[str, Any], account: User) -> dict[str, Any]:
    """The facts that every screen shows."""
    trust: Trust = client["trust"]
    namesake: Namesake | None = client["namesake"]
    return {
        "name": [client["name"], trust.known, trust.by, namesake and [namesake.name, namesake.organization]],
        "appearance": [client[name] for name in _APPEARANCE],
        "kind": client["type"],
        "receiver": trust.receiver and [trust.receiver.place, trust.receiver.name],
        "account": [account.id, account.name, account.email],
        "freeze": account.frozen_at and account.frozen_at.isoformat(),
    }


def allowed_before(flow: Flow, consent: Consent | None) -> frozenset[str]:
    """Returns the scopes that a live consent gives already, and that the app may still ask for: they go on to hold."""
    return parse_scope(consent.scope) & parse_scope(flow.client.scope) if consent else frozenset()


def asks_to_write(flow: Flow) -> bool:
    return "memories:write" in parse_scope(flow.request.scope)


def find_consent(flow: Flow) -> Consent | None:
    """Returns the live consent of the installation that asks, for what is new since last time."""
    return db.session.scalar(
        select(Consent).where(
            Consent.user_id == current_user.id,
            Consent.client_key == flow.client.key,
            Consent.installation == installation_of(flow.client),
            is_live(Consent),
        )
    )


def list_predecessors(flow: Flow) -> list[Predecessor]:
    """Returns the earlier connections that this one may be the same as."""
    return find_predecessors(db.session(), current_user.id, flow.client, find_known_browser(current_user))


def summary_with(summary: MementoSummary | IntegrationSummary, **more: Any) -> dict[str, Any]:
    """What a summary tells, and more, for a template."""
    return asdict(summary) | more
