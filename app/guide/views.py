"""/guide/: the guide for integrators, filled in with the reader's own app when they have one."""

from typing import Any

from flask import Response, abort, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response as Redirect

from app.guide import blueprint
from app.guide.apps import ExampleApp, find_own_app, list_own_apps, made_up_app
from app.guide.contents import PAGES, Page, find_page, find_section
from app.guide.markdown_views import is_markdown_preferred, show_markdown
from app.guide.rendering import WHOLE, markdown_url, render_page
from app.guide.snippets import LANGUAGES


@blueprint.get("/", defaults={"slug": ""})
@blueprint.get("/<slug>")
def show_page(slug: str) -> ResponseReturnValue:
    """One page of the guide. Anybody may read it; ``client_id``, ``type`` and ``language`` fill in the examples."""
    page = find_page(slug)
    if page is None:
        return _lead_to_section(slug)
    if is_markdown_preferred():
        answer = show_markdown(page)
        answer.headers["Content-Location"] = markdown_url(page, request.args.get("type", ""))
        # Here a person may be signed in.
        answer.headers["Cache-Control"] = "no-store"
    else:
        answer = _show_html(page)
    answer.vary.add("Accept")
    return answer


def _show_html(page: Page) -> Response:
    user_id = current_user.id if current_user.is_authenticated else None
    own_apps = list_own_apps(user_id) if user_id else []
    app = _choose_app(user_id, own_apps)
    language = request.args.get("language", "")
    language = language if language in LANGUAGES else next(iter(LANGUAGES))
    in_markdown = markdown_url(page, app.type)
    html = render_page(
        page,
        app,
        WHOLE,
        language=language,
        kept=_kept(app, language),
        pages=PAGES,
        own_apps=own_apps,
        is_unknown=bool(request.args.get("client_id")) and app.status is None,
        languages=LANGUAGES,
    )
    answer = make_response(html)
    answer.headers.add("Link", f'<{in_markdown}>; rel="alternate"; type="text/markdown"')
    answer.headers.add("Link", f'<{url_for("assistants.llms_txt")}>; rel="describedby"; type="text/plain"')
    return answer


def _lead_to_section(slug: str) -> Redirect:
    meant, anchor = find_section(slug) or abort(404)
    kept: dict[str, Any] = {
        name: request.args[name] for name in ("client_id", "type", "language") if name in request.args
    }
    return redirect(url_for("guide.show_page", slug=meant.slug, _anchor=anchor or None, **kept), 303)


def _choose_app(user_id: str | None, own_apps: list[tuple[str, str]]) -> ExampleApp:
    """The named app, the first of the reader's own when none is named, or else a made-up one."""
    client_id = request.args.get("client_id")
    if client_id is None and own_apps and "type" not in request.args:
        client_id = own_apps[0][0]
    own = find_own_app(user_id, client_id) if user_id and client_id else None
    return own or made_up_app(request.args.get("type", ""))


def _kept(app: ExampleApp, language: str) -> dict[str, str]:
    """What the links of the guide carry on, so that the next page shows the same app in the same language."""
    kept = {"type": app.type} if app.status is None else {"client_id": app.client_id}
    return kept if language == next(iter(LANGUAGES)) else kept | {"language": language}
