"""/org/oauth/: an organization's apps, listed and registered."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from app.accounts.fresh import is_fresh, needs_fresh_sign_in
from app.clients.errors import ClientError
from app.clients.events import was_registered
from app.clients.logos import MOST_BYTES, draw_logo, set_logo
from app.clients.models import CONFIDENTIAL, Client, find_record
from app.clients.registration import register_client
from app.config import settings
from app.database.access import outside_transaction
from app.database.rows import is_taken, refers_to_nothing
from app.extensions import csrf, db
from app.http.clear_forms import reads_its_own_form, refuse_unclear_form
from app.http.error_answers import error_page, keeps_what_was_typed
from app.http.form_checks import checks_its_own_token
from app.once import identifier_for
from app.org import blueprint
from app.org.access import Access, administrators_only, members_only
from app.org.forms import RegisterForm
from app.org.listing import STATUSES, demand_room, read_listing
from app.paging import read_page
from app.sentences import _

#: So much of a body is read: a photograph as cameras make them, so that beside a file that is too large what was
#: typed is not lost.
MOST_READ = 16 * 1024 * 1024


@blueprint.get("/")
@members_only
def list_clients(access: Access) -> ResponseReturnValue:
    query, status = request.args.get("q", ""), request.args.get("status", "")
    page = read_page(request.args.get("page"))
    listing = read_listing(access.organization.id, query=query, status=status, page=page)
    return render_template(
        "org/list.html", access=access, listing=listing, query=query, status=status, statuses=STATUSES
    )


@blueprint.route("/register", methods=["GET", "POST"])
@checks_its_own_token
@reads_its_own_form
@keeps_what_was_typed
def register() -> ResponseReturnValue:
    most = MOST_READ if current_user.is_authenticated else None
    if request.method == "POST" and not receive_form(most):
        return error_page(413, _("That was too large to be read"), _TOO_LARGE)
    return _register()


@administrators_only
@needs_fresh_sign_in(takes_late_forms=True)
def _register(access: Access) -> ResponseReturnValue:
    form = RegisterForm()
    # Whoever took long to fill it in loses nothing, and shows once more who they are before there is a secret.
    comes_late = form.type.data == CONFIDENTIAL and not is_fresh()
    if form.validate_on_submit() and _is_clear(form):
        client_id = identifier_for("client", form.once.data, access.user_id, access.organization.id)
        # The same form came before, by a reload or a double click; also if the app has been deleted since.
        if was_registered(db.session(), client_id):
            return _to_what_was_registered(client_id)
        with outside_transaction(db.session):
            png, logo_problem = _draw(form)
        try:
            demand_room(access.organization.id)
            client, secret = register_client(
                db.session(),
                settings(),
                organization=access.organization,
                actor_user_id=access.user_id,
                client_id=client_id,
                draft=comes_late or request.form.get("action") == "draft",
                **form.fields(),
            )
            if logo_problem:
                raise logo_problem
            if png:
                set_logo(db.session(), client, png, actor_user_id=access.user_id)
        except ClientError as error:
            db.session.rollback()
            form.show_problems(error)
            if logo_problem and error is not logo_problem:
                form.show_problems(logo_problem)
        except IntegrityError as error:
            db.session.rollback()
            return _answer_to_broken_rule(error, client_id)
        else:
            db.session.commit()
            return _answer_to_registration(client, secret, comes_late=comes_late)
    form.ask_for_logo_again()
    return render_template("org/register.html", access=access, form=form), 400 if form.errors else 200


def _answer_to_broken_rule(error: IntegrityError, client_id: str) -> ResponseReturnValue:
    """What the database has refused, told for what it is. Raises the error when it is a mistake of ours."""
    if is_taken(error, Client.client_id) or is_taken(error, Client.key):
        # It came twice at the same moment.
        return _to_what_was_registered(client_id)
    if refers_to_nothing(error):
        return error_page(
            404,
            _("Your organization is not there any more"),
            _("It, or your account, was deleted while you filled in this form. Nothing was registered."),
        )
    raise error


def _draw(form: RegisterForm) -> tuple[bytes | None, ClientError | None]:
    """The logo as it will be kept, if one was sent, or what is wrong with it."""
    # A name without a file is what a form sends that was not made for files.
    if not form.logo.data and not request.form.get("logo"):
        return None, None
    try:
        return draw_logo(form.logo.data.read(MOST_BYTES + 1) if form.logo.data else b""), None
    except ClientError as error:
        return None, error


_TOO_LARGE = _(
    "512 KB is the most for a logo. Nothing was registered: go back in your browser to what you typed, and choose a"
    " smaller file."
)


def receive_form(most_bytes: int | None) -> bool:
    """Read a form that may hold a file, before anything else is done. Returns whether it was small enough for that.

    The body comes first, as it does for every other form: a slow one must not keep a transaction open. The
    CSRF token is in it, and a wrong one is an error as everywhere.
    """
    if most_bytes is not None:
        request.max_content_length = most_bytes
    try:
        csrf.protect()
        refuse_unclear_form()
    except RequestEntityTooLarge:
        # What is left of it is read when there is an answer, as of every body that is refused.
        return False
    return True


def _is_clear(form: RegisterForm) -> bool:
    """Whether one of the two buttons was pressed: an app that works is not made by accident."""
    if request.form.get("action") in ("register", "draft"):
        return True
    form.form_errors = [*form.form_errors, _("Nothing was registered yet. Press one of the two buttons below.")]
    return False


def secret_page(client: Client, secret: str) -> str:
    """Returns the only answer that ever holds this secret: no redirect, so that no cookie has to carry it."""
    return render_template("org/secret.html", client=client, secret=secret)


def to_client(client_id: str) -> Response:
    """Returns the way on to the app's own page."""
    return redirect(url_for("org.show_credentials", client_id=client_id), 303)


def _answer_to_registration(client: Client, secret: str | None, *, comes_late: bool) -> ResponseReturnValue:
    if secret is not None:
        return secret_page(client, secret)
    if comes_late:
        flash(
            gettext(
                "The draft is saved. You signed in a while ago, so nothing works yet: activate the app, which asks you to"
                " sign in once more, and its secret is shown."
            )
        )
    else:
        flash(gettext("The draft is saved.") if client.drafted_at else gettext("The app is registered."))
    return to_client(client.client_id)


def _to_what_was_registered(client_id: str) -> Response:
    if find_record(db.session(), client_id) is None:
        flash(
            gettext("This form registered an app before, which has been deleted since. Nothing was registered."),
            "error",
        )
        return redirect(url_for("org.list_clients"), 303)
    flash(
        gettext("This app was registered already. A secret is shown only once; make a new one if you did not keep it.")
    )
    return to_client(client_id)
