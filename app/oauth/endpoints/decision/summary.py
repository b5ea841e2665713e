"""The summary that a person signs: all that the page tells, as one look at the database saw it."""

from datetime import datetime
from typing import Any

from flask_login import current_user
from msgspec import Struct

from app.consents.choice import Choice
from app.consents.installations import MOST_OFFERED, Predecessor, installation_of
from app.consents.introductions import Earlier
from app.consents.memory_setting import MemorySetting
from app.consents.picker import describe_memento, read_offer
from app.consents.resources import parse_resources
from app.extensions import db
from app.memories.built_once import Limits
from app.memories.mementos import MementoSummary
from app.oauth.endpoints.decision.facts import Facts
from app.oauth.endpoints.decision.places import Place, list_places
from app.oauth.endpoints.decision.shown import (
    Account,
    Present,
    allowed_before,
    common_facts,
    describe_account,
    describe_client,
    find_consent,
    find_own_changes,
    list_names,
    list_predecessors,
)
from app.oauth.endpoints.waiting import Flow
from app.scopes import SCOPES, parse_scope, reaches_memories


class Summary(Struct):
    """What the page is made of, as one look at the database saw it."""

    client: dict[str, Any]
    account: Account
    scopes: frozenset[str]
    optional: frozenset[str]
    allowed_before: frozenset[str]
    choice: Choice
    mementos: list[MementoSummary]
    saved: MementoSummary | None
    consent: Present | None
    #: The mementos of the present consent, by name.
    before: dict[str, str]
    earlier: Earlier | None
    #: Where the app will use it from now on, beside the API.
    places: list[Place]
    #: The earlier connections that this one may be the same as, and every memento of the person's by its id.
    predecessors: list[Predecessor]
    own: dict[str, MementoSummary]
    #: The app's own memento, also where the app may not read it.
    saved_id: str | None
    #: What leaves out what the person never shares.
    limits: Limits
    #: What it may do with what apps added.
    setting: MemorySetting

    @property
    def offered(self) -> list[Predecessor]:
        """The earlier connections that the page names."""
        return self.predecessors[:MOST_OFFERED]

    def find_predecessor(self, grant_id: str | None) -> Predecessor | None:
        """Returns the one that was chosen among them."""
        return next((one for one in self.offered if one.grant_id == grant_id), None)

    def seen_by(self, one: Predecessor) -> list[MementoSummary]:
        """Returns the mementos that an earlier connection was given, and that are still there, by name."""
        ids = one.choice.memento_ids if one.choice is not None else ()
        return sorted((self.own[id] for id in ids if id in self.own), key=lambda memento: memento.name.casefold())

    def describe_predecessor(self, one: Predecessor) -> list[Any]:
        """Returns the facts of an earlier connection: what it is known by, and what it would hand over."""
        saved = self.own.get(one.saved_memento_id or "")
        moments = [at and at.isoformat() for at in (one.issued_at, one.ended_at, one.paused_at, one.expires_at)]
        known_by = [one.name, one.app_name, one.is_of_this_browser, *moments]
        mementos = [describe_memento(memento) for memento in self.seen_by(one)]
        return [
            known_by,
            self.list_more_than(one),
            one.choice and one.choice.fingerprint,
            mementos,
            saved and [saved.id, saved.name],
        ]

    def list_more_than(self, one: Predecessor) -> list[str]:
        """Returns the scopes that are asked for now and that an earlier connection did not have."""
        return [name for name in self.names if name not in parse_scope(one.scope)]

    @property
    def needs_mementos(self) -> bool:
        return reaches_memories(self.scopes)

    @property
    def names(self) -> list[str]:
        """The scopes that hold from now on: what is asked for, and what was allowed before."""
        return [name for name in SCOPES if name in self.scopes | self.allowed_before]

    @property
    def has_choice(self) -> bool:
        """Whether the choice can still be signed: made, and not of mementos that were deleted since."""
        if self.choice.selection != "selected":
            return self.choice.selection is not None
        return bool(self.choice.can_write) and self.choice.can_write.keys() <= {*self.own, self.saved_id}

    @property
    def may_go_on_as_before(self) -> bool:
        """As :func:`may_go_on_as_before`."""
        return _have_choice(self.offered)

    @property
    def removed(self) -> list[str]:
        """The names of the mementos that the app loses: none when it is now to see everything."""
        if self.choice.selection == "all":
            return []
        return [name for memento_id, name in self.before.items() if memento_id not in self.choice.can_write]

    @property
    def paused_at(self) -> datetime | None:
        return self.consent.paused_at if self.consent else None

    @property
    def facts(self) -> Facts:
        present = self.consent
        loses_everything = present is not None and present.choice.selection == "all" and self.choice.selection != "all"
        return Facts(
            common_facts(self.client, self.account)
            | {
                "abilities": [[name, SCOPES[name], name in self.optional] for name in self.names],
                "resources": [place.facts for place in self.places],
                "choice": self.needs_mementos and self.choice.fingerprint,
                "mementos": sorted(map(describe_memento, self.mementos)),
                "saved": self.saved and [self.saved.id, self.saved.name],
                "losses": [self.needs_mementos and loses_everything, self.needs_mementos and sorted(self.removed)],
                "earlier": self.earlier and self.earlier.facts,
                "end": present and present.expires_at and present.expires_at.isoformat(),
                "pause": self.paused_at and self.paused_at.isoformat(),
            },
            {one.grant_id: self.describe_predecessor(one) for one in self.offered},
            offers="connection",
        )


def read_summary(flow: Flow) -> Summary:
    waiting, consent = flow.waiting, find_consent(flow)
    scopes = parse_scope(flow.request.scope)
    resources_before = parse_resources(consent.resources) if consent else frozenset()
    client = describe_client(flow)
    named = list_names(consent) if consent else {}
    offer = read_offer(db.session(), current_user.id, flow.client.key, installation_of(flow.client))
    return Summary(
        client=client,
        account=describe_account(),
        scopes=scopes,
        optional=parse_scope(flow.client.optional_scope) & scopes,
        allowed_before=allowed_before(flow, consent),
        choice=waiting.choice,
        mementos=[memento for memento in offer.mementos if memento.id in waiting.choice.can_write],
        saved=offer.saved,
        consent=consent,
        before={id: name for id, name in named.items() if offer.saved is None or id != offer.saved.id},
        earlier=find_own_changes(flow, client, consent),
        places=list_places({*flow.request.resource_names, *resources_before}, resources_before),
        predecessors=list_predecessors(flow),
        own={memento.id: memento for memento in [*offer.mementos, *([offer.saved] if offer.saved else [])]},
        saved_id=offer.saved_id,
        limits=offer.limits,
        setting=offer.setting,
    )


def may_go_on_as_before(flow: Flow) -> bool:
    """Returns whether there is an earlier connection that this one may be the same as, so that nothing has to be chosen first."""
    return _have_choice(list_predecessors(flow)[:MOST_OFFERED])


def _have_choice(offered: list[Predecessor]) -> bool:
    return any(one.choice is not None for one in offered)
