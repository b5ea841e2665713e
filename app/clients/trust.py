"""How an app is known and where its answer goes, as the people who decide about it are told.

Everything here is said by whoever would like to be allowed something. So a host is shown as it stands in the address,
an international one in its ASCII form (``xn--…``): one that is spelled with another script's letters looks like
nothing that a person knows.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from app.clients.address_problems import is_host_name
from app.clients.models import DOCUMENT, REGISTERED, Client, ClientRules
from app.clients.public_suffixes import site_of
from app.clients.redirect_uris import host_of
from app.clients.uri import cut
from app.sentences import _
from app.text import inside_quotes


class Known(StrEnum):
    """How far an app is known."""

    #: An organization answers for it.
    REGISTERED = "registered"
    #: Its answer goes to the very site that describes it.
    PROVED = "proved"
    #: A site describes it, and its answer goes elsewhere.
    DESCRIBED = "described"
    #: There is only what it says itself.
    CLAIMED = "claimed"


class Place(StrEnum):
    """What receives an answer."""

    SITE = "site"
    #: A program that listens on the computer on which the person decides.
    COMPUTER = "computer"
    #: Whichever program has taken a private scheme.
    DEVICE = "device"
    #: The same two, for whoever may have decided on another computer than the one they read this on.
    OTHER_COMPUTER = "other_computer"
    OTHER_DEVICE = "other_device"


class Receiver(Struct, frozen=True):
    """What receives an answer; ``name`` is its host, and its port if the address has one, or a scheme with its colon."""

    place: Place
    name: str

    @property
    def host(self) -> str:
        """The name without its port."""
        return _name_in(f"//{self.name}")


class Trust(Struct, frozen=True):
    """How an app is known, and what receives its answer.

    ``by`` is who stands for it: the organization, the document's host, or for an app that says so itself its own name.
    ``receiver`` is None where no answer is on its way and nobody knows where the last one went.
    """

    known: Known
    by: str
    receiver: Receiver | None


def find_trust(client: Client, redirect_uri: str = "") -> Trust:
    """Returns how the client is known when its answer goes to this address; empty when there is no such address."""
    receiver = find_receiver(redirect_uri) if redirect_uri else None
    if client.origin == REGISTERED:
        return Trust(Known.REGISTERED, client.organization_name or "", receiver)
    if client.origin != DOCUMENT:
        return Trust(Known.CLAIMED, inside_quotes(client.name), receiver)
    host = _name_in(client.client_id)
    is_proved = redirect_uri.startswith("https://") and _is_of_site(_name_in(redirect_uri), host)
    return Trust(Known.PROVED if is_proved else Known.DESCRIBED, host, receiver)


def find_receiver(uri: str) -> Receiver:
    """Returns what receives an answer that goes to this address."""
    parts = cut(uri)
    if not parts.is_of_web:
        return Receiver(Place.DEVICE, host_of(uri))
    return Receiver(Place.COMPUTER if parts.is_loopback else Place.SITE, host_of(uri))


def seen_from_elsewhere(trust: Trust) -> Trust:
    """Returns the same for a person who may read it on another computer than the one on which they allowed it."""
    if trust.receiver is None:
        return trust
    places = {Place.COMPUTER: Place.OTHER_COMPUTER, Place.DEVICE: Place.OTHER_DEVICE}
    place = places.get(trust.receiver.place, trust.receiver.place)
    return replace(trust, receiver=replace(trust.receiver, place=place))


def own_page(client: Client, address: str) -> str:
    """Returns the address of a page that the client names, if it is its own; else nothing.

    A link to somebody else's page would make a stranger look like them. An organization answers for its app's links; of
    the others only a document has a site of its own.
    """
    if client.origin == REGISTERED:
        return address
    is_own = client.origin == DOCUMENT and _is_of_site(_name_in(address), _name_in(client.client_id))
    return address if is_own else ""


def say_claim(client: ClientRules, name: str) -> str:
    """Returns a sentence on who an app says it is, for a page that knows no more; empty for a registered one."""
    if client.origin == REGISTERED:
        return ""
    if client.origin == DOCUMENT:
        return _("The app says it is %(host)s; nobody has checked that.", host=_name_in(client.client_id))
    return _("The app says it is “%(name)s”; nobody has checked that.", name=inside_quotes(name))


def _name_in(uri: str) -> str:
    """Returns the host in an address: without what may stand before it, and without its port."""
    pair = cut(uri).host_and_port
    return pair[0] if pair is not None else ""


def _is_of_site(host: str, of: str) -> bool:
    """Whether a host is another, or below it, and nobody else's.

    Nobody else's: between the two there is no public suffix, nor is one of them one.
    """
    if not (is_host_name(host) and is_host_name(of)):
        return False
    if host != of and not host.endswith("." + of):
        return False
    site = site_of(of)
    return site is not None and site == site_of(host)
