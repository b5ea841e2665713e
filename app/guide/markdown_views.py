"""For assistants: ``/llms.txt``, which says what there is, and the Markdown form of each page (llmstxt.org).

Both are the same for everybody, and can be kept for a while.
"""

from functools import partial
from urllib.parse import urljoin, urlsplit

from flask import Response, render_template, request, url_for

from app.config import settings
from app.guide.apps import made_up_app
from app.guide.contents import PAGES, Page, find_page
from app.guide.markdown import to_markdown
from app.guide.rendering import TEXT_ALONE, markdown_url, render_page
from app.http.doors import META
from app.http.routes import Blueprint

blueprint = Blueprint("assistants", __name__, door=META)

_GUIDE = "/guide/"
_KEPT_SECONDS = 300


@blueprint.get("/llms.txt")
def llms_txt() -> Response:
    """What a language model finds here, and where."""
    return _answer(render_template("guide/llms.txt", pages=PAGES, settings=settings()), "text/plain")


def markdown(name: str) -> Response:
    """Returns the Markdown form of a page. ``type`` says which type of client the examples are for."""
    return show_markdown(next(page for page in PAGES if page.name == name))


for _page in PAGES:
    # Each has a rule of its own, so that whatever else begins like a page stays a person's 404.
    blueprint.add_url_rule(f"{_GUIDE}{_page.name}.md", view_func=markdown, defaults={"name": _page.name})


def show_markdown(page: Page) -> Response:
    """Answer with the Markdown form of a page, at whichever address."""
    app = made_up_app(request.args.get("type", ""))
    html = render_page(page, app, TEXT_ALONE, language="", kept={"type": app.type})
    text = to_markdown(html, partial(_lead, type=app.type))
    answer = _answer(
        render_template("guide/page.md", page=page, app=app, text=text, settings=settings()), "text/markdown"
    )
    html_url = url_for("guide.show_page", slug=page.slug)
    answer.headers.add("Link", f'<{html_url}>; rel="canonical"; type="text/html"')
    return answer


def is_markdown_preferred() -> bool:
    """Returns whether whoever asks names Markdown and wants nothing more than that. Agents do, and no browser."""
    accepted = request.accept_mimetypes
    named = {value for value, quality in accepted if quality}
    return "text/markdown" in named and accepted["text/markdown"] >= accepted["text/html"]


def _lead(link: str, type: str) -> str:
    """Returns where a link of a page leads in its Markdown form: from page to page in Markdown, and to a host."""
    parts = urlsplit(link)
    page = find_page(parts.path.removeprefix(_GUIDE)) if parts.path.startswith(_GUIDE) else None
    if page is not None:
        link = markdown_url(page, type) + (f"#{parts.fragment}" if parts.fragment else "")
    return urljoin(settings().issuer, link)


def _answer(text: str, mimetype: str) -> Response:
    answer = Response(text, content_type=f"{mimetype}; charset=utf-8")
    answer.cache_control.public, answer.cache_control.max_age = True, _KEPT_SECONDS
    answer.add_etag()
    answer.make_conditional(request)
    return answer
