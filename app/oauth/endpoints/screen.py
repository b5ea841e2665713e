"""What the screens of the decision share: who asks, what holds already, the facts of a page, and an answer that is clear."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from flask import request as http_request
from flask_login import current_user
from sqlalchemy import select

from app.accounts.models import User
from app.clients.models import Client
from app.clients.redirect_uris import host_of
from app.clients.trust import document_host, organization_name
from app.consents.live import is_live
from app.consents.models import Consent
from app.extensions import db
from app.http.clear_forms import find_repeated
from app.oauth.authorization_request import remember_shown
from app.oauth.endpoints.logo import logo_url
from app.oauth.endpoints.screen_facts import Facts
from app.oauth.endpoints.waiting import Flow
from app.scopes import parse_scope
from app.sentences import _

UNCLEAR = _(
    "It was not clear what you decided, so nothing was. Please look at this again and press one of the buttons."
)
CHANGED = _("Something changed while this page was open, so nothing was shared. Look at it once more.")


def read_action(known: Collection[str], lists: Collection[str] = ()) -> str | None:
    """Which of the ``known`` buttons was pressed; None when that is not clear.

    It is not when a button, or anything else that only the ``lists`` may say several times, was sent twice.
    """
    form = http_request.form
    action = form.get("action")
    return action if action in known and find_repeated(form, lists) is None else None


def find_changes(flow: Flow, screen: str, facts: Facts, ticked: Collection[str] = ()) -> list[str]:
    """What has changed since the page that is being answered; what was last shown, if the answer names no page."""
    sealed = http_request.form.get("shown")
    return facts.find_changes(getattr(flow.waiting, f"{screen}_shown") if sealed is None else sealed, ticked)


def seal_page(flow: Flow, screen: str, facts: Facts) -> str:
    """The seal for a page that is about to be shown, kept with the request too."""
    seal = facts.seal()
    remember_shown(flow.connection, flow.waiting, screen, seal)
    return seal


def describe_client(flow: Flow) -> dict[str, str | None]:
    """Who asks, how it is known, and the host that will receive the answer."""
    client = db.session.scalars(select(Client).where(Client.key == flow.client.key, Client.ended_at.is_(None))).one()
    return {
        "name": client.name,
        "organization_name": organization_name(client),
        "document_host": document_host(client),
        "homepage_url": client.homepage_url,
        "privacy_url": client.privacy_url,
        "terms_url": client.terms_url,
        "logo_url": logo_url(client),
        "type": client.type,
        "redirect_host": host_of(flow.request.payload.redirect_uri),
    }


def describe_account() -> User:
    """Who answers, as the database knows them now."""
    return db.session.get_one(User, current_user.id)


def common_facts(client: dict[str, str | None], account: User) -> dict[str, Any]:
    """The facts that every screen shows."""
    return {
        "name": [client["name"], client["organization_name"] or client["document_host"]],
        "appearance": [client[name] for name in ("homepage_url", "privacy_url", "terms_url", "logo_url")],
        "kind": client["type"],
        "receiver": client["redirect_host"],
        "account": [account.id, account.name, account.email],
    }


def asks_to_write(flow: Flow) -> bool:
    return "memories:write" in parse_scope(flow.request.scope)


def find_consent(flow: Flow) -> Consent | None:
    """The live consent with its mementos, for what is new since last time."""
    return db.session.scalar(
        select(Consent).where(
            Consent.user_id == current_user.id,
            Consent.client_key == flow.client.key,
            is_live(Consent),
        )
    )


def summary_with(summary, **more) -> dict[str, Any]:
    """What a summary tells, and more, for a template."""
    return {field.name: getattr(summary, field.name) for field in fields(summary)} | more
