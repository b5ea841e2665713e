"""An app's credentials, and an authorize URL that is ready to try; activating a draft."""

from urllib.parse import urlencode

from flask import flash, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.accounts.fresh import needs_fresh_sign_in
from app.accounts.models import User
from app.clients.errors import ClientError
from app.clients.life import activate_client
from app.clients.models import Client
from app.clients.secrets import list_live_secrets
from app.config import settings
from app.extensions import db
from app.org import blueprint
from app.org.access import Access, administrators_only, members_only
from app.org.client.settings_page import settings_page
from app.org.forms import ConfirmForm, EditForm
from app.org.views import secret_page, to_client

# RFC 7636, appendix B: a challenge whose verifier everybody may know, for the example alone.
_EXAMPLE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_EXAMPLE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@blueprint.get("/<client_id>")
@members_only
def show_credentials(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    secrets = list_live_secrets(db.session(), client.key)
    makers = {secret.created_by_user_id for secret in secrets} - {None}
    names = db.session.query(User.id, User.name).filter(User.id.in_(makers)) if makers else ()
    return render_template(
        "org/credentials.html",
        access=access,
        client=client,
        form=ConfirmForm(),
        secrets=secrets,
        makers={user_id: name for user_id, name in names},
        issuer=settings().issuer,
        example_url=_example_authorize_url(client) if _has_ready_address(client) else None,
        example_verifier=_EXAMPLE_VERIFIER if client.demands_pkce else None,
    )


@blueprint.post("/<client_id>/activate")
@administrators_only
@needs_fresh_sign_in
def activate(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    try:
        secret = activate_client(db.session(), settings(), client, actor_user_id=access.user_id)
    except ClientError as error:
        db.session.rollback()
        client = access.get_client(client_id)
        form = EditForm.of(client, formdata=None)
        form.show_problems(error)
        return settings_page(access, client, form, status=400)
    db.session.commit()
    if secret is not None:
        return secret_page(client, secret)
    flash(gettext("The app is active."))
    return to_client(client_id)


def _has_ready_address(client: Client) -> bool:
    return not client.drafted_at and bool(client.usable_redirect_uris) and not client.require_pushed


def _example_authorize_url(client: Client) -> str:
    parameters = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.usable_redirect_uris[0],
        "scope": client.scope,
        "state": "a-random-value",
    }
    if client.demands_pkce:
        parameters |= {"code_challenge": _EXAMPLE_CHALLENGE, "code_challenge_method": "S256"}
    return f"{settings().issuer}/oauth/authorize?{urlencode(parameters)}"
