"""/org/oauth/: an organization's apps, listed and registered."""

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.oauth.client_events import was_registered
from app.oauth.client_fields import ClientError
from app.oauth.clients import register_client
from app.oauth.models.client import Client
from app.org import blueprint
from app.org.access import Access, administrators_only, members_only
from app.org.forms import RegisterForm
from app.org.listing import STATUSES, read_listing
from app.org.once import identifier_for


@blueprint.get("/")
@members_only
def list_clients(access: Access):
    query, status = request.args.get("q", ""), request.args.get("status", "")
    page = request.args.get("page", "")
    listing = read_listing(
        access.organization.id,
        query=query,
        status=status,
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )
    return render_template(
        "org/list.html", access=access, listing=listing, query=query, status=status, statuses=STATUSES
    )


@blueprint.route("/register", methods=["GET", "POST"])
@administrators_only
def register(access: Access):
    form = RegisterForm()
    if form.validate_on_submit():
        client_id = identifier_for("client", form.once.data, access.user_id, access.organization.id)
        # The same form came before, by a reload or a double click; also if the app has been deleted since.
        if was_registered(client_id):
            return _to_what_was_registered(client_id)
        try:
            client, secret = register_client(
                organization=access.organization,
                actor_user_id=access.user_id,
                client_id=client_id,
                draft=request.form.get("action") == "draft",
                **form.fields(),
            )
        except ClientError as error:
            form.show_problems(error)
        except IntegrityError:
            # It came twice at the same moment.
            db.session.rollback()
            return _to_what_was_registered(client_id)
        else:
            db.session.commit()
            return _answer_to_registration(client, secret)
    return render_template("org/register.html", access=access, form=form), 400 if form.errors else 200


def secret_page(client: Client, secret: str) -> str:
    """The only answer that ever holds this secret: no redirect, so that no cookie has to carry it."""
    return render_template("org/secret.html", client=client, secret=secret)


def to_client(client_id: str):
    """On to the app's own page."""
    return redirect(url_for("org.show_credentials", client_id=client_id), 303)


def _answer_to_registration(client: Client, secret: str | None):
    if secret is not None:
        return secret_page(client, secret)
    flash("The draft is saved." if client.drafted_at else "The app is registered.")
    return to_client(client.client_id)


def _to_what_was_registered(client_id: str):
    if db.session.get(Client, client_id) is None:
        flash("This form registered an app before, which has been deleted since. Nothing was registered.", "error")
        return redirect(url_for("org.list_clients"), 303)
    flash("This app was registered already. A secret is shown only once; make a new one if you did not keep it.")
    return to_client(client_id)
