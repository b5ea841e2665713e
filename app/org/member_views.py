"""The people of an organization: given roles, removed, and invited by a link; and leaving."""

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.accounts.invitations import invite
from app.accounts.members import (
    LastOwner,
    Member,
    NotPermitted,
    UnknownMember,
    can_assign,
    change_role,
    find_member,
    is_only_owner,
    remove_member,
)
from app.accounts.models import ROLES, Invitation
from app.clients.seen_secrets import find_secrets_of_who_left, find_secrets_seen_by
from app.config import settings
from app.database.rows import is_taken
from app.extensions import db
from app.http.sure import SureForm
from app.mail import mail_goes_out
from app.once import identifier_for
from app.org import blueprint
from app.org.access import Access, administrators_only, members_only
from app.org.member_forms import InviteForm, LetterForm
from app.org.member_listing import read_members, read_place
from app.org.sure import DemoteForm
from app.sentences import _, sentence_of, translated
from app.text import isolated


@blueprint.get("/members")
@members_only
def show_members(access: Access) -> ResponseReturnValue:
    return members_page(access)


@blueprint.post("/members/invite")
@administrators_only
def invite_member(access: Access) -> ResponseReturnValue:
    form = InviteForm().offer(roles_to_give(access))
    if not form.validate_on_submit():
        return members_page(access, form, 400)
    if form.role.data not in roles_to_give(access):
        form.role.errors = [_("Choose one of these roles.")]
        return members_page(access, form, 400)
    invitation_id = identifier_for("inv", form.once.data, access.user_id, access.organization.id)
    try:
        invitation, token = invite(
            access.organization.id,
            role=form.role.data,
            label=form.label.data or "",
            actor_user_id=access.user_id,
            invitation_id=invitation_id,
        )
    except ValueError as error:
        form.label.errors = [sentence_of(error)]
        return members_page(access, form, 400)
    except NotPermitted:
        abort(403)
    except IntegrityError as error:
        if not is_taken(error, Invitation.id):
            raise
        db.session.rollback()
        flash(gettext("This invitation was made already. Its link is shown only once; withdraw it and make another."))
        return to_members()
    link = settings().issuer + url_for("org.join", token=token)
    # Before the commit: the link is shown once, and after it nothing may fail that this page needs.
    page = render_template("org/invitation.html", access=access, invitation=invitation, link=link)
    db.session.commit()
    return page


@blueprint.post("/members/<user_id>/role")
@administrators_only
def give_role(access: Access, user_id: str) -> ResponseReturnValue:
    role = request.form.get("role", "")
    if role not in ROLES:
        flash(gettext("Choose a role from the list."), "error")
        return to_members()
    member = _get_member(access, user_id)
    if not (can_assign(access.role, member.role) and can_assign(access.role, role)):
        abort(403)
    if role != "owner" and is_only_owner(access.organization.id, user_id):
        flash(translated(sentence_of(LastOwner())), "error")
        return to_members()
    # Who gets a lesser role loses something, and whoever takes it from themselves cannot give it back.
    if ROLES.index(role) > ROLES.index(member.role):
        form = DemoteForm("demote", user_id, member.role, role)
        if not form.is_sure():
            place = read_place(request.args)
            return render_template(
                "org/sure/demote.html", access=access, member=member, role=role, form=form, place=place
            ), form.status
    return _act_on_member(
        lambda: change_role(access.organization.id, user_id, role, actor_user_id=access.user_id),
        _("The role was changed."),
    )


@blueprint.route("/members/<user_id>/remove", methods=["GET", "POST"])
@administrators_only
def remove(access: Access, user_id: str) -> ResponseReturnValue:
    member = _get_member(access, user_id)
    if not can_assign(access.role, member.role):
        abort(403)
    seen = find_secrets_seen_by(db.session(), access.organization.id, user_id)
    form = SureForm("remove", user_id, member.role, *(secret.id for secret in seen.first))
    if not form.is_sure():
        place = read_place(request.args)
        return render_template(
            "org/sure/remove.html", access=access, member=member, seen=seen, form=form, place=place
        ), form.status
    return _act_on_member(
        lambda: remove_member(access.organization.id, user_id, actor_user_id=access.user_id),
        _(
            "%(name)s no longer belongs to %(organization)s.",
            name=isolated(member.name),
            organization=isolated(access.organization.name),
        ),
    )


@blueprint.route("/members/leave", methods=["GET", "POST"])
@members_only
def leave(access: Access) -> ResponseReturnValue:
    form = SureForm("leave", access.organization.id, access.role)
    if not form.is_sure():
        seen = find_secrets_seen_by(db.session(), access.organization.id, access.user_id)
        return render_template("org/sure/leave.html", access=access, seen=seen, form=form), form.status
    name = access.organization.name
    try:
        remove_member(access.organization.id, access.user_id, actor_user_id=access.user_id)
    except LastOwner as error:
        db.session.rollback()
        flash(translated(sentence_of(error)), "error")
        return to_members()
    db.session.commit()
    flash(gettext("You have left %(name)s.", name=isolated(name)))
    return redirect(url_for("org.list_clients"), 303)


def members_page(
    access: Access, form: InviteForm | None = None, status: int = 200, letter: LetterForm | None = None
) -> tuple[str, int]:
    """Returns the page of the members, with what is wrong in one of its forms."""
    return render_template(
        "org/members.html",
        access=access,
        listing=read_members(access.organization.id, request.args),
        form=form or InviteForm(formdata=None).offer(roles_to_give(access)),
        letter=letter or LetterForm(formdata=None, prefix="letter-").offer(roles_to_give(access)),
        roles=roles_to_give(access),
        can_assign=can_assign,
        can_send=mail_goes_out(),
        left=find_secrets_of_who_left(db.session(), access.organization.id),
    ), status


def roles_to_give(access: Access) -> list[str]:
    """Returns the roles that this person may give to somebody."""
    return [role for role in reversed(ROLES) if can_assign(access.role, role)]


def _get_member(access: Access, user_id: str) -> Member:
    return find_member(access.organization.id, user_id) or abort(404)


def _act_on_member(act: Callable[[], None], done: str) -> Response:
    try:
        act()
    except UnknownMember:
        abort(404)
    except NotPermitted:
        abort(403)
    except LastOwner as error:
        db.session.rollback()
        flash(translated(sentence_of(error)), "error")
    else:
        db.session.commit()
        flash(translated(done))
    return to_members()


def to_members() -> Response:
    """Returns the way to the members, where the list was before."""
    return redirect(url_for("org.show_members", **read_place(request.args)), 303)
