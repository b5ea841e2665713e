"""Letting a secret stay as it is that somebody who left the organization has seen."""

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients.secrets import find_client_secret
from app.clients.seen_secrets import let_pass
from app.extensions import db
from app.org import blueprint
from app.org.access import Access, administrators_only


@blueprint.post("/<client_id>/secrets/<secret_id>/let-pass")
@administrators_only
def let_secret_pass(access: Access, client_id: str, secret_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    secret = find_client_secret(db.session(), client, secret_id, to_change=True) or abort(404)
    let_pass(db.session(), client, secret, actor_user_id=access.user_id)
    db.session.commit()
    flash(gettext("The secret that ends in %(hint)s stays as it is.", hint=secret.hint))
    return redirect(url_for("org.show_members"), 303)
