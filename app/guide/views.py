"""/guide/: the guide for integrators, filled in with the reader's own app when they have one."""

from functools import partial
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from app.config import settings
from app.guide import blueprint
from app.guide.api_errors import API_ERRORS
from app.guide.apps import ExampleApp, find_own_app, list_own_apps, made_up_app
from app.guide.contents import PAGES, find_page, find_section
from app.guide.errors import AUTHORIZE_ERRORS, ERROR_PAGES, INVALID_GRANT_REASONS, TOKEN_ERRORS
from app.guide.scopes import ADVICE
from app.guide.snippets import LANGUAGES, render_versions
from app.scopes import SCOPES


@blueprint.get("/", defaults={"slug": ""})
@blueprint.get("/<slug>")
def show_page(slug: str) -> ResponseReturnValue:
    """One page of the guide. Anybody may read it; ``client_id``, ``type`` and ``language`` fill in the examples."""
    page = find_page(slug)
    if page is None:
        return _lead_to_section(slug)
    user_id = current_user.id if current_user.is_authenticated else None
    own_apps = list_own_apps(user_id) if user_id else []
    app = _choose_app(user_id, own_apps)
    language = request.args.get("language", "")
    language = language if language in LANGUAGES else next(iter(LANGUAGES))
    return render_template(
        f"guide/{page.slug or 'five-steps'}.html",
        page=page,
        pages=PAGES,
        app=app,
        own_apps=own_apps,
        is_unknown=bool(request.args.get("client_id")) and app.status is None,
        kept=_kept(app, language),
        language=language,
        languages=LANGUAGES,
        versions=partial(render_versions, app=app, settings=settings(), preferred=language),
        settings=settings(),
        scopes=[(name, sentence, ADVICE[name]) for name, sentence in SCOPES.items()],
        error_pages=ERROR_PAGES,
        authorize_errors=AUTHORIZE_ERRORS,
        token_errors=TOKEN_ERRORS,
        invalid_grant_reasons=INVALID_GRANT_REASONS,
        api_errors=API_ERRORS,
    )


def _lead_to_section(slug: str) -> Response:
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
