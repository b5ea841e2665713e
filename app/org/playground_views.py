"""/org/oauth/<client_id>/playground: the five steps, walked live in the admin's own browser.

The server opens and closes the callback, and shows the frame. Everything else, also the code, the
tokens and the secret, is the page's script's, which talks to our endpoints as any app would.
"""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.fresh import find_stale_answer
from app.clients.errors import ClientError
from app.clients.life import activate_client
from app.clients.models import Client
from app.clients.registration import check_client
from app.config import settings
from app.extensions import db
from app.oauth.playground.callback import callback_uri
from app.oauth.playground.callbacks import close_callback, find_open_callback, open_callback
from app.org import blueprint
from app.org.access import Access, administrators_only
from app.org.forms import ConfirmForm
from app.org.views import secret_page
from app.scopes import SCOPES, parse_scope
from app.sentences import translated

# The playground brings its own, so a draft can be tried before there is one.
_MAY_LACK = ("redirect_uris",)


@blueprint.get("/<client_id>/playground")
@administrators_only
def show_playground(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    registered = parse_scope(client.scope)
    return render_template(
        "org/playground.html",
        access=access,
        client=client,
        form=ConfirmForm(),
        callback=find_open_callback(client, user_id=access.user_id),
        problems=_find_problems(client),
        issuer=settings().issuer,
        scopes=[(name, sentence) for name, sentence in SCOPES.items() if name in registered],
    )


@blueprint.post("/<client_id>/playground/start")
@administrators_only
def start_playground(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    # To open it once more for an app that works makes no secret.
    if client.drafted_at is not None and (answer := find_stale_answer()) is not None:
        return answer
    try:
        secret = activate_client(db.session(), settings(), client, actor_user_id=access.user_id, may_lack=_MAY_LACK)
        open_callback(client, callback_uri(settings().issuer, client_id), user_id=access.user_id)
    except ClientError as error:
        db.session.rollback()
        for _field, sentence in error.problems:
            flash(translated(sentence), "error")
        return _to_playground(client_id)
    db.session.commit()
    return _to_playground(client_id) if secret is None else secret_page(client, secret)


@blueprint.get("/<client_id>/playground/callback")
@administrators_only
def return_to_playground(access: Access, client_id: str) -> ResponseReturnValue:
    """Step three: where the answer comes back to. Its page hands it to the script and leaves the address at once."""
    client = access.get_client(client_id)
    page = render_template("org/playground_callback.html", client=client)
    # The address holds the code until the script has taken it out.
    return page, {"Referrer-Policy": "no-referrer"}


@blueprint.post("/<client_id>/playground/finish")
@administrators_only
def finish_playground(access: Access, client_id: str) -> ResponseReturnValue:
    close_callback(access.get_client(client_id), user_id=access.user_id)
    db.session.commit()
    flash(gettext("The playground is closed. Nothing can come back to it any more."))
    return _to_playground(client_id)


def _to_playground(client_id: str) -> Response:
    return redirect(url_for("org.show_playground", client_id=client_id), 303)


def _find_problems(client: Client) -> list[str]:
    """What a draft still lacks."""
    try:
        check_client(settings(), client, may_lack=_MAY_LACK)
    except ClientError as error:
        return [sentence for _field, sentence in error.problems]
    return []
