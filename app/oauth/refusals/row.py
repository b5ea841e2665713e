"""One row of the table of refusals."""

from typing import Any, NamedTuple, Self

from msgspec import Struct

from app.oauth.refusals.page import ErrorPage
from app.oauth.refusals.reason import Reason
from app.sentences import _

#: OAuth error -> status of HTTP, where it is not 400.
_STATUSES = {
    "invalid_client": 401,
    "unauthenticated": 401,
    "invalid_token": 401,
    "insufficient_scope": 403,
    "too_many_requests": 429,
    "temporarily_unavailable": 503,
}


class GrantLine(NamedTuple):
    """A line of the guide about ``invalid_grant``: its anchor, the sentence on the wire, and what to mend."""

    slug: str
    said: str
    advice: str


class Refusal(Struct, frozen=True):
    """All that is told of one reason, to each of those who are told.

    ``error`` and ``said`` are OAuth's ``error`` and ``error_description``, for the client: ASCII without quotes and
    backslashes, with ``{kind}`` and the like for what is filled in. ``happened`` and ``fix`` are for the app's own
    people, in its Requests; ``%(detail)s`` and ``%(names)s`` are of the record. ``line`` is the guide's, which
    ``error_uri`` leads to; without one that leads to the line of the error. ``kept_as`` is the reason that a record
    keeps instead, for versions of this server that do not know the new one.

    ``in_general`` is what the guide says happened, where ``happened`` is of the record. ``page`` is what the person sees
    where the app cannot be answered, ``to_person`` what it says of this reason, and ``to_own_people`` what it says
    instead to the app's own people, where they know better.
    """

    error: str
    said: str
    happened: str
    fix: str
    line: GrantLine | None = None
    kept_as: Reason | None = None
    in_general: str = ""
    page: ErrorPage | None = None
    to_person: str = ""
    to_own_people: str = ""

    @classmethod
    def of_grant(cls, line: GrantLine, *, happened: str, fix: str, **more: Any) -> Self:
        """Returns the row of a code or a refresh token that is no good."""
        return cls("invalid_grant", line.said, happened, fix, line, **more)

    @property
    def status(self) -> int:
        """The status of HTTP that goes with the error."""
        return _STATUSES.get(self.error, 400)

    @property
    def told(self) -> str:
        """What happened, for somebody who looks the reason up and has no record of it."""
        return self.in_general or _(self.happened, detail="", names="")

    @property
    def keeps_detail(self) -> bool:
        """Whether a record keeps what is said on the wire, because only that tells what was wrong."""
        return "%(detail)s" in self.happened
