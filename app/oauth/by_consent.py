"""An authorization request that a live consent answers, without a screen: as both doors of the endpoint have it."""

from app.clients.models import REGISTERED
from app.consents.covering import Allowed, find_covered_scopes
from app.oauth.checks.parameters import asks_prompt
from app.oauth.grants.authorize import AuthorizeGrant
from app.oauth.redirect import Redirect
from app.oauth.standing import StandingConsent
from app.oauth.tokens.code_while import Basis
from app.oauth.wire_request import WireRequest
from app.scopes import parse_scope

# With these the person says first as whom, whatever they have allowed.
_ASKS_FIRST = ("login", "select_account")


def answer_by_consent(
    request: WireRequest, grant: AuthorizeGrant, consent: StandingConsent | None, session_digest: str
) -> Redirect | None:
    """Check a request, and returns the redirect with a code if a live consent makes every screen needless.

    None where it does not, or where something that it rests on was changed since it was read: then nothing is written,
    and the request is as it was. Raises what the checks do.
    """
    way_back = grant.validate_authorization_request()
    client, person_id = request.known_client, request.person_id
    if consent is None or person_id is None or not may_need_no_screen(request):
        return None
    if any(asks_prompt(request.payload.data, one) for one in _ASKS_FIRST):
        return None
    covered = find_covered(request, consent)
    # A trial's own address stands in another row: whether the code may go there, the waiting request decides.
    if covered is None or not client.check_redirect_uri(request.payload.redirect_uri):
        return None
    asked, checked = request.payload.data.get("scope"), request.scope
    request.grant_scope(covered)
    answer = grant.answer_while(way_back, Basis(session_digest, person_id, client, consent))
    if answer is None:
        request.reopen_scope(asked)
        request.scope = checked
    return answer


def may_need_no_screen(request: WireRequest) -> bool:
    """Returns whether a consent could answer the request at all.

    Only for a confidential client: a public one cannot prove that it is the app the person
    once allowed (:rfc:`6749#section-10.2`); and for one that an organization answers for.
    """
    client = request.known_client
    return client.is_confidential and client.origin == REGISTERED and not asks_prompt(request.payload.data, "consent")


def find_covered(request: WireRequest, consent: Allowed | None) -> frozenset[str] | None:
    """Returns what the consent grants of what a checked request asks for; None when the person has to be asked."""
    return find_covered_scopes(
        consent,
        asked=parse_scope(request.scope),
        optional=parse_scope(request.known_client.optional_scope),
        resources=request.resource_names,
    )
