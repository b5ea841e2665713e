"""What people are told of their apps besides the history: a new one, a device of it, an access that was used twice."""

from sqlalchemy import bindparam, select

from app import clock
from app.accounts.notices import notify
from app.clients.models import Client
from app.consents.events import PERSON, WIDENED, add_event
from app.consents.models import Consent
from app.database.connections import Connection
from app.database.statements import Statement

_FIND = Statement(
    select(Consent.user_id, Client.name, Consent.name.label("own_name"))
    .join(Client, Client.key == Consent.client_key)
    .where(Consent.grant_id == bindparam("grant"))
)


def tell_new_app(connection: Connection, grant_id: str) -> None:
    """Tell the person that an app was connected, by the name that they saw. In the transaction that connects it."""
    _tell(connection, grant_id, "new_app")


def tell_device(connection: Connection, grant_id: str, *, is_further: bool) -> None:
    """Note in the history that a device of an app was connected. In the transaction in which the person allows it.

    They are told of one that is a further one, of an app that they had connected; of a new app they are told as of any
    other. Nothing else that the app may do need have changed, and a stranger may have talked them into it.
    """
    add_event(connection, grant_id, WIDENED, actor=PERSON, at=clock.now(), changed={"device": True})
    if is_further:
        _tell(connection, grant_id, "app_device")


def tell_replay(connection: Connection, grant_id: str, *, sends_mail: bool) -> None:
    """Tell the person that a code or a refresh token of an app came twice. In the transaction that ends the family.

    Once a day of each connection: an app that sends every code twice would send them a letter at each sign-in. Its page,
    and their history, have all of them.
    """
    _tell(connection, grant_id, "replay", sends_mail, once=f"replay-{grant_id}-{clock.now().date()}")


def _tell(
    connection: Connection, grant_id: str, kind: str, sends_mail: bool | None = None, once: str | None = None
) -> None:
    found = connection.first(_FIND, grant=grant_id)
    if found is not None:
        app = found.own_name or found.name
        notify(connection, found.user_id, kind, once=once, sends_mail=sends_mail, app=app, grant_id=grant_id)
