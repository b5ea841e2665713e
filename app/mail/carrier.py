"""What takes a letter to where it goes, and everything that can come of that."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from app.mail.rendering import Rendered


class Posted(Struct, frozen=True):
    """A letter on its way. ``edition`` is above 1 when it may have arrived before and is sent all the same."""

    id: str
    kind: str
    recipient: str
    rendered: Rendered
    edition: int = 1


class NotCarried(Exception):
    """It did not get there. The message is a sentence without a secret, for the operator."""


class NoWay(NotCarried):
    """The mail server cannot be used now, whatever the letter is. The next one would fare no better."""


class NotNow(NotCarried):
    """The mail server does not take this letter now, or broke off before it had all of it."""


class Refused(NotCarried):
    """The mail server takes this letter never."""


class Unsure(NotCarried):
    """The mail server was given all of the letter and has not said whether it keeps it."""


class Carrier(Protocol):
    """Where letters leave this program."""

    def open(self) -> None:
        """Be ready to carry. Raises :class:`NoWay`."""

    def carry(self, posted: Posted, hand_over: Callable[[], None]) -> str:
        """Take one letter there. Returns what the other side said.

        ``hand_over`` is called before the last bytes, without which nobody has the letter; what it raises ends the
        attempt. Raises a :class:`NotCarried`.
        """

    def close(self) -> None:
        """Be done for now."""
