"""An app's secrets: one more, an end date, retired, so that rotation needs no downtime."""

from datetime import date, datetime, timedelta

from flask import abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError

from app.accounts.fresh import needs_fresh_sign_in
from app.clients.errors import ClientError
from app.clients.models import Client, ClientSecret
from app.clients.secrets import (
    add_another_secret,
    end_client_secret,
    find_client_secret,
    list_live_secrets,
    retire_client_secret,
)
from app.database.rows import is_taken
from app.extensions import db
from app.http.moments.zones import day_of, start_of
from app.http.sure import SureForm
from app.once import identifier_for
from app.org import blueprint
from app.org.access import Access, administrators_only
from app.org.forms import SecretEndForm, SecretForm
from app.org.views import secret_page, to_client
from app.sentences import _, translated


@blueprint.route("/<client_id>/secrets/new", methods=["GET", "POST"])
@administrators_only
@needs_fresh_sign_in
def add_secret(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    if not client.is_confidential or client.drafted_at is not None:
        flash(
            gettext("A draft gets its secret when you activate it.") if client.is_confidential else translated(_PUBLIC),
            "error",
        )
        return to_client(client_id)
    form = SecretForm()
    if not form.validate_on_submit():
        return _new_secret_page(access, client, form)
    secret_id = identifier_for("sec", form.once.data, access.user_id, client_id)
    try:
        _added, secret = add_another_secret(
            db.session(), client, actor_user_id=access.user_id, label=form.label.data or "", secret_id=secret_id
        )
    except ClientError as error:
        form.label.errors = [error.sentence]
        return _new_secret_page(access, client, form)
    except IntegrityError as error:
        if not is_taken(error, ClientSecret.id):
            raise
        # The same form came before, by a reload or a double click.
        db.session.rollback()
        flash(gettext("The new secret was made already. It is shown only once; make another if you did not keep it."))
        return to_client(client_id)
    db.session.commit()
    return secret_page(client, secret)


@blueprint.route("/<client_id>/secrets/<secret_id>/end", methods=["GET", "POST"])
@administrators_only
def end_secret(access: Access, client_id: str, secret_id: str) -> ResponseReturnValue:
    client, secret = _get_secret(access, client_id, secret_id)
    form = SecretEndForm(ends_on=secret.expires_at and day_of(secret.expires_at - timedelta(seconds=1)))
    if form.validate_on_submit():
        try:
            end_client_secret(db.session(), client, secret, _end_of(form.ends_on.data), actor_user_id=access.user_id)
        except ClientError as error:
            form.ends_on.errors = [error.sentence]
        else:
            db.session.commit()
            flash(gettext("The secret's end was saved."))
            return to_client(client_id)
    page = render_template("org/secret_end.html", access=access, client=client, secret=secret, form=form)
    return page, 400 if form.errors else 200


@blueprint.route("/<client_id>/secrets/<secret_id>/retire", methods=["GET", "POST"])
@administrators_only
def retire_secret(access: Access, client_id: str, secret_id: str) -> ResponseReturnValue:
    client, secret = _get_secret(access, client_id, secret_id)
    others = len(list_live_secrets(db.session(), client.key)) - 1
    # Whoever was told that another one works, or that the app signs, is asked again when it is not so.
    form = SureForm("retire", secret_id, "one of several" if others else "it signs" if client.keys else "the only one")
    if not form.is_sure():
        page = render_template(
            "org/sure/retire.html", access=access, client=client, secret=secret, others=others, form=form
        )
        return page, form.status
    retire_client_secret(db.session(), client, secret, actor_user_id=access.user_id)
    db.session.commit()
    flash(gettext("The secret that ends in %(hint)s is retired.", hint=secret.hint))
    return to_client(client_id)


_PUBLIC = _("This app is public, so it has no secret.")


def _new_secret_page(access: Access, client: Client, form: SecretForm) -> ResponseReturnValue:
    secrets = list_live_secrets(db.session(), client.key)
    page = render_template("org/secret_new.html", access=access, client=client, secrets=secrets, form=form)
    return page, 400 if form.errors else 200


def _get_secret(access: Access, client_id: str, secret_id: str) -> tuple[Client, ClientSecret]:
    client = access.get_client(client_id)
    # Two who retire or prolong one secret at once: the second sees what the first has done.
    changes = request.method == "POST"
    return client, find_client_secret(db.session(), client, secret_id, to_change=changes) or abort(404)


def _end_of(day: date | None) -> datetime | None:
    """The instant at which a day of whoever sets it is over, in UTC."""
    if day is None:
        return None
    try:
        return start_of(day + timedelta(days=1))
    except OverflowError:
        raise ClientError("ends_on", _("Choose a day that comes sooner.")) from None
