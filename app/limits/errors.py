"""What whoever tries too often is told."""

from math import ceil

from werkzeug.exceptions import TooManyRequests

from app.sentences import ngettext


class TooManyAttempts(TooManyRequests):
    """The limit is reached; ``seconds`` says how long it lasts, the message says it to a person.

    Whoever does not catch it answers 429 with ``Retry-After``, in the shape of the door.
    """

    def __init__(self, seconds: int):
        super().__init__(retry_after=seconds)
        minutes = ceil(seconds / 60)
        self.args = (
            ngettext(
                "Too many attempts. Wait %(num)s minute and try again.",
                "Too many attempts. Wait %(num)s minutes and try again.",
                minutes,
            ),
        )
        self.seconds = seconds
