"""Whether what a person allowed before makes a screen needless."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from app.consents.resources import API, MCP, parse_resources
from app.scopes import parse_scope


class Allowed(Protocol):
    """A live consent, as far as it is asked here; its texts are as they are stored."""

    scope: str
    declined_scope: str
    resources: str
    paused_at: datetime | None


def find_covered_scopes(
    consent: Allowed | None,
    *,
    asked: frozenset[str],
    optional: frozenset[str],
    resources: Collection[str] = (API,),
) -> frozenset[str] | None:
    """Returns what of the ``asked`` scopes is granted without asking; None when the person has to be asked.

    An app asks each time for what it would like. What the person left out they have answered already, as long as the app
    can do without it: as long as its registration says that it is ``optional``. An agent at the memory server asks for
    that again only once a call was refused for want of it, so there the person is asked again, too. A resource that the
    consent does not name is never granted without the screen.
    """
    if consent is None or consent.paused_at is not None or not parse_resources(consent.resources).issuperset(resources):
        return None
    answered = frozenset() if MCP in resources else optional
    allowed, declined = parse_scope(consent.scope), parse_scope(consent.declined_scope) & answered
    if not asked & allowed or not asked <= allowed | declined:
        return None
    return asked & allowed
