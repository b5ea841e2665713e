"""One letter of each kind, or more where it can say different things: ``kind`` or ``kind/what is special``.

Each function is called in an app context, writes down what the letter is about, and returns the address that it goes to
and its facts. The test commits.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from app import clock
from app.accounts.addresses.models import AddressChange
from app.accounts.joining.models import SignUp
from app.accounts.models import Invitation, User
from app.accounts.notices.kinds import KINDS
from app.accounts.notices.models import Notice
from app.accounts.organizations import create_organization
from app.extensions import db
from tests.actors import Person

_Example = Callable[[Person], tuple[str, dict[str, Any]]]

_NEW = "ada@new.example"


def _change(alice: Person, email: str = _NEW, **fields: Any) -> dict[str, str]:
    now = clock.now()
    change = AddressChange(user_id=alice.id, was=alice.email, email=email, expires_at=now + timedelta(days=1), **fields)
    db.session.add(change)
    db.session.flush()
    return {"change": change.id}


def _sign_up(email: str) -> dict[str, str]:
    until = clock.now() + timedelta(days=1)
    sign_up = SignUp(browser_digest="0" * 64, email=email, name="Ada", password_hash="x", target="/", expires_at=until)
    db.session.add(sign_up)
    db.session.flush()
    return {"sign_up_id": sign_up.id}


def _invitation(alice: Person, name: str) -> dict[str, str]:
    organization = create_organization(name)
    db.session.flush()
    invitation = Invitation(
        digest="0" * 64,
        organization_id=organization.id,
        role="admin",
        invited_by_user_id=alice.id,
        expires_at=clock.now() + timedelta(days=7),
        email=_NEW,
    )
    db.session.add(invitation)
    db.session.flush()
    return {"invitation_id": invitation.id}


def _own_address(alice: Person) -> tuple[str, dict[str, Any]]:
    db.session.get_one(User, alice.id).email_verified_at = None
    return alice.email, {"user_id": alice.id}


def _notice(kind: str, alice: Person) -> tuple[str, dict[str, Any]]:
    rule = KINDS[kind]
    facts = {name: clock.now().isoformat() if name in rule.instants else f"one_{name}" for name in rule.facts}
    facts |= {"user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0", "address": "192.0.2.7"}
    notice = Notice(user_id=alice.id, kind=kind, facts=json.dumps(facts))
    db.session.add(notice)
    db.session.flush()
    return alice.email, {"notice": notice.id}


EXAMPLES: dict[str, _Example] = {
    "account_deleted": lambda alice: (alice.email, {}),
    "address_change": lambda alice: (_NEW, _change(alice)),
    "address_change/known": lambda alice: (alice.email, _change(alice, alice.email)),
    "address_changed": lambda alice: (alice.email, _change(alice, changed_at=clock.now())),
    "first_step": lambda alice: (alice.email, _change(alice, alice.email, changed_at=clock.now())),
    "address_lost": lambda alice: (_NEW, {}),
    **{f"notice/{kind}": partial(_notice, kind) for kind in KINDS},
    "sign_up": lambda alice: (_NEW, _sign_up(_NEW)),
    "sign_up/known": lambda alice: (alice.email, _sign_up(alice.email)),
    "invitation": lambda alice: (_NEW, _invitation(alice, "Acme")),
    "invitation/link": lambda alice: (_NEW, _invitation(alice, "Win at evil.example")),
    "own_address": _own_address,
    "password_reset": lambda alice: (alice.email, {}),
    "trial": lambda alice: (alice.email, {}),
}
