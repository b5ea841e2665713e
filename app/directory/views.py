"""The list of public apps. Anybody may read it; each entry leads to the app's own landing page, where it begins."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.directory import blueprint
from app.directory.listing import LEAST_COUNTED, list_public_apps
from app.oauth.endpoints.logo import logo_url
from app.paging import read_page

_LONGEST_QUESTION = 200


@blueprint.get("/apps/")
def list_apps() -> ResponseReturnValue:
    question = request.args.get("q", "").strip()[:_LONGEST_QUESTION]
    page = read_page(request.args.get("page"))
    found, has_next = list_public_apps(question, page)
    return render_template(
        "directory/list.html",
        apps=[(one, logo_url(one.client)) for one in found],
        question=question,
        page=page,
        has_next=has_next,
        least=LEAST_COUNTED,
    )
