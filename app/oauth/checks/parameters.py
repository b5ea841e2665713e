"""What the parameters of an authorization request must be like (:rfc:`6749#section-4.1.1`)."""

from collections.abc import Collection, Mapping

from app.clients.models import REGISTERED, ClientSnapshot
from app.clients.unregistered import find_default_scope, list_allowed_scopes
from app.config import Settings
from app.consents.details import find_details_problem
from app.consents.resources import API, MCP
from app.database.connections import Connection
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.resources import own_resource, read_resources
from app.oauth.wire_request import WireRequest
from app.scopes import (
    OF_AGENTS,
    OFFLINE_ACCESS,
    PROFILE,
    SCOPES,
    asks_offline_access,
    format_scope,
    intersect_scope,
    parse_scope,
    with_offline_access,
    with_profile,
)

PROMPTS = ("consent", "login", "select_account")


def refuse_defects(request: WireRequest) -> None:
    """Parameters that cannot be relied on: a repeated one, one that is too long, one that is no text.

    Raises a refusal.
    """
    if request.defect:
        raise refuse(Reason.PARAMETER_DEFECTIVE, detail=request.defect)


def demand_response_type_code(request: WireRequest) -> None:
    """Implicit and hybrid flows do not exist here. Raises a refusal."""
    response_type = request.payload.data.get("response_type")
    if response_type is None:
        raise refuse(Reason.RESPONSE_TYPE_MISSING)
    if response_type != "code":
        raise refuse(Reason.RESPONSE_TYPE_UNSUPPORTED)


def demand_response_in_query(request: WireRequest) -> None:
    """Whoever wants the answer elsewhere does not look for it in the query, and has a reason. Raises a refusal."""
    if request.payload.data.get("response_mode", "query") != "query":
        raise refuse(Reason.RESPONSE_MODE_UNSUPPORTED)


def demand_state(request: WireRequest) -> None:
    """PKCE binds the answer to whoever asked, as ``state`` does (:rfc:`9700#section-2.1`). Raises a refusal."""
    parameters = request.payload.data
    has_challenge = "code_challenge" in parameters and parameters.get("code_challenge_method") == "S256"
    if request.payload.state is None and (request.demands_state or not has_challenge):
        raise refuse(Reason.STATE_MISSING)


def resolve_scope(request: WireRequest) -> None:
    """Set the scope that is asked for, the client's own when none is; every name must be the client's.

    An agent asks for all that our challenge names, so at the memory server for agents what it may not have is left out;
    and so it is for every client that no organization registered, which nobody could tell beforehand.
    Whoever was registered before there was a scope ``profile`` asks for it with whatever it names.
    Raises a refusal, also where nothing is left.
    """
    client, asked = request.known_client, request.payload.scope
    if client.origin != REGISTERED:
        settings = request.services.settings
        allowed = list_allowed_scopes(client, settings)
        if not parse_scope(asked):
            extra = f" {OFFLINE_ACCESS}" if asks_offline_access(asked) else ""
            asked = find_unnamed_scope(request.connection, client, settings, set(request.resource_names)) + extra
        request.payload.data["scope"] = asked = _leave_out(asked, allowed)
        if not parse_scope(asked) <= allowed:
            raise refuse_scope(asked)
    elif MCP in request.resource_names and asked:
        request.payload.data["scope"] = asked = _leave_out(asked, parse_scope(client.scope))
    scope = client.get_allowed_scope(asked)
    if scope is None:
        raise refuse_scope(request.payload.scope)
    if client.implies_profile and not request.is_scope_settled:
        request.asks_profile_unnamed = PROFILE not in parse_scope(scope)
        scope = with_profile(scope)
    request.scope = scope


def find_unnamed_scope(
    connection: Connection, client: ClientSnapshot, settings: Settings, resources: Collection[str | None]
) -> str:
    """Returns what a client asks for that no organization registered and that names no scope, at these ``resources``."""
    asked = find_default_scope(connection, client, settings)
    if set(resources) == {MCP}:
        # Of all that it may have, what is of use there; each is a line on the person's screen.
        return intersect_scope(asked, " ".join(OF_AGENTS)) or asked
    return asked


def _leave_out(asked: str, allowed: frozenset[str]) -> str:
    """Returns what of a scope the client may have; all of it, to be refused, if that is nothing."""
    left = parse_scope(asked) & allowed
    if not left:
        return asked
    return with_offline_access(format_scope(left)) if asks_offline_access(asked) else format_scope(left)


def refuse_scope(scope: str | None) -> Refused:
    """Returns the error to raise, also at the token endpoint.

    On the wire an unknown scope and one of another client are the same.
    """
    if scope and "," in scope:
        return refuse(Reason.SCOPE_WITH_COMMA)
    is_known = parse_scope(scope) <= SCOPES.keys()
    return refuse(Reason.SCOPE_NOT_REGISTERED if is_known else Reason.SCOPE_UNKNOWN)


def demand_known_prompt(request: WireRequest) -> None:
    """``none`` is not among them: nobody is authorized without a person here. Raises a refusal."""
    prompt = request.payload.data.get("prompt")
    if prompt is not None and not set(prompt.split(" ")) <= set(PROMPTS):
        raise refuse(Reason.PROMPT_UNKNOWN)


def asks_prompt(parameters: Mapping[str, str], prompt: str) -> bool:
    """Returns whether ``prompt`` is among what was asked for."""
    return prompt in parameters.get("prompt", "").split(" ")


def resolve_resources(request: WireRequest) -> None:
    """Set the resources that are asked for (:rfc:`8707#section-2`). Raises a refusal for one that nobody has here."""
    issuer = request.services.settings.issuer
    request.resources = read_resources(request.payload.data.get("resource"), issuer, request.connection)


def demand_sound_details(request: WireRequest) -> None:
    """``authorization_details`` may ask for mementos, and not for one by its name (:rfc:`9396#section-5`).

    Raises a refusal.
    """
    own = own_resource(API, request.services.settings.issuer)
    _refuse_unsound_details(request, {one.location for one in (own, *request.resources)})


def demand_sound_details_of_token(request: WireRequest) -> None:
    """The same at the token endpoint (:rfc:`9396#section-6`), where they may name any resource that could be meant.

    Whoever asks for a token of one memento alone is not to be given one of all that the person chose.
    Raises a refusal.
    """
    issuer, sent = request.services.settings.issuer, request.form.get("resource", "")
    _refuse_unsound_details(
        request, {own_resource(name, issuer).location for name in (API, MCP)} | set(sent.split(" "))
    )


def _refuse_unsound_details(request: WireRequest, places: Collection[str]) -> None:
    details = request.payload.data.get("authorization_details")
    problem = find_details_problem(details, places) if details is not None else None
    if problem:
        raise refuse(Reason.DETAILS_REFUSED, detail=problem)
