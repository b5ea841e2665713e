"""The page of the picker: all that it tells, and what is ticked on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from msgspec import Struct

from app.consents.choice import Choice
from app.consents.installations import installation_of
from app.consents.introductions import Earlier
from app.consents.maker import Wanted, prepare_maker
from app.consents.picker import Offer, fields_of, prepare_picker, read_offer
from app.extensions import db
from app.memories.mementos import (
    IntegrationSummary,
    list_integrations,
)
from app.oauth.endpoints.decision.answers import seal_page
from app.oauth.endpoints.decision.facts import Facts
from app.oauth.endpoints.decision.forms import MementoChoiceForm
from app.oauth.endpoints.decision.places import Place, list_places
from app.oauth.endpoints.decision.shown import (
    Account,
    Present,
    allowed_before,
    asks_to_write,
    common_facts,
    describe_account,
    describe_client,
    describe_device,
    find_consent,
    find_own_changes,
)
from app.oauth.endpoints.decision.wait import describe_wait
from app.oauth.endpoints.waiting import Flow
from app.scopes import SCOPES, parse_scope

_NOTHING_WANTED = Wanted()


class Screen(Struct):
    """What the page is made of, as one look at the database saw it."""

    client: dict[str, Any]
    account: Account
    names: list[str]
    optional: frozenset[str]
    offer: Offer
    integrations: list[IntegrationSummary]
    consent: Present | None
    places: list[Place]
    earlier: Earlier | None

    @property
    def facts(self) -> Facts:
        paused_at, saved = self.consent.paused_at if self.consent else None, self.offer.saved
        fixed = common_facts(self.client, self.account) | {
            "abilities": [[name, SCOPES[name], name in self.optional] for name in self.names],
            "resources": [place.facts for place in self.places],
            "saved": saved and [saved.id, saved.name],
            "earlier": self.earlier and self.earlier.facts,
            "pause": paused_at and paused_at.isoformat(),
        }
        return Facts(fixed, self.offer.facts | {one.id: [one.kind, one.name] for one in self.integrations})


def read_screen(flow: Flow) -> Screen:
    client, consent = describe_client(flow), find_consent(flow)
    asked = parse_scope(flow.request.scope)
    scopes = asked | allowed_before(flow, consent)
    return Screen(
        client=client,
        account=describe_account(),
        names=[name for name in SCOPES if name in scopes],
        optional=parse_scope(flow.client.optional_scope) & asked,
        offer=read_offer(db.session(), current_user.id, flow.client.key, installation_of(flow.client)),
        integrations=list_integrations(current_user.id),
        consent=consent,
        earlier=find_own_changes(flow, client, consent),
        places=list_places(flow.request.resource_names),
    )


def show_picker(
    flow: Flow,
    form: MementoChoiceForm,
    choice: Choice,
    problems: Sequence[str] = (),
    *,
    notices: Sequence[str] = (),
    wanted: Wanted = _NOTHING_WANTED,
    sought: str = "",
    look: str | None = None,
    left_at: datetime | None = None,
) -> ResponseReturnValue:
    """Show the page. ``sought`` are words of mementos, ``wanted`` is what a new one is to hold; ``look`` is the button that only shows the page again.

    ``left_at`` is when the request ended in which ``choice`` was ticked, if it was another one.
    """
    session, user_id, screen = db.session(), current_user.id, read_screen(flow)
    picker = prepare_picker(
        session,
        screen.offer,
        choice,
        screen.integrations,
        user_id=user_id,
        may_write=asks_to_write(flow),
        sought=sought,
    )
    consent = screen.consent
    errors = [*problems, *form.new_name.errors]
    page = render_template(
        "oauth/mementos.html",
        form=form,
        seal=seal_page(flow, "picker", screen.facts),
        client=screen.client,
        device=describe_device(flow),
        account=screen.account,
        places=screen.places,
        scopes=[{"sentence": SCOPES[name], "is_optional": name in screen.optional} for name in screen.names],
        **fields_of(picker),
        maker=prepare_maker(session, user_id, screen.integrations, wanted, search=look == "search"),
        look=look,
        left_at=left_at,
        waits=describe_wait(flow),
        errors=[*errors, *notices],
        returning=consent is not None,
        paused_at=consent.paused_at if consent else None,
        earlier=screen.earlier,
        switch_url=flow.url_for("switch_account"),
    )
    return page, 422 if errors else 200
