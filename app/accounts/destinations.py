"""What a sign-in leads to, as the page says it: an app or a device that waits, or an organization that invites.

The pages of sign-in know only a path of ours. Whoever has such paths says here what stands behind one.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app
from msgspec import Struct

_NAME = "destinations"


class Destination(Struct, frozen=True):
    """``app`` is what the screens of the decision show of an app, ``organization`` the name of one: one of the two.

    Neither where ``is_device``: whoever enters the code of a device is told then whose it is.

    ``cancel_url`` is where the button that cancels sends its form; where it is None, there is nothing to end, and a
    link leads to the start page. ``hold`` lets what waits there wait for a letter; it writes, and the caller commits.
    ``ends_in`` says for how many seconds an app waits; None where nothing ends.
    """

    app: dict[str, Any] | None = None
    organization: str | None = None
    is_device: bool = False
    cancel_url: str | None = None
    hold: Callable[[], None] | None = None
    ends_in: int | None = None

    @property
    def minutes(self) -> int:
        """For how many minutes an app waits, where it does: at least one."""
        return max(1, round((self.ends_in or 0) / 60))


Find = Callable[[str], Destination | None]


def add_destinations(app: Flask, find: Find) -> None:
    """Ask ``find`` too what a path of ours leads to; it returns None for a path that it does not know."""
    app.extensions.setdefault(_NAME, []).append(find)


def find_destination(target: str) -> Destination | None:
    """Returns what a path of ours leads to, where that is worth saying."""
    finds: list[Find] = current_app.extensions.get(_NAME, [])
    return next(filter(None, (find(target) for find in finds)), None)


def hold_destination(target: str) -> None:
    """Let an app that waits behind a path wait as long as it may: a letter takes its time. The caller commits."""
    destination = find_destination(target)
    if destination is not None and destination.hold is not None:
        destination.hold()
