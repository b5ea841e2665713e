"""A screen that is still open keeps its request waiting (``static/js/waits.js``), for as long as a request may."""

from flask import Response
from flask.typing import ResponseReturnValue
from msgspec import Struct

from app import clock
from app.config import settings
from app.http.clear_forms import answers_unclear_forms
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.waiting import Flow, opens_request


class Wait(Struct, frozen=True):
    """How long a screen waits, in seconds: until it asks for more time, and until no more is given.

    A device ``is_fixed``: it was told how long it may ask, and gives no more time to anybody.
    """

    url: str
    seconds: int
    left: int
    is_fixed: bool = False

    @property
    def minutes(self) -> int:
        return max(1, (self.left if self.is_fixed else self.seconds) // 60)


@blueprint.post("/oauth/authorize/wait")
@answers_unclear_forms
@opens_request(before_account=True)
def wait(flow: Flow) -> ResponseReturnValue:
    """Renew the request, as each step does, and answer nothing; one that has ended answers why, for the page to say."""
    return Response(status=204)


def describe_wait(flow: Flow) -> Wait:
    """Returns how long the screen that is shown now waits for its answer."""
    chosen, url = settings(), flow.url_for("wait")
    seconds = chosen.authorization_request_lifetime
    if flow.waiting.is_of_device:
        left = int((flow.waiting.expires_at - clock.now()).total_seconds())
        return Wait(url, seconds, max(0, left), is_fixed=True)
    begun = int((clock.now() - flow.waiting.issued_at).total_seconds())
    return Wait(url, seconds, max(0, chosen.authorization_request_max_lifetime - begun))
