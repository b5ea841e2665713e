"""A page of the guide, filled in with an app's values: in its frame, or the text alone."""

from functools import partial
from typing import Any

from flask import render_template, url_for

from app.clients.keys import ALGORITHMS
from app.clients.models import PUBLIC
from app.config import settings
from app.guide.api_errors import API_ERRORS
from app.guide.apps import ExampleApp
from app.guide.contents import Page
from app.guide.errors import (
    AUTHORIZE_ERRORS,
    DEVICE_ERRORS,
    ERROR_PAGES,
    INVALID_GRANT_REASONS,
    PUSH_ERRORS,
    TOKEN_ERRORS,
)
from app.guide.libraries import AGENT, LIBRARIES, MEMORY_SERVICE, render_library
from app.guide.registration_errors import REGISTRATION_ERRORS
from app.guide.scopes import ADVICE
from app.guide.snippets import render_versions
from app.scopes import SCOPES

WHOLE, TEXT_ALONE = "guide/layout.html", "guide/text.html"


def render_page(page: Page, app: ExampleApp, frame: str, *, language: str, kept: dict[str, str], **more: Any) -> str:
    """Returns the HTML. ``kept`` is what the links of the guide carry on."""
    return render_template(
        f"guide/{page.name}.html",
        frame=frame,
        page=page,
        app=app,
        kept=kept,
        language=language,
        versions=partial(render_versions, app=app, settings=settings(), preferred=language),
        settings=settings(),
        signing_algorithms=ALGORITHMS,
        scopes=[(name, sentence, ADVICE[name]) for name, sentence in SCOPES.items()],
        error_pages=ERROR_PAGES,
        authorize_errors=AUTHORIZE_ERRORS,
        push_errors=PUSH_ERRORS,
        device_errors=DEVICE_ERRORS,
        token_errors=TOKEN_ERRORS,
        invalid_grant_reasons=INVALID_GRANT_REASONS,
        registration_errors=REGISTRATION_ERRORS,
        api_errors=API_ERRORS,
        agent_program=AGENT,
        service_program=MEMORY_SERVICE,
        libraries={library.name: library for library in LIBRARIES},
        library_files=partial(render_library, app=app, settings=settings()),
        **more,
    )


def markdown_url(page: Page, type: str) -> str:
    """Returns where the Markdown form of a page is, with the examples for a type of client."""
    return url_for("assistants.markdown", name=page.name, type=PUBLIC if type == PUBLIC else None)
