"""Sending an invitation by letter, which says the same of every address; and withdrawing one."""

from flask import abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app.accounts.invitations import invite, list_open_invitations, revoke_invitation
from app.accounts.models import Invitation
from app.accounts.roles import NotPermitted
from app.database.access import read_anew
from app.database.rows import is_taken
from app.extensions import db
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.limits.table import INVITATION_LETTERS, LETTERS_TO_INVITED
from app.mail import mail_goes_out
from app.once import identifier_for
from app.org import blueprint
from app.org.access import Access, administrators_only
from app.org.member_forms import LetterForm
from app.org.member_listing import read_place
from app.org.member_views import members_page, roles_to_give, to_members
from app.org.sure import SureForm
from app.sentences import _, sentence_of
from app.text import isolated


@blueprint.post("/members/invite/letter")
@administrators_only
def send_invitation(access: Access) -> ResponseReturnValue:
    """Make an invitation whose link goes to an address, and is shown to nobody here."""
    form = LetterForm(prefix="letter-").offer(roles_to_give(access))
    if not form.validate_on_submit():
        return members_page(access, status=400, letter=form)
    if form.role.data not in roles_to_give(access):
        form.role.errors = [_("Choose one of these roles.")]
        return members_page(access, status=400, letter=form)
    if not current_user.email_is_verified:
        form.email.errors = [
            _("Confirm your own address first: it stands in the letter. Your account page leads there.")
        ]
        return members_page(access, status=403, letter=form)
    if not mail_goes_out():
        form.email.errors = [_("This server sends no letters: whoever runs it must set SMTP_URL. Make a link instead.")]
        return members_page(access, status=400, letter=form)
    organization_id, email = access.organization.id, form.email.data
    try:
        # What counts writes by itself, and SQLite has one writer.
        read_anew(db.session)
        services().limits.take(INVITATION_LETTERS, access.user_id)
        services().limits.take(LETTERS_TO_INVITED, email)
        invite(
            organization_id,
            role=form.role.data,
            label=email[:100],
            actor_user_id=access.user_id,
            invitation_id=identifier_for("inv", form.once.data, access.user_id, organization_id),
            email=email,
        )
    except TooManyAttempts as error:
        form.email.errors = [sentence_of(error)]
        page, _status = members_page(access, letter=form)
        return page, 429, {"Retry-After": str(error.seconds)}
    except ValueError as error:
        db.session.rollback()
        form.email.errors = [sentence_of(error)]
        return members_page(access, status=400, letter=form)
    except NotPermitted:
        abort(403)
    except IntegrityError as error:
        if not is_taken(error, Invitation.id):
            raise
        # The same form once more: the letter is on its way.
        db.session.rollback()
    else:
        db.session.commit()
    flash(gettext("An invitation is on its way to %(email)s.", email=isolated(email)))
    return to_members()


@blueprint.route("/invitations/<invitation_id>/revoke", methods=["GET", "POST"])
@administrators_only
def withdraw_invitation(access: Access, invitation_id: str) -> ResponseReturnValue:
    invitations = list_open_invitations(access.organization.id)
    invitation = next((one for one in invitations if one.id == invitation_id), None) or abort(404)
    form = SureForm("withdraw", invitation_id)
    if not form.is_sure():
        place = read_place(request.args)
        return render_template(
            "org/sure/withdraw.html", access=access, invitation=invitation, form=form, place=place
        ), form.status
    if not revoke_invitation(access.organization.id, invitation_id, actor_user_id=access.user_id):
        abort(404)
    db.session.commit()
    flash(gettext("The invitation was withdrawn. Its link no longer works."))
    return to_members()
