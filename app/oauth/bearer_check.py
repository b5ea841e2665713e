"""The check of a bearer token (:rfc:`6750`), from a header to the token, or to the challenge of a refusal."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app import credentials
from app.consents.live import has_run_out
from app.consents.resources import API
from app.consents.snapshot import CONSENT_USED
from app.database.connections import Connection
from app.last_uses import LastUses
from app.limits.calls import Calls
from app.logs import present
from app.oauth.grants.mistaken_kind import find_mistaken_kind
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.resources import address_of, metadata_address
from app.oauth.tokens.snapshot import TokenSnapshot
from app.scopes import OF_AGENTS, SCOPES, format_scope, parse_scope
from app.services import Services

REALM = "reliquary"
_FOR_AN_AGENT = " ".join(OF_AGENTS)


Result = TypeVar("Result")


class TokenOutdated(Exception):
    """What the token stands on was changed after it was looked up, and before what it allows was done: look again."""


#: Finds a :class:`TokenSnapshot`, or what answers as one; None where there is no such token.
TokenLookup = Callable[[Connection, str], Any]
#: How often a token is looked up for one call, while what it stands on keeps being changed.
_MOST_LOOKS = 5


def act_with_bearer(
    act: Callable[[Any], Result],
    connection: Connection,
    services: Services,
    authorization: str,
    note: Callable[[str], None],
    *,
    find: TokenLookup,
    required: str = "",
    audience: str = API,
) -> Result:
    """Returns what ``act`` returns for the live bearer token of an ``Authorization`` header.

    What the token stands on may be changed meanwhile: then the token is looked up and ``act`` called once more. For
    the rest see :func:`find_live_token`. Raises :class:`Refused`.
    """
    settings = services.settings
    for _tries in range(_MOST_LOOKS):
        token = find_live_token(
            connection,
            authorization,
            required,
            find,
            note,
            services.limits.calls,
            issuer=settings.issuer,
            audience=audience,
            third_party_scopes=settings.third_party_scopes,
        )
        if token.grant_id is not None:
            services.notes.of(LastUses).note(CONSENT_USED, token.grant_id, token.consent_last_used_at)
        try:
            return act(token)
        except TokenOutdated:
            continue
    raise refuse(Reason.BEARER_REVOKED)


def find_live_token(
    connection: Connection,
    authorization: str,
    required: str,
    find: TokenLookup,
    note: Callable[[str], None],
    calls: Calls,
    *,
    issuer: str,
    audience: str = API,
    third_party_scopes: Sequence[str] = tuple(SCOPES),
) -> TokenSnapshot:
    """Returns the live token of an ``Authorization`` header, if it is for ``audience`` and has all ``required`` scopes.

    ``note`` is told which client calls, and ``calls`` counts with which token. ``third_party_scopes`` are those that a
    client may have at most that no organization registered. Raises :class:`Refused`, in words that
    say what happened and what to do: whoever holds a token may know all of its own fate.
    """
    presented = _read_bearer(authorization)
    mistaken = find_mistaken_kind(presented, credentials.ACCESS_TOKEN)
    if mistaken:
        raise refuse(Reason.BEARER_MISTAKEN, kind=mistaken)
    # Before the lookup, and whatever the token is: what runs wild costs next to nothing, also once its token is dead.
    if seconds := calls.take(presented):
        raise refuse(Reason.TOO_MANY_CALLS, seconds=seconds)
    token: TokenSnapshot | None = find(connection, credentials.digest(presented))
    if token is None:
        raise refuse(Reason.BEARER_UNKNOWN)
    token.hold_to(third_party_scopes)
    note(token.client_id)
    present.note_client(token.client_key)
    if token.audience != audience:
        raise refuse(Reason.BEARER_ELSEWHERE, resource=address_of(audience, issuer))
    if token.is_expired():
        raise refuse(Reason.BEARER_EXPIRED)
    if token.is_revoked():
        raise refuse(_why_ended(token))
    if required:
        demand_scopes(token, required)
    return token


def demand_scopes(token: TokenSnapshot, required: str) -> None:
    """Raises :class:`Refused` unless a token has all the ``required`` scopes.

    It names what the token has beside what it lacks: an agent asks next for what is named, and for that alone.
    """
    held = parse_scope(token.get_scope())
    missing = [name for name in required.split() if name not in held]
    if missing:
        needed, has_person = format_scope(held.union(missing)), token.user_id is not None
        raise refuse(Reason.SCOPE_LACKING, missing=" ".join(missing), needed=needed, has_person=has_person)


def _read_bearer(authorization: str) -> str:
    scheme, *token = authorization.split(None, 1)[:2] or [""]
    if scheme.lower() != "bearer":
        raise refuse(Reason.BEARER_MISSING)
    if not token:
        raise refuse(Reason.BEARER_EMPTY)
    return token[0]


def _why_ended(token: TokenSnapshot) -> Reason:
    if token.is_paused():
        return Reason.BEARER_PAUSED
    if token.is_disabled():
        return Reason.BEARER_ACCOUNT_DISABLED
    if token.client_suspended_at is not None:
        return Reason.BEARER_SUSPENDED if token.organization_id is not None else Reason.BEARER_SUSPENDED_HERE
    is_over = has_run_out(token.consent_revoked_at, token.consent_expires_at)
    if token.revoked_at is None and token.family_revoked_at is None and is_over:
        return Reason.BEARER_PAST_ITS_END
    return Reason.BEARER_REVOKED


def challenge(refused: Refused, issuer: str, audience: str = API) -> str:
    """Returns the ``WWW-Authenticate`` of a refusal (:rfc:`6750#section-3`, :rfc:`9728#section-5.1`).

    Whoever has no token that is any good is told the scopes that an ordinary agent needs.
    """
    parts = [
        f'realm="{REALM}"',
        f'resource_metadata="{metadata_address(audience, issuer)}"',
    ]
    # RFC 6750 section 3.1: no error code for a request that tried no bearer token.
    if refused.reason is not Reason.BEARER_MISSING:
        parts += [
            f'error="{refused.error}"',
            f'error_description="{refused.description}"',
            f'error_uri="{refused.guide_uri(issuer, "api")}"',
        ]
    scope = _FOR_AN_AGENT if refused.status_code == 401 else refused.values.get("needed")
    if scope:
        parts.append(f'scope="{scope}"')
    return "Bearer " + ", ".join(parts)
