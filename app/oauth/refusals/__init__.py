"""The one table of refusals: reason -> OAuth error, sentence on the wire, what happened, the fix.

Whatever refuses says ``raise refuse(Reason.STATE_MISSING)``. The wire, an app's Requests, the guide, the playground and
the page that a person sees instead all read the row. A family of reasons is a file of this package.
"""

from authlib.oauth2 import OAuth2Error

from app.clients.models import ClientSnapshot
from app.oauth.refusals import assertion, authorize, bearer, client, code, device, pushed, refresh, request
from app.oauth.refusals.page import ErrorPage
from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import GrantLine, Refusal

__all__ = ["REFUSALS", "ErrorPage", "GrantLine", "Reason", "Refusal", "Refused", "refuse"]

REFUSALS: dict[Reason, Refusal] = (
    client.ROWS
    | assertion.ROWS
    | request.ROWS
    | code.ROWS
    | refresh.ROWS
    | device.ROWS
    | authorize.ROWS
    | pushed.ROWS
    | bearer.ROWS
)

# RFC 6749 section 5.2: a client that used the header is answered with its scheme.
_CHALLENGE = ("WWW-Authenticate", 'Basic realm="reliquary", charset="UTF-8"')


class Refused(OAuth2Error):
    """A request that was refused, with the row of its reason.

    ``values`` are what the sentence was filled in with. For the record alone: the ``client`` that it is from or says it
    is from, the digest of a secret that was not right, and the redirect URI that the code was asked with.
    ``redirect_uri`` is set once it is known that the answer may go there; without one it goes to whoever sent the
    request. What is not ``noted`` is no fault of the client's: it waits, or has been told of once.
    """

    noted = True

    def __init__(
        self,
        reason: Reason,
        *,
        client: ClientSnapshot | None = None,
        secret_digest: str | None = None,
        expected_uri: str = "",
        **values: object,
    ) -> None:
        row = REFUSALS[reason]
        super().__init__(row.said.format(**values), status_code=row.status, error=row.error)
        self.reason, self.row, self.values = reason, row, values
        self.client, self.secret_digest, self.expected_uri = client, secret_digest, expected_uri

    def anchor(self, door: str) -> str:
        """Returns the anchor of the guide's line: the reason's own if it has one, else the error's at this door."""
        return f"{door}-{self.error}" if self.row.line is None else f"invalid_grant-{self.row.line.slug}"

    def guide_uri(self, issuer: str, door: str) -> str:
        """Returns ``error_uri``: where the guide for integrators tells of the refusal."""
        return f"{issuer}/guide/errors#{self.anchor(door)}"

    def get_headers(self) -> list[tuple[str, str]]:
        """Returns the headers of the answer, with the challenge of a failed client authentication, or how long to wait."""
        headers: list[tuple[str, str]] = super().get_headers()
        if self.retry_after is not None:
            return [*headers, ("Retry-After", str(self.retry_after))]
        return [*headers, _CHALLENGE] if self.error == "invalid_client" else headers

    @property
    def retry_after(self) -> int | None:
        """Seconds after which it may be tried again; None where waiting does not help."""
        seconds = self.values.get("seconds")
        return seconds if isinstance(seconds, int) else None


def refuse(
    reason: Reason,
    *,
    client: ClientSnapshot | None = None,
    secret_digest: str | None = None,
    expected_uri: str = "",
    **values: object,
) -> Refused:
    """Returns the error to raise. ``values`` fill in the sentence on the wire."""
    return Refused(reason, client=client, secret_digest=secret_digest, expected_uri=expected_uri, **values)
