"""/org/oauth/: an organization's apps, listed, registered, shown and changed."""

from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.config import settings
from app.extensions import db
from app.oauth.clients import ClientError, register_client, rotate_client_secret, update_client
from app.oauth.models.client import Client
from app.oauth.scopes import SCOPES, parse_scope
from app.org.access import Access, administrators_only, members_only
from app.org.forms import EditForm, RegisterForm, RotateForm
from app.org.once import identifier_for

blueprint = Blueprint("org", __name__, url_prefix="/org/oauth")

# RFC 7636, appendix B: a challenge whose verifier everybody may know, for the example alone.
_EXAMPLE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_EXAMPLE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@blueprint.get("/")
@members_only
def list_clients(access: Access):
    clients = db.session.scalars(
        select(Client).where(Client.organization_id == access.organization.id).order_by(Client.name, Client.client_id)
    ).all()
    return render_template("org/list.html", access=access, clients=clients)


@blueprint.route("/register", methods=["GET", "POST"])
@administrators_only
def register(access: Access):
    form = RegisterForm()
    if form.validate_on_submit():
        client_id = identifier_for("client", form.once.data, access.user_id, access.organization.id)
        try:
            client, secret = register_client(
                organization=access.organization, actor_user_id=access.user_id, client_id=client_id, **form.fields()
            )
        except ClientError as error:
            form.show_problems(error)
        except IntegrityError:
            # The same form came before, by a reload or a double click.
            db.session.rollback()
            return _to_what_was_registered(client_id)
        else:
            db.session.commit()
            return _answer_to_registration(client, secret)
    return render_template("org/register.html", access=access, form=form), 400 if form.errors else 200


@blueprint.get("/<client_id>")
@members_only
def show_client(access: Access, client_id: str):
    client = access.get_client(client_id)
    return render_template(
        "org/client.html",
        access=access,
        client=client,
        scopes=_scope_sentences(client),
        secrets=[secret for secret in client.secrets if secret.revoked_at is None],
        issuer=settings().issuer,
        example_url=_example_authorize_url(client),
        example_verifier=_EXAMPLE_VERIFIER if client.demands_pkce else None,
    )


@blueprint.route("/<client_id>/edit", methods=["GET", "POST"])
@administrators_only
def edit_client(access: Access, client_id: str):
    client = access.get_client(client_id)
    form = EditForm.of(client)
    if form.validate_on_submit():
        try:
            update_client(client, actor_user_id=access.user_id, **form.fields())
        except ClientError as error:
            form.show_problems(error)
        else:
            db.session.commit()
            flash("The app was saved.")
            return _to_client(client_id)
    return render_template("org/edit.html", access=access, client=client, form=form), 400 if form.errors else 200


@blueprint.route("/<client_id>/rotate-secret", methods=["GET", "POST"])
@administrators_only
def rotate_secret(access: Access, client_id: str):
    client = access.get_client(client_id)
    if not client.is_confidential:
        flash("This app is public, so it has no secret.", "error")
        return _to_client(client_id)
    form = RotateForm()
    if not form.validate_on_submit():
        return render_template("org/rotate.html", client=client, form=form), 400 if form.errors else 200
    secret_id = identifier_for("sec", form.once.data, access.user_id, client_id)
    try:
        _, secret = rotate_client_secret(client, actor_user_id=access.user_id, secret_id=secret_id)
    except IntegrityError:
        # The same form came before, by a reload or a double click.
        db.session.rollback()
        return _to_what_was_rotated(client_id)
    db.session.commit()
    return _secret_page(client, secret)


def _answer_to_registration(client: Client, secret: str | None):
    if secret is None:
        flash("The app is registered.")
        return _to_client(client.client_id)
    return _secret_page(client, secret)


def _secret_page(client: Client, secret: str) -> str:
    """The only answer that ever holds this secret: no redirect, so that no cookie has to carry it."""
    return render_template("org/secret.html", client=client, secret=secret)


def _to_what_was_registered(client_id: str):
    flash("This app was registered already. A secret is shown only once; make a new one if you did not keep it.")
    return _to_client(client_id)


def _to_what_was_rotated(client_id: str):
    flash("The new secret was made already. It is shown only once; make another if you did not keep it.")
    return _to_client(client_id)


def _to_client(client_id: str):
    return redirect(url_for("org.show_client", client_id=client_id), 303)


def _scope_sentences(client: Client) -> list[tuple[str, str]]:
    registered = parse_scope(client.scope)
    return [(name, sentence) for name, sentence in SCOPES.items() if name in registered]


def _example_authorize_url(client: Client) -> str:
    parameters = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uris[0],
        "scope": client.scope,
        "state": "a-random-value",
    }
    if client.demands_pkce:
        parameters |= {"code_challenge": _EXAMPLE_CHALLENGE, "code_challenge_method": "S256"}
    return f"{settings().issuer}/oauth/authorize?{urlencode(parameters)}"
