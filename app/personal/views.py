"""``/account``: the apps a person has connected, and the button that disconnects one."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_login import current_user, login_required
from flask_wtf import FlaskForm
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.memories.mementos import list_mementos
from app.oauth.models.consent import Consent
from app.oauth.scopes import SCOPES, parse_scope, reaches_memories
from app.web import error_page

blueprint = Blueprint("personal", __name__)


@blueprint.get("/account/")
@login_required
def overview():
    """Every app with a live consent: what it may do, through which mementos, since when, last used."""
    return render_template(
        "personal/overview.html",
        account=current_user,
        apps=[_describe(consent) for consent in _live_consents()],
        mementos=list_mementos(current_user.id),
        form=FlaskForm(),
    )


@blueprint.post("/account/apps/<grant_id>/disconnect")
@login_required
def disconnect(grant_id: str):
    """End a consent; its codes and tokens die with it, at once."""
    consent = db.session.get(Consent, grant_id)
    if consent is None or consent.user_id != current_user.id:
        return error_page(404)
    if consent.revoked_at is None:
        consent.revoked_at = clock.now()
    name = consent.client.name
    db.session.commit()
    flash(f"{name} is disconnected. It can no longer reach anything of yours.")
    return redirect(url_for("personal.overview"), 303)


def _live_consents() -> list[Consent]:
    consents = db.session.scalars(
        select(Consent)
        .where(Consent.user_id == current_user.id, Consent.revoked_at.is_(None))
        .order_by(Consent.updated_at.desc())
    )
    return [consent for consent in consents if consent.is_live()]


def _describe(consent: Consent) -> dict:
    scopes = parse_scope(consent.scope)
    return {
        "grant_id": consent.grant_id,
        "name": consent.client.name,
        "organization_name": consent.client.organization.name,
        "sentences": [SCOPES[name] for name in SCOPES if name in scopes],
        "reaches_memories": reaches_memories(scopes),
        "selection": consent.selection,
        "mementos": [memento.name for memento in consent.mementos],
        "since": consent.issued_at,
        "last_used_at": consent.last_used_at,
    }
