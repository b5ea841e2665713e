"""What a document must be like (sections 4 to 4.2 of the draft), and what is taken from it."""

from collections.abc import Mapping
from typing import Any, NoReturn

from msgspec import Struct

from app.clients.address_problems import find_redirect_uri_problem, find_web_address_problem
from app.clients.documents.errors import DocumentProblem, Trouble
from app.clients.errors import ClientError
from app.clients.fields import BY_NAME, ClientFields
from app.clients.models import CONFIDENTIAL, PRIVATE_KEY_JWT, PUBLIC
from app.clients.own_words import read_own_words
from app.clients.redirect_uris import host_of
from app.config import Settings
from app.sentences import _

_LONGEST_LOGO_URI = 2000
#: Whoever could read the document could read these, too.
_SECRETS = ("client_secret", "client_secret_expires_at")
#: Pages that people can follow, each of which the client works without.
_PAGES = ("client_uri", "policy_uri", "tos_uri")


class Reading(Struct, frozen=True):
    """What a document says of its client. ``logo_uri`` is empty where it names no logo that could be fetched."""

    fields: ClientFields
    default_scope: str
    application_type: str
    logo_uri: str


def read_document(settings: Settings, url: str, members: Mapping[str, Any]) -> Reading:
    """Returns what the document at ``url`` says of its client. Raises :class:`DocumentProblem`.

    One document is for every server there is. So an address that cannot be used here is passed over, if there are
    others; and what we do not know is ignored.
    """
    if members.get("client_id") != url:
        _refuse(_("The member 'client_id' must be the address of the document, character for character."))
    for name in _SECRETS:
        if name in members:
            _refuse(_("The member '%(name)s' must not be there: everybody can read the document.", name=name))
    may_sign = members.get("token_endpoint_auth_method") == PRIVATE_KEY_JWT
    goes_without = _can_go_without_secret(members)
    if not goes_without and not may_sign:
        _refuse(
            _(
                "The member 'token_endpoint_auth_method' must be 'none' or 'private_key_jwt', or be left out, or"
                " 'token_endpoint_auth_methods_supported' must have 'none' among others."
            )
        )
    said = dict(members) | {"redirect_uris": _choose_redirect_uris(members.get("redirect_uris"))}
    for name in _PAGES:
        if not _is_page(said.get(name)):
            said.pop(name, None)
    said["client_name"] = said.get("client_name") or host_of(url)
    try:
        # One that would rather sign, and need not, is taken at its word each time.
        type_ = PUBLIC if goes_without else CONFIDENTIAL
        fields, default_scope, application_type = read_own_words(settings, said, type_=type_)
    except ClientError as error:
        _refuse(_name_member(error))
    return Reading(fields, default_scope, application_type, _choose_logo(members.get("logo_uri")))


def _refuse(detail: str) -> NoReturn:
    raise DocumentProblem(Trouble.CONTENT, detail)


def _can_go_without_secret(members: Mapping[str, Any]) -> bool:
    """Whether a client authenticates in no way, or need not: one of ChatGPT's would rather sign, and lists what else it can."""
    others = members.get("token_endpoint_auth_methods_supported")
    return members.get("token_endpoint_auth_method") in (None, "", "none") or (
        isinstance(others, list) and "none" in others
    )


def _choose_redirect_uris(said: Any) -> Any:
    """Returns those that an answer may go to, each once; all that was said where none is, to be refused for it."""
    if not isinstance(said, list) or not all(isinstance(uri, str) for uri in said):
        return said
    usable = [uri for uri in dict.fromkeys(said) if find_redirect_uri_problem(uri) is None]
    return usable or said


def _is_page(address: Any) -> bool:
    return isinstance(address, str) and find_web_address_problem(address) is None


def _choose_logo(address: Any) -> str:
    return address if isinstance(address, str) and address.isascii() and len(address) <= _LONGEST_LOGO_URI else ""


def _name_member(error: ClientError) -> str:
    """Returns the sentence, with the name of the member that it is about."""
    sentence, known = str(error.sentence), BY_NAME.get(error.field)
    name = known.wire if known is not None and known.wire is not None else error.field
    return sentence if name in sentence else _("%(name)s: %(problem)s", name=name, problem=sentence)
