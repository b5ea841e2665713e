"""Who may see and who may change an organization's apps.

A page about one app works in that app's organization if it is any of the person's, and makes it
the current one: a link keeps its meaning, whatever was looked at before. A form of an organization's
own page names the organization it was shown for, so that one in a forgotten tab does not act on
another. Everything else works in the current organization, which the page session remembers.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user
from msgspec import Struct
from sqlalchemy import bindparam, select

from app.accounts.factors import SECOND
from app.accounts.factors.present import find_factors
from app.accounts.models import Organization
from app.accounts.organizations import can_administer, count_organizations, find_membership
from app.clients.models import Client, find_record
from app.credentials import is_id
from app.database.access import read_anew
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.extensions import db, login_manager
from app.http.doors import SAFE_METHODS
from app.http.services import services
from app.limits.table import DASHBOARD_ACTS

_CLIENT_ID = re.compile(r"[A-Za-z0-9_]{1,60}")
_SESSION_KEY = "organization"
_FIND_OWNER = Statement(
    select(Client.organization_id).where(Client.client_id == bindparam("client_id"), Client.ended_at.is_(None))
)


class Access(Struct, frozen=True):
    """The organization a person works in, and what they are there."""

    organization: Organization
    user_id: str
    role: str

    @property
    def may_write(self) -> bool:
        return can_administer(self.role)

    @property
    def is_owner(self) -> bool:
        return self.role == "owner"

    @property
    def is_closed(self) -> bool:
        """Whether the organization demands a second factor of this person, and this sign-in showed none."""
        return self.organization.demands_second_factor and self.may_write and not current_user.shown & SECOND

    @property
    def has_others(self) -> bool:
        """Whether there is another organization to switch to."""
        return count_organizations(self.user_id) > 1

    def get_client(self, client_id: str) -> Client:
        """Returns the organization's client; 404 for another organization's, as if it did not exist."""
        client = find_record(db.session(), client_id) if _CLIENT_ID.fullmatch(client_id) else None
        if client is None or client.organization_id != self.organization.id:
            abort(404)
        return client


def members_only(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Returns the view, with the person's :class:`Access` as its first argument, for whoever belongs to an organization.

    Others are asked to sign in, or told how to get an organization; for another organization's app, 404. Whoever acts too
    often is told to wait.
    """

    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        if request.method not in SAFE_METHODS:
            # What counts writes by itself, and SQLite has one writer.
            read_anew(db.session)
            services().limits.take(DASHBOARD_ACTS, current_user.id)
        access = _find_access(arguments.get("client_id"))
        if access is None:
            page = render_template("org/no_organization.html")
            return page, 200 if request.method == "GET" else 403
        return _closed_page(access) if access.is_closed else view(access, **arguments)

    return guarded


def administrators_only(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """As :func:`members_only`, with 403 for members who may not write."""

    @members_only
    @wraps(view)
    def guarded(access: Access, **arguments: Any) -> ResponseReturnValue:
        if not access.may_write:
            abort(403)
        return view(access, **arguments)

    return guarded


def owners_only(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """As :func:`members_only`, with 403 for all but owners."""

    @members_only
    @wraps(view)
    def guarded(access: Access, **arguments: Any) -> ResponseReturnValue:
        if not access.is_owner:
            abort(403)
        return view(access, **arguments)

    return guarded


def signed_in_only(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Returns the view, for whoever is signed in, with or without an organization; others are asked to sign in."""

    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        return view(**arguments) if current_user.is_authenticated else login_manager.unauthorized()

    return guarded


def switch_to(organization_id: str) -> None:
    """Make this the current organization of the page session. Whether one belongs to it is asked at every use."""
    session[_SESSION_KEY] = organization_id


def _closed_page(access: Access) -> ResponseReturnValue:
    has_factor = bool(find_factors(db.session(), access.user_id))
    return render_template("org/second_factor.html", access=access, has_factor=has_factor), 403


def _find_access(client_id: str | None) -> Access | None:
    current = _find_membership(session.get(_SESSION_KEY)) or _as_access(find_membership(current_user.id))
    if client_id is not None:
        return _move(current, _find_owner(client_id))
    if request.method == "POST" and "organization" in request.form:
        return _move(current, request.form["organization"])
    return current


def _move(current: Access | None, organization_id: str | None) -> Access:
    """Access to this organization, which becomes the current one; 404 if it is none of the person's."""
    if current is not None and current.organization.id == organization_id:
        return current
    access = _find_membership(organization_id) or abort(404)
    switch_to(access.organization.id)
    return access


def _find_membership(organization_id: str | None) -> Access | None:
    if not isinstance(organization_id, str) or not is_id(organization_id):
        return None
    return _as_access(find_membership(current_user.id, organization_id))


def _as_access(membership: tuple[Organization, str] | None) -> Access | None:
    return None if membership is None else Access(membership[0], current_user.id, membership[1])


def _find_owner(client_id: str) -> str | None:
    """The organization of a client, before it is known whether it may be seen."""
    if not _CLIENT_ID.fullmatch(client_id):
        return None
    owner: str | None = SessionConnection(db.session()).scalar(_FIND_OWNER, client_id=client_id)
    return owner
