"""/org/oauth/<client_id>/danger: what stops an app. Each asks once, on a page that says what it costs."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.accounts.fresh import needs_fresh_sign_in
from app.clients.life import delete_client, resume_client, suspend_client
from app.clients.models import Client, ClientSecret
from app.database.rows import is_taken
from app.extensions import db
from app.http.sure import SureForm
from app.oauth.client_end import rotate_everything
from app.once import identifier_for
from app.org import blueprint
from app.org.access import Access, administrators_only
from app.org.costs import count_costs
from app.org.forms import ConfirmForm
from app.org.sure import DeleteForm, SureOnceForm
from app.org.views import secret_page, to_client
from app.sentences import _, translated
from app.text import isolated


@blueprint.get("/<client_id>/danger")
@administrators_only
def show_danger(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    return render_template("org/danger.html", access=access, client=client, form=ConfirmForm())


@blueprint.route("/<client_id>/suspend", methods=["GET", "POST"])
@administrators_only
def suspend(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    if client.status != "active":
        flash(
            gettext("The app is a draft, so there is nothing to suspend.")
            if client.drafted_at
            else translated(_SUSPENDED_ALREADY)
        )
        return _to_danger(client_id)
    form = SureForm("suspend", client_id)
    if not form.is_sure():
        return _ask("suspend", access, client, form)
    suspend_client(db.session(), client, actor_user_id=access.user_id)
    db.session.commit()
    flash(gettext("The app is suspended now."))
    return _to_danger(client_id)


@blueprint.post("/<client_id>/resume")
@administrators_only
def resume(access: Access, client_id: str) -> ResponseReturnValue:
    resume_client(db.session(), access.get_client(client_id), actor_user_id=access.user_id)
    db.session.commit()
    flash(gettext("The app is resumed. It goes on where it was stopped."))
    return _to_danger(client_id)


@blueprint.route("/<client_id>/rotate-everything", methods=["GET", "POST"])
@administrators_only
@needs_fresh_sign_in
def rotate_all(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    if client.status == "draft":
        flash(gettext("The app is a draft: it has no secret and no token yet."))
        return _to_danger(client_id)
    form = SureOnceForm("rotate-everything", client_id)
    if not form.is_sure():
        return _ask("rotate", access, client, form)
    secret_id = identifier_for("sec", form.once.data, access.user_id, client_id)
    try:
        secret = rotate_everything(db.session(), client, actor_user_id=access.user_id, secret_id=secret_id)
    except IntegrityError as error:
        if not is_taken(error, ClientSecret.id):
            raise
        db.session.rollback()
        flash(gettext("This was done already. A secret is shown only once; make another if you did not keep it."))
        return to_client(client_id)
    db.session.commit()
    if secret is not None:
        return secret_page(client, secret)
    flash(gettext("Every code and token of the app has ended."))
    return _to_danger(client_id)


@blueprint.route("/<client_id>/delete", methods=["GET", "POST"])
@administrators_only
def delete(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    name = client.name
    form = DeleteForm("delete", client_id, name)
    if not form.is_certain(name):
        return _ask("delete", access, client, form)
    delete_client(db.session(), client, actor_user_id=access.user_id)
    db.session.commit()
    flash(gettext("%(name)s was deleted.", name=isolated(name)))
    return redirect(url_for("org.list_clients"), 303)


_SUSPENDED_ALREADY = _("The app is suspended already.")


def _ask(act: str, access: Access, client: Client, form: SureForm) -> ResponseReturnValue:
    page = render_template(f"org/sure/{act}.html", access=access, client=client, form=form, costs=count_costs(client))
    return page, form.status


def _to_danger(client_id: str) -> Response:
    return redirect(url_for("org.show_danger", client_id=client_id), 303)
