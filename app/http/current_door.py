"""The door by which the request came in that is being answered."""

from typing import Any, cast

from flask import request

from app.http.doors import Door


def current_door() -> Door:
    """Returns the door; the application has set it as soon as the request was there."""
    door: Door = cast(Any, request).door
    return door
