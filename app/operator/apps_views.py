"""``/operator/apps``: apps that no organization registered, which nobody else looks after."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import ColumnElement, and_, func, or_, select

from app.clients.life import resume_client, suspend_client
from app.clients.models import Client, ClientDocument
from app.consents.live import is_live
from app.consents.models import Consent
from app.extensions import db
from app.http.sure import SureForm
from app.operator import blueprint
from app.operator.pages import PAGE_SIZE, Question, ask, check_id, read_looked
from app.same_letters import InSmallLetters, in_small_letters
from app.sentences import _
from app.text import isolated

_NOBODYS = and_(Client.organization_id.is_(None), Client.ended_at.is_(None))


@blueprint.get("/apps")
def list_apps() -> ResponseReturnValue:
    """The newest first; or those whose name or id holds what is looked for."""
    looked = read_looked(request.args.get("q", ""), request.args.get("page", ""))
    wanted = and_(_NOBODYS, _has_words(looked.query))
    people = select(func.count()).where(Consent.client_key == Client.key, is_live(Consent)).scalar_subquery()
    rows = db.session.execute(
        select(Client, people.label("people"))
        .where(wanted)
        .order_by(Client.created_at.desc(), Client.key)
        .limit(PAGE_SIZE)
        .offset(looked.skipped)
    ).all()
    total = db.session.scalar(select(func.count()).select_from(Client).where(wanted)) or 0
    return render_template("operator/apps.html", rows=rows, total=total, looked=looked)


@blueprint.route("/apps/<key>/suspend", methods=["GET", "POST"])
def suspend_app(key: str) -> ResponseReturnValue:
    """Ask, and stop the app."""
    client = _get_client(key)
    form = SureForm("suspend", client.key, client.name)
    if not form.is_sure():
        return ask(_suspending(client), "apps", form)
    suspend_client(db.session(), client, actor_user_id=current_user.id)
    db.session.commit()
    flash(gettext("%(name)s is suspended.", name=isolated(client.name)))
    return redirect(url_for("operator.list_apps", q=client.client_id), 303)


@blueprint.route("/apps/<key>/resume", methods=["GET", "POST"])
def resume_app(key: str) -> ResponseReturnValue:
    """Ask, and let the app work again."""
    client = _get_client(key)
    document = db.session.get(ClientDocument, client.key)
    if document is not None and document.withdrawn_at is not None and document.withdrawn_at == client.suspended_at:
        flash(gettext("Its document is gone. The app works again when that is back."), "error")
        return redirect(url_for("operator.list_apps", q=client.client_id), 303)
    form = SureForm("resume", client.key, client.name)
    if not form.is_sure():
        return ask(_resuming(client), "apps", form)
    resume_client(db.session(), client, actor_user_id=current_user.id)
    db.session.commit()
    flash(gettext("%(name)s works again.", name=isolated(client.name)))
    return redirect(url_for("operator.list_apps", q=client.client_id), 303)


def _get_client(key: str) -> Client:
    return db.session.scalar(select(Client).where(Client.key == check_id(key), _NOBODYS)) or abort(404)


def _has_words(query: str) -> ColumnElement[bool]:
    if not query:
        return and_(True)
    holds = InSmallLetters(Client.name).contains(in_small_letters(query), autoescape=True)
    return or_(holds, Client.client_id.contains(query, autoescape=True))


def _suspending(client: Client) -> Question:
    return Question(
        title=_("Suspend %(name)s?", name=isolated(client.name)),
        costs=(
            _("Its id is %(id)s.", id=isolated(client.client_id)),
            _("It gets no token from now on, and those it has do not work."),
            _("What people allowed it stays, and goes on when you resume it."),
        ),
        button=_("Suspend the app"),
        keep=_("Leave it as it is"),
        back=url_for("operator.list_apps", q=client.client_id),
    )


def _resuming(client: Client) -> Question:
    return Question(
        title=_("Let %(name)s work again?", name=isolated(client.name)),
        costs=(
            _("Its id is %(id)s.", id=isolated(client.client_id)),
            _("It goes on where it was stopped, for everybody who has it connected."),
        ),
        button=_("Resume the app"),
        keep=_("Leave it as it is"),
        back=url_for("operator.list_apps", q=client.client_id),
        stops=False,
    )
