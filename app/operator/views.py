"""The first of the operator's pages: how many there are of everything, and the way to it."""

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.accounts.models import User
from app.clients.models import Client
from app.extensions import db
from app.mail import mail_goes_out
from app.mail.looking_after import read_backlog
from app.operator import blueprint


@blueprint.get("/")
def overview() -> ResponseReturnValue:
    """People, apps and letters, counted."""
    nobodys = (Client.organization_id.is_(None), Client.ended_at.is_(None))
    return render_template(
        "operator/overview.html",
        people=_count(User),
        disabled=_count(User, User.disabled_at.is_not(None)),
        apps=_count(Client, *nobodys),
        suspended=_count(Client, *nobodys, Client.suspended_at.is_not(None)),
        backlog=read_backlog(db.engine),
        mail_goes_out=mail_goes_out(),
    )


def _count(model: type, *conditions: object) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0  # type: ignore[arg-type]
