"""/org/oauth/<client_id>: one app's page, in tabs that each have an address."""

from urllib.parse import urlencode

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.accounts.models import User
from app.clients.errors import ClientChanged, ClientError
from app.clients.life import activate_client
from app.clients.logos import MOST_BYTES, draw_logo, remove_logo, set_logo
from app.clients.models import Client
from app.clients.registration import update_client
from app.clients.secrets import list_live_secrets
from app.config import settings
from app.database.access import outside_transaction
from app.extensions import db
from app.http.clear_forms import reads_its_own_form
from app.http.form_checks import checks_its_own_token
from app.org import blueprint
from app.org.access import Access, administrators_only, members_only
from app.org.conflicts import Conflict, settle
from app.org.forms import ConfirmForm, EditForm, LogoForm
from app.org.people import LEAST_GROUP, count_people
from app.org.views import receive_form, secret_page, to_client
from app.scopes import SCOPES, parse_scope
from app.sentences import _

# RFC 7636, appendix B: a challenge whose verifier everybody may know, for the example alone.
_EXAMPLE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_EXAMPLE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


# -- credentials ---------------------------------------------------------------------------------


@blueprint.get("/<client_id>")
@members_only
def show_credentials(access: Access, client_id: str):
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
        example_url=None if client.drafted_at or not client.usable_redirect_uris else _example_authorize_url(client),
        example_verifier=_EXAMPLE_VERIFIER if client.demands_pkce else None,
    )


@blueprint.post("/<client_id>/activate")
@administrators_only
def activate(access: Access, client_id: str):
    client = access.get_client(client_id)
    try:
        secret = activate_client(db.session(), settings(), client, actor_user_id=access.user_id)
    except ClientError as error:
        db.session.rollback()
        client = access.get_client(client_id)
        form = EditForm.of(client, formdata=None)
        form.show_problems(error)
        return _settings_page(access, client, form, status=400)
    db.session.commit()
    if secret is not None:
        return secret_page(client, secret)
    flash(gettext("The app is active."))
    return to_client(client_id)


# -- settings ------------------------------------------------------------------------------------


@blueprint.route("/<client_id>/settings", methods=["GET", "POST"])
@members_only
def edit_settings(access: Access, client_id: str):
    client = access.get_client(client_id)
    if not access.may_write:
        return _show_settings(access, client) if request.method == "GET" else abort(403)
    form = EditForm.of(client)
    if not form.validate_on_submit():
        return _settings_page(access, client, form, status=400 if form.errors else 200)
    try:
        conflicts = _save_settings(access, client, form)
    except ClientError as error:
        form.show_problems(error)
        return _settings_page(access, client, form, status=400)
    if conflicts:
        return _settings_page(access, client, form, conflicts=conflicts, status=409)
    db.session.commit()
    flash(gettext("The app was saved."))
    return redirect(url_for("org.edit_settings", client_id=client_id), 303)


def _save_settings(access: Access, client: Client, form: EditForm) -> list[Conflict]:
    """Give the client what was sent, unless somebody else's change stands between; then what that was."""
    try:
        update_client(
            db.session(),
            settings(),
            client,
            actor_user_id=access.user_id,
            version=int(form.version.data),
            **form.fields(),
        )
    except ClientChanged as changed:
        conflicts = settle(form, client, changed.changes)
        if conflicts:
            return conflicts
        # What was changed meanwhile is as it was, or as it was sent.
        update_client(db.session(), settings(), client, actor_user_id=access.user_id, **form.fields())
    return []


@blueprint.post("/<client_id>/logo")
@checks_its_own_token
@reads_its_own_form
def change_logo(client_id: str):
    if not receive_form(MOST_BYTES + 64 * 1024):
        return _refuse_large_logo(client_id=client_id)
    return _change_logo(client_id=client_id)


@administrators_only
def _change_logo(access: Access, client_id: str):
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
        return _settings_page(access, client, EditForm.of(client, formdata=None), logo_form=form, status=400)
    db.session.commit()
    flash(gettext("The logo was saved.") if client.logo else gettext("The logo was removed."))
    return redirect(url_for("org.edit_settings", client_id=client_id), 303)


@administrators_only
def _refuse_large_logo(access: Access, client_id: str):
    client = access.get_client(client_id)
    form = LogoForm(formdata=None)
    form.logo.errors = [_("The file is too large: 512 KB is the most. Make the image smaller and try again.")]
    return _settings_page(access, client, EditForm.of(client, formdata=None), logo_form=form, status=413)


def _settings_page(
    access: Access, client: Client, form: EditForm, *, logo_form: LogoForm | None = None, conflicts=(), status: int
):
    page = render_template(
        "org/settings.html",
        access=access,
        client=client,
        form=form,
        logo_form=logo_form or LogoForm(formdata=None),
        conflicts=conflicts,
    )
    return page, status


def _show_settings(access: Access, client: Client) -> str:
    return render_template("org/settings_read.html", access=access, client=client, scopes=_scope_sentences(client))


# -- people --------------------------------------------------------------------------------------


@blueprint.get("/<client_id>/people")
@members_only
def show_people(access: Access, client_id: str):
    client = access.get_client(client_id)
    return render_template(
        "org/people.html",
        access=access,
        client=client,
        people=count_people(client.key),
        scopes=_scope_sentences(client),
        least_group=LEAST_GROUP,
    )


# -- what several tabs show ----------------------------------------------------------------------


def _scope_sentences(client: Client) -> list[tuple[str, str, bool]]:
    registered, optional = parse_scope(client.scope), parse_scope(client.optional_scope)
    return [(name, sentence, name in optional) for name, sentence in SCOPES.items() if name in registered]


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
