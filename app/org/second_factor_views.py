"""``/org/oauth/organization/second-factor``: whether owners and admins must have a second step at sign-in."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.factors import SECOND
from app.accounts.factors.demands import list_without_factor
from app.accounts.fresh import needs_fresh_sign_in
from app.accounts.lock import lock_organization
from app.accounts.members import demand_owner
from app.accounts.roles import NotPermitted
from app.audit.events import record
from app.extensions import db
from app.http.error_answers import error_page
from app.org import blueprint
from app.org.access import Access, owners_only
from app.org.sure import SureForm


@blueprint.route("/organization/second-factor", methods=["GET", "POST"])
@owners_only
@needs_fresh_sign_in
def demand_second_factor(access: Access) -> ResponseReturnValue:
    """Ask, then turn it on, or off where it is on."""
    organization = access.organization
    demands = not organization.demands_second_factor
    form = SureForm("second factor", organization.id, str(demands))
    # Nobody closes the dashboard to themselves.
    lacks_own = demands and not current_user.shown & SECOND
    if not form.is_sure() or lacks_own:
        page = render_template(
            "org/sure/second_factor.html",
            access=access,
            form=form,
            demands=demands,
            lacks_own=lacks_own,
            without=list_without_factor(db.session(), organization.id) if demands else (),
        )
        return page, 409 if lacks_own and form.is_submitted() else form.status
    try:
        lock_organization(db.session(), organization.id)
        demand_owner(organization.id, access.user_id)
    except NotPermitted:
        db.session.rollback()
        return error_page(403)
    organization.demands_second_factor = demands
    kind = "organization.second_factor_demanded" if demands else "organization.second_factor_not_demanded"
    record(kind, actor_user_id=access.user_id, organization_id=organization.id)
    db.session.commit()
    flash(
        gettext("Owners and admins need a second step at sign-in from now on.")
        if demands
        else gettext("A second step is up to each owner and admin again.")
    )
    return redirect(url_for("org.show_members"), 303)
