"""One row of the table of refusals."""

from dataclasses import dataclass
from typing import NamedTuple, Self

from app.oauth.refusals.reason import Reason

#: OAuth error -> status of HTTP, where it is not 400.
_STATUSES = {
    "invalid_client": 401,
    "unauthenticated": 401,
    "invalid_token": 401,
    "insufficient_scope": 403,
    "too_many_requests": 429,
}


class GrantLine(NamedTuple):
    """A line of the guide about ``invalid_grant``: its anchor, the sentence on the wire, and what to mend."""

    slug: str
    said: str
    advice: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """All that is told of one reason, to each of those who are told.

    ``error`` and ``said`` are OAuth's ``error`` and ``error_description``, for the client: ASCII without quotes and
    backslashes, with ``{kind}`` and the like for what is filled in. ``happened`` and ``fix`` are for the app's own
    people, in its Requests; ``%(detail)s`` and ``%(names)s`` are of the record. ``line`` is the guide's, which
    ``error_uri`` leads to; without one that leads to the line of the error. ``kept_as`` is the reason that a record
    keeps instead, for versions of this server that do not know the new one.
    """

    error: str
    said: str
    happened: str
    fix: str
    line: GrantLine | None = None
    kept_as: Reason | None = None

    @classmethod
    def of_grant(cls, line: GrantLine, *, happened: str, fix: str) -> Self:
        """Returns the row of a code or a refresh token that is no good."""
        return cls("invalid_grant", line.said, happened, fix, line)

    @property
    def status(self) -> int:
        """The status of HTTP that goes with the error."""
        return _STATUSES.get(self.error, 400)

    @property
    def keeps_detail(self) -> bool:
        """Whether a record keeps what is said on the wire, because only that tells what was wrong."""
        return "%(detail)s" in self.happened
