"""An app's logo, changed or removed alone."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients.errors import ClientError
from app.clients.logos import MOST_BYTES, draw_logo, remove_logo, set_logo
from app.database.access import outside_transaction
from app.extensions import db
from app.http.clear_forms import reads_its_own_form
from app.http.form_checks import checks_its_own_token
from app.org import blueprint
from app.org.access import Access, administrators_only
from app.org.client.settings_page import settings_page
from app.org.forms import EditForm, LogoForm
from app.org.views import receive_form
from app.sentences import _


@blueprint.post("/<client_id>/logo")
@checks_its_own_token
@reads_its_own_form
def change_logo(client_id: str) -> ResponseReturnValue:
    if not receive_form(MOST_BYTES + 64 * 1024):
        return _refuse_large_logo(client_id=client_id)
    return _change_logo(client_id=client_id)


@administrators_only
def _change_logo(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    form = LogoForm(formdata=None)
    try:
        if request.form.get("action") == "remove":
            remove_logo(db.session(), client, actor_user_id=access.user_id)
        else:
            with outside_transaction(db.session):
                uploaded = request.files.get("logo")
                png = draw_logo(uploaded.read() if uploaded else b"")
            client = access.get_client(client_id)
            set_logo(db.session(), client, png, actor_user_id=access.user_id)
    except ClientError as error:
        form.logo.errors = [error.sentence]
        client = access.get_client(client_id)
        return settings_page(access, client, EditForm.of(client, formdata=None), logo_form=form, status=400)
    db.session.commit()
    flash(gettext("The logo was saved.") if client.logo else gettext("The logo was removed."))
    return redirect(url_for("org.edit_settings", client_id=client_id), 303)


@administrators_only
def _refuse_large_logo(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    form = LogoForm(formdata=None)
    form.logo.errors = [_("The file is too large: 512 KB is the most. Make the image smaller and try again.")]
    return settings_page(access, client, EditForm.of(client, formdata=None), logo_form=form, status=413)
