"""The headers that every answer has: those of its door, and what only the request or the page can say."""

from flask import Response

from app.config import settings
from app.http.doors import FOR_A_PAGE, Door, Errors
from app.http.form_action import form_action
from app.http.wire import request_id


def add_headers(response: Response, door: Door) -> None:
    """Say what the door says of its answers, where the answer itself says nothing else."""
    headers = response.headers
    # An error that is told by a page is one, also where there are no pages.
    said = FOR_A_PAGE if response.status_code >= 400 and door.errors is Errors.PAGE else door.headers
    for name, value in said.fixed:
        headers.setdefault(name, value)
    if said.policy:
        headers.setdefault("Content-Security-Policy", said.policy + form_action())
    if said.over_https and settings().is_https:
        for name, value in said.over_https:
            headers.setdefault(name, value)
    headers["X-Request-ID"] = request_id()
