"""Joining an organization by the link of an invitation."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.accounts.invitations import (
    AlreadyMember,
    InvitationOver,
    accept_invitation,
    find_joined_by,
    find_open_invitation,
)
from app.accounts.models import Membership
from app.database.access import may_note, read_anew
from app.database.rows import is_taken
from app.extensions import db
from app.http.error_answers import error_page
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.limits.table import UNKNOWN_INVITATIONS
from app.org import blueprint
from app.org.access import signed_in_only, switch_to
from app.org.forms import ConfirmForm
from app.sentences import _
from app.text import isolated


@blueprint.route("/join/<token>", methods=["GET", "POST"])
@signed_in_only
def join(token: str) -> ResponseReturnValue:
    """Where an invitation's link leads, by way of sign-in or sign-up."""
    form = ConfirmForm()
    invitation = find_open_invitation(token)
    if invitation is None:
        return _to_what_was_joined(token) or _unknown_page()
    if not form.validate_on_submit():
        return render_template("org/join.html", invitation=invitation, token=token, form=form)
    organization_id, name = invitation.organization_id, invitation.organization.name
    try:
        accept_invitation(token, current_user.id)
        db.session.commit()
        flash(gettext("You belong to %(name)s now.", name=isolated(name)))
    except (InvitationOver, AlreadyMember, IntegrityError) as error:
        if isinstance(error, IntegrityError) and not is_taken(error, Membership.user_id, Membership.organization_id):
            raise
        db.session.rollback()
        if find_open_invitation(token) is None:
            return _to_what_was_joined(token) or _over_page()
        flash(gettext("You belong to %(name)s already. The link is still good for somebody else.", name=isolated(name)))
    switch_to(organization_id)
    return redirect(url_for("org.list_clients"), 303)


def _to_what_was_joined(token: str) -> Response | None:
    """The way for who comes by a link once more, or has clicked twice; None for who does not belong there."""
    joined = find_joined_by(token, current_user.id)
    if joined is None:
        return None
    switch_to(joined.id)
    flash(gettext("You belong to %(name)s.", name=isolated(joined.name)))
    return redirect(url_for("org.list_clients"), 303)


def _unknown_page() -> ResponseReturnValue:
    """One of these is a mistake, and many are somebody who tries."""
    read_anew(db.session)
    # A HEAD tells nothing, and leaves everything as it is.
    seconds = services().limits.fail(UNKNOWN_INVITATIONS, current_user.id) if may_note() else None
    if seconds is not None:
        raise TooManyAttempts(seconds)
    return _over_page()


def _over_page() -> ResponseReturnValue:
    return error_page(
        410,
        _("This invitation no longer works"),
        _("It was used, withdrawn, or is more than seven days old. Ask whoever sent it for a new link."),
    )
