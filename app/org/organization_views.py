"""The organizations that a person belongs to: switching between them, founding and deleting one; new secrets for all its apps."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app.accounts.fresh import needs_fresh_sign_in
from app.accounts.lock import lock_person
from app.accounts.members import NotPermitted, delete_organization, demand_owner
from app.accounts.models import Organization, User
from app.accounts.organizations import MOST_OWNED, find_role, list_organizations, may_own_another
from app.accounts.users import found_organization
from app.clients.life import EndedBy, end_client
from app.clients.models import Client, ClientSecret
from app.clients.secrets import rotate_every_secret
from app.database.rows import is_taken
from app.extensions import db
from app.http.error_answers import error_page
from app.once import identifier_for
from app.org import blueprint
from app.org.access import Access, administrators_only, owners_only, signed_in_only, switch_to
from app.org.costs import count_costs
from app.org.listing import list_every_client, list_rotatable
from app.org.member_forms import OrganizationForm
from app.org.sure import DeleteForm, SureOnceForm
from app.sentences import _
from app.text import isolated


@blueprint.route("/organizations", methods=["GET", "POST"])
@signed_in_only
def show_organizations() -> ResponseReturnValue:
    """The list, and a form that founds another."""
    form = OrganizationForm()
    if form.validate_on_submit():
        organization_id = form.read_id(current_user.id)
        lock_person(db.session(), current_user.id)
        if find_role(current_user.id, organization_id) is None:
            if not may_own_another(current_user.id):
                form.name.errors = [
                    _("You own %(most)s organizations. Delete one that nobody needs first.", most=MOST_OWNED)
                ]
                return _show_list(form)
            user = db.session.get_one(User, current_user.id)
            # Whoever has left the one that this form made founds another.
            is_made = db.session.get(Organization, organization_id) is not None
            organization_id = found_organization(form.name.data, user, None if is_made else organization_id).id
            db.session.commit()
        switch_to(organization_id)
        flash(gettext("%(name)s is created, and you own it.", name=isolated(form.name.data)))
        return redirect(url_for("org.list_clients"), 303)
    return _show_list(form)


def _show_list(form: OrganizationForm) -> tuple[str, int]:
    page = render_template("org/organizations.html", organizations=list_organizations(current_user.id), form=form)
    return page, 400 if form.errors else 200


@blueprint.post("/switch")
@signed_in_only
def switch() -> ResponseReturnValue:
    organization_id = request.form.get("organization", "")
    if not organization_id.isprintable() or find_role(current_user.id, organization_id) is None:
        return error_page(404)
    switch_to(organization_id)
    return redirect(url_for("org.list_clients"), 303)


@blueprint.route("/organization/rotate-secrets", methods=["GET", "POST"])
@administrators_only
@needs_fresh_sign_in
def rotate_secrets(access: Access) -> ResponseReturnValue:
    """Give every app of the organization a new secret at once, as when somebody has left who may have kept them."""
    clients = list_rotatable(access.organization.id)
    form = SureOnceForm("rotate every secret", access.organization.id, *(one.key for one in clients))
    if not form.is_sure() or not clients:
        costs = count_costs(*clients)
        return render_template(
            "org/sure/secrets.html", access=access, clients=clients, form=form, costs=costs
        ), form.status

    def id_for(client: Client) -> str:
        return identifier_for("sec", form.once.data or "", access.user_id, client.key)

    try:
        made = rotate_every_secret(db.session(), clients, actor_user_id=access.user_id, id_for=id_for)
    except IntegrityError as error:
        if not is_taken(error, ClientSecret.id):
            raise
        db.session.rollback()
        flash(
            gettext("This was done already. Secrets are shown only once; rotate them again if you did not keep them.")
        )
        return redirect(url_for("org.list_clients"), 303)
    lines = [f"{client.client_id}\t{secret}\t{client.name}" for client, secret in made]
    # The only answer that ever holds them: no redirect, so that no cookie has to carry them. It is made before they stand:
    # whoever could not be shown them would have lost the old ones, too.
    page = render_template("org/secrets.html", access=access, lines=lines)
    db.session.commit()
    return page


@blueprint.route("/organization/delete", methods=["GET", "POST"])
@owners_only
def delete_whole_organization(access: Access) -> ResponseReturnValue:
    name = access.organization.name
    clients = list_every_client(access.organization.id)
    form = DeleteForm("delete the organization", access.organization.id, name, *(one.client_id for one in clients))
    if not form.is_certain(name):
        page = render_template(
            "org/sure/organization.html", access=access, form=form, apps=len(clients), costs=count_costs(*clients)
        )
        return page, form.status
    try:
        demand_owner(access.organization.id, access.user_id)
        for client in clients:
            end_client(db.session(), client, by=EndedBy.ADMIN)
        delete_organization(access.organization, actor_user_id=access.user_id)
    except NotPermitted:
        db.session.rollback()
        return error_page(403)
    db.session.commit()
    flash(gettext("%(name)s was deleted, with all its apps.", name=isolated(name)))
    return redirect(url_for("org.show_organizations"), 303)
