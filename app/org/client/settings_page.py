"""The settings as a page, whichever form on it was sent; and as members read them."""

from collections.abc import Sequence

from flask import render_template
from flask.typing import ResponseReturnValue

from app.clients.fields import BY_NAME
from app.clients.models import Client
from app.org.access import Access
from app.org.conflicts import Conflict
from app.org.forms import EditForm, LogoForm
from app.scopes import SCOPES, parse_scope


def settings_page(
    access: Access,
    client: Client,
    form: EditForm,
    *,
    logo_form: LogoForm | None = None,
    conflicts: Sequence[Conflict] = (),
    status: int,
) -> ResponseReturnValue:
    """Returns the page with its two forms, the settings and the logo, as they were sent or as the client stands."""
    page = render_template(
        "org/settings.html",
        access=access,
        client=client,
        form=form,
        logo_form=logo_form or LogoForm(formdata=None),
        conflicts=conflicts,
    )
    return page, status


def read_only_page(access: Access, client: Client) -> str:
    """Returns the page for those who may not change anything."""
    scopes = scope_sentences(client)
    return render_template("org/settings_read.html", access=access, client=client, fields=BY_NAME, scopes=scopes)


def scope_sentences(client: Client) -> list[tuple[str, str, bool]]:
    """Returns each registered scope, what people read of it, and whether they may leave it out."""
    registered, optional = parse_scope(client.scope), parse_scope(client.optional_scope)
    return [(name, sentence, name in optional) for name, sentence in SCOPES.items() if name in registered]
