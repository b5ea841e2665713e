"""A letter as it is read: its two texts, with every address in them at the issuer."""

import re

from flask import Flask, current_app
from msgspec import Struct

from app.config import settings
from app.issuer import address_at
from app.mail.letter import Letter

_BLANK_LINES = re.compile(r"\n{3,}")


class Rendered(Struct, frozen=True):
    """A letter that is ready to go: one line, a plain text, and the same as HTML."""

    subject: str
    text: str
    html: str


def init_app(app: Flask) -> None:
    """Give the templates ``at_issuer``, which needs no request."""
    issuer = app.extensions["services"].settings.issuer
    app.jinja_env.globals["at_issuer"] = lambda path: address_at(issuer, path)


def render_letter(letter: Letter) -> Rendered:
    """Returns the letter's texts. Called where there is no request, so nothing of one can get into it."""
    # Not Flask's render_template: what it adds is of a request.
    templates = current_app.jinja_env
    values = {"subject": letter.subject, "issuer": settings().issuer, **letter.values}
    text = templates.get_template(f"mail/{letter.template}.txt").render(values)
    return Rendered(
        subject=" ".join(str(letter.subject).split()),
        text=_tidy(text),
        html=templates.get_template(f"mail/{letter.template}.html").render(values),
    )


def _tidy(text: str) -> str:
    # Of a line with two hyphens the space belongs to it: what follows is the signature.
    lines = "\n".join(line if line == "-- " else line.rstrip() for line in text.splitlines())
    return _BLANK_LINES.sub("\n\n", lines).strip() + "\n"
