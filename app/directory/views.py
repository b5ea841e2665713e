"""The list of public apps. Anybody may read it; each entry leads to the app's own landing page, where it begins."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.directory import blueprint
from app.directory.listing import LEAST_COUNTED, list_public_apps
from app.oauth.endpoints.logo import logo_url

_LONGEST_QUESTION = 200
_LAST_PAGE = 10_000


@blueprint.get("/apps/")
def list_apps() -> ResponseReturnValue:
    question = request.args.get("q", "").strip()[:_LONGEST_QUESTION]
    page = _read_page(request.args.get("page", ""))
    found, has_next = list_public_apps(question, page)
    return render_template(
        "directory/list.html",
        apps=[(one, logo_url(one.client)) for one in found],
        question=question,
        page=page,
        has_next=has_next,
        least=LEAST_COUNTED,
    )


def _read_page(text: str) -> int:
    return max(1, min(int(text), _LAST_PAGE)) if text.isascii() and text.isdigit() and len(text) < 9 else 1
