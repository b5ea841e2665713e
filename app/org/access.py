"""Who may see and who may change an organization's apps."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from flask import abort, render_template, request
from flask_login import current_user

from app.accounts.models import Organization
from app.accounts.organizations import can_administer, find_first_organization, find_role
from app.extensions import db, login_manager
from app.oauth.models.client import Client

_CLIENT_ID = re.compile(r"[A-Za-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class Access:
    """The organization a person works in, and what they are there."""

    organization: Organization
    user_id: str
    role: str | None

    @property
    def may_write(self) -> bool:
        return can_administer(self.role)

    def get_client(self, client_id: str) -> Client:
        """The organization's client; 404 for another organization's, as if it did not exist."""
        client = db.session.get(Client, client_id) if _CLIENT_ID.fullmatch(client_id) else None
        if client is None or client.organization_id != self.organization.id:
            abort(404)
        return client


def members_only(view: Callable) -> Callable:
    """The view, with the person's :class:`Access` as its first argument, for whoever belongs to an organization.

    Others are asked to sign in, or told how to get an organization.
    """

    @wraps(view)
    def guarded(**arguments):
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        organization = find_first_organization(current_user.id)
        if organization is None:
            return render_template("org/no_organization.html"), 200 if request.method == "GET" else 403
        return view(Access(organization, current_user.id, find_role(current_user.id, organization.id)), **arguments)

    return guarded


def administrators_only(view: Callable) -> Callable:
    """As :func:`members_only`, with 403 for members who may not write, whichever client they name."""

    @members_only
    @wraps(view)
    def guarded(access: Access, **arguments):
        if not access.may_write:
            abort(403)
        return view(access, **arguments)

    return guarded
