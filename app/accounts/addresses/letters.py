"""The letters about a change of address and about a first second step, and to an address that lost the account again."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.addresses.changing import BACK_FOR, CONFIRMS_FOR, TRIED_FOR
from app.accounts.addresses.models import AddressChange
from app.accounts.models import User
from app.config import settings
from app.credentials import ADDRESS_BACK, ADDRESS_CHANGE, digest, new_credential
from app.http.moments.zones import find_zone
from app.mail.kinds import mail_kind
from app.mail.letter import Letter
from app.sentences import _


@mail_kind("address_change", useful_for=TRIED_FOR)
def compose_address_change(session: Session, to: str, facts: dict[str, Any]) -> Letter | None:
    """To the new address: the link that confirms it, or that it has an account of its own.

    What its person is called is not in it: anybody may be called anything, and the letter may go to somebody else.
    """
    change = session.get(AddressChange, facts["change"])
    if change is None or change.changed_at is not None or change.email != to:
        return None
    site = settings().site_name
    # Also for an address that is known: how long a change waits, which the person sees, may not tell them.
    change.expires_at = clock.now() + CONFIRMS_FOR
    if session.scalar(select(User.id).where(User.email == to)) is not None:
        return Letter(_("This address has an account at %(site)s already", site=site), "address_has_account")
    token = new_credential(ADDRESS_CHANGE)
    change.digest = digest(token)
    user = session.get_one(User, change.user_id)
    values = {"path": f"/account/settings/email/confirm/{token}", "was": change.was}
    until = {"until": change.expires_at, "zone": find_zone(user.time_zone)}
    return Letter(_("Is this your new address at %(site)s?", site=site), "address_change", values | until)


@mail_kind("address_changed", useful_for=BACK_FOR)
def compose_address_changed(session: Session, to: str, facts: dict[str, Any]) -> Letter | None:
    """To the old address: what it is now, and the link that takes it back."""
    subject = _("Your address at %(site)s was changed", site=settings().site_name)
    return _with_way_back(session, to, facts["change"], subject, "address_changed")


@mail_kind("first_step", useful_for=BACK_FOR)
def compose_first_step(session: Session, to: str, facts: dict[str, Any]) -> Letter | None:
    """To the address of an account that is asked for a second step from now on: the link that takes it back."""
    subject = _("Signing in at %(site)s asks for a second step now", site=settings().site_name)
    return _with_way_back(session, to, facts["change"], subject, "first_step")


def _with_way_back(session: Session, to: str, change_id: str, subject: str, template: str) -> Letter | None:
    change = session.get(AddressChange, change_id)
    if change is None or change.was != to or change.expires_at <= clock.now():
        return None
    token = new_credential(ADDRESS_BACK)
    change.back_digest = digest(token)
    user = session.get_one(User, change.user_id)
    path = "/take-back-account/" if change.is_first_step else "/take-back-address/"
    values = {"path": path + token, "name": user.name, "email": change.email}
    until = {"at": change.changed_at, "until": change.expires_at, "zone": find_zone(user.time_zone)}
    return Letter(subject, template, values | until)


@mail_kind("address_lost")
def compose_address_lost(_session: Session, _to: str, _facts: dict[str, Any]) -> Letter:
    """To the address that an account had for less than a week."""
    return Letter(_("An account at %(site)s has its earlier address again", site=settings().site_name), "address_lost")
