"""The person's half of the device authorization grant (:rfc:`8628#section-3.3`): check, and let the device's code be good."""

from datetime import timedelta
from typing import Any

from app import metrics
from app.oauth.authorization_request import WaitingRequest
from app.oauth.checks import WayBack
from app.oauth.checks.way_back import demand_checked_for
from app.oauth.grants.authorize import AuthorizeGrant, Person
from app.oauth.redirect import Redirect, lead_to_page
from app.oauth.refusals import Reason, refuse
from app.oauth.wire_request import WireRequest


class DeviceDecisionGrant(AuthorizeGrant):
    """Lets the code of the device that waits be redeemed, where a person has allowed it."""

    waiting: WaitingRequest

    def create_authorization_response(self, way_back: WayBack, person: Person | None) -> Redirect:
        """Returns the redirect to the page that tells how it ended. Raises :class:`Refused` when no ``person`` allowed it."""
        if person is None:
            raise refuse(Reason.DENIED)
        demand_checked_for(way_back, person.id)
        self.request.user = person
        self.save_authorization_code("", self.request)
        # The app's people read of it when the device gets its tokens.
        self.request.connection.once_committed(metrics.CODES_ISSUED.inc)
        return lead_to_page(self.request)

    def _describe(self, code: str) -> dict[str, Any]:
        """Returns what is stored of the device's code, which nobody here knows: it has been kept by its digest alone."""
        request: WireRequest = self.request
        lifetime = timedelta(seconds=request.services.settings.authorization_code_lifetime)
        # As long as the device was told, and so much longer as its next question may be away.
        return super()._describe(code) | {
            "digest": self.waiting.device_digest,
            "redirect_uri": "",
            "code_challenge": None,
            "expires_at": self.waiting.expires_at + lifetime,
        }
