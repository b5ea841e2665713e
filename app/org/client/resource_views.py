"""An app's resource servers: services elsewhere that take our tokens. Each is proved by a file of its own."""

import json
import re

from flask import abort, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import StringField

from app.clients.errors import ClientError
from app.clients.fields import BY_NAME
from app.clients.models import Client, ClientResource
from app.clients.resources.life import add_resource, find_client_resource, prove_resource, remove_resource
from app.clients.resources.proof import example_proof, find_proof_problem, proof_address
from app.config import settings
from app.extensions import db
from app.fetch import PROOF, FetchBusy, FetchFailed
from app.http.services import services
from app.http.sure import SureForm
from app.org import blueprint
from app.org.access import Access, administrators_only, members_only
from app.org.costs import count_people_of_resource
from app.org.forms import ConfirmForm
from app.sentences import _

_RESOURCE_ID = re.compile(r"res_[0-9a-f]{24}")


class ResourceForm(FlaskForm):
    """One more service."""

    address = StringField(
        _("Address of the service"),
        description=_("As apps will name it and tokens will be for it, to the letter: https://memories.example.com."),
        render_kw={
            "inputmode": "url",
            "autocomplete": "off",
            "spellcheck": "false",
            "maxlength": 500,
            "required": True,
        },
    )


@blueprint.get("/<client_id>/resources")
@members_only
def show_resources(access: Access, client_id: str) -> ResponseReturnValue:
    return _page(access, access.get_client(client_id))


@blueprint.post("/<client_id>/resources")
@administrators_only
def add_client_resource(access: Access, client_id: str) -> ResponseReturnValue:
    client, form = access.get_client(client_id), ResourceForm()
    if not form.validate_on_submit():
        return _page(access, client, form=form, status=400)
    if not client.is_confidential:
        return _page(access, client, status=400)
    address = (form.address.data or "").strip()
    try:
        added = add_resource(db.session(), settings(), client, address, actor_user_id=access.user_id)
    except ClientError as error:
        form.address.errors = [error.sentence]
        return _page(access, access.get_client(client_id), form=form, status=400)
    is_proved = added.is_in_use
    db.session.commit()
    flash(
        gettext("The service was added. It is on this computer, so there is nothing to prove.")
        if is_proved
        else gettext("The service was added. Prove that it is yours, and tokens can be for it.")
    )
    return _to_resources(client_id)


@blueprint.post("/<client_id>/resources/<resource_id>/prove")
@administrators_only
def prove_client_resource(access: Access, client_id: str, resource_id: str) -> ResponseReturnValue:
    client, resource = _get_resource(access, client_id, resource_id)
    if not ConfirmForm().validate_on_submit():
        return _page(access, client, status=400)
    if resource.is_in_use:
        flash(gettext("It is proved already."))
        return _to_resources(client_id)
    address, place = resource.address, proof_address(resource.address)
    try:
        found = services().fetcher.fetch_object(db.session, place, PROOF, person=access.user_id)
    except FetchBusy as busy:
        page = make_response(_page(access, access.get_client(client_id), about=resource_id, problem=busy.sentence))
        page.status_code, page.headers["Retry-After"] = 503, str(busy.retry_after)
        return page
    except FetchFailed as failed:
        return _page(
            access, access.get_client(client_id), about=resource_id, problem=failed.sentence, status=400, place=place
        )
    # What was looked up before is over: others may have changed it while the service was asked.
    client, resource = _get_resource(access, client_id, resource_id)
    problem = find_proof_problem(found.members, address, settings().issuer, client_id)
    if problem:
        return _page(access, client, about=resource_id, problem=problem, status=400, place=place)
    try:
        prove_resource(db.session(), client, resource, actor_user_id=access.user_id)
    except ClientError as error:
        db.session.rollback()
        return _page(access, access.get_client(client_id), about=resource_id, problem=error.sentence, status=409)
    db.session.commit()
    flash(gettext("It is proved: from now on tokens can be for the service."))
    return _to_resources(client_id)


@blueprint.route("/<client_id>/resources/<resource_id>/remove", methods=["GET", "POST"])
@administrators_only
def remove_client_resource(access: Access, client_id: str, resource_id: str) -> ResponseReturnValue:
    client, resource = _get_resource(access, client_id, resource_id)
    form = SureForm("remove-resource", resource_id, "in use" if resource.is_in_use else "not proved")
    if not form.is_sure():
        page = render_template(
            "org/sure/resource.html",
            access=access,
            client=client,
            resource=resource,
            people=count_people_of_resource(resource.id) if resource.is_in_use else 0,
            form=form,
        )
        return page, form.status
    remove_resource(db.session(), client, resource, actor_user_id=access.user_id)
    db.session.commit()
    flash(gettext("The service was removed."))
    return _to_resources(client_id)


def _get_resource(access: Access, client_id: str, resource_id: str) -> tuple[Client, ClientResource]:
    client = access.get_client(client_id)
    is_id = _RESOURCE_ID.fullmatch(resource_id) is not None
    resource = find_client_resource(db.session(), client, resource_id) if is_id else None
    return client, resource or abort(404)


def _page(
    access: Access,
    client: Client,
    *,
    form: ResourceForm | None = None,
    about: str = "",
    problem: str = "",
    place: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    """Returns the list. ``problem`` is what stands against the proof of the resource ``about``, asked for at ``place``."""
    shown = [
        {
            "id": one.id,
            "address": one.address,
            "proved_at": one.proved_at,
            "proof_address": proof_address(one.address),
            "proof": json.dumps(example_proof(one.address, settings().issuer, client.client_id), indent=2),
            "problem": problem if one.id == about else "",
        }
        for one in sorted(client.resource_rows, key=lambda one: one.address)
    ]
    page = render_template(
        "org/resources.html",
        access=access,
        client=client,
        resources=shown,
        place=place,
        form=form or ResourceForm(formdata=None),
        prove_form=ConfirmForm(formdata=None),
        label=BY_NAME["resources"].label,
        help=BY_NAME["resources"].help,
    )
    return page, status


def _to_resources(client_id: str) -> ResponseReturnValue:
    return redirect(url_for("org.show_resources", client_id=client_id), 303)
