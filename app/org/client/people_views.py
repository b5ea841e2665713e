"""How many people an app is connected with, as counts that point at nobody."""

from flask import render_template
from flask.typing import ResponseReturnValue

from app.org import blueprint
from app.org.access import Access, members_only
from app.org.client.settings_page import scope_sentences
from app.org.people import LEAST_GROUP, count_people


@blueprint.get("/<client_id>/people")
@members_only
def show_people(access: Access, client_id: str) -> ResponseReturnValue:
    client = access.get_client(client_id)
    return render_template(
        "org/people.html",
        access=access,
        client=client,
        people=count_people(client.key),
        scopes=scope_sentences(client),
        least_group=LEAST_GROUP,
    )
