"""What a visitor of a web app does that the guide has a whole program for: connect, look, come back later, disconnect.

Every program is walked in the same way, whatever it is written in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

from sqlalchemy import select, update

from app.clients.models import Client
from app.extensions import db
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken
from tests.journeys.walk import ALICE
from tests.server import Server

#: So short that each call finds the access token about to run out. In seconds.
_SHORT = 5


class Answer(Protocol):
    """What a program answered."""

    status: int
    location: str | None
    json: dict


class Web(Protocol):
    """A browser of the visitor's at the program."""

    def get(self, address: str) -> Answer:
        """Open an address, and follow no redirect."""

    def post(self, path: str) -> Answer:
        """Press a button."""


@dataclass
class Program:
    """A program of the guide that is running, as its visitors see it."""

    server: Server
    client_id: str
    redirect_uri: str
    allow: Callable[[str], str]
    open_web: Callable[[], Web]
    #: Signing in begins here; a function where it takes more than a link.
    connect: Callable[[Web], str] = field(default=lambda web: web.get("/connect").location)
    compares_iss: bool = True
    #: Whether it sends its request to us before it sends the visitor.
    pushes: bool = False

    def walk(self) -> None:
        """All that it does, and what it must refuse."""
        self._refuse_forged_answers()
        web = self.open_web()
        sent_to = self._check_request(self.connect(web))
        assert web.get(self.allow(sent_to)).status in (302, 303)
        first = web.get("/me")
        assert first.json.get("email") == ALICE, first
        before = self.spent()
        for _ in range(2):
            # Renewed each time, so what it kept the first time is what works the second.
            assert web.get("/me").json.get("email") == ALICE
        assert self.spent() >= before + 2
        assert web.post("/disconnect").status == 200
        assert self.is_ended()

    def _check_request(self, sent_to: str) -> str:
        """What it asks for is what the guide says: S256, state, the redirect URI as it is registered."""
        sent = {name: values[0] for name, values in parse_qs(urlsplit(sent_to).query).items()}
        assert sent_to.startswith(self.server.url + "/oauth/authorize?"), sent_to
        if self.pushes:
            assert sent.keys() == {"client_id", "request_uri"} and sent["client_id"] == self.client_id
            return sent_to
        assert sent["code_challenge_method"] == "S256" and len(sent["code_challenge"]) == 43
        assert len(sent["state"]) > 15
        assert sent["redirect_uri"] == self.redirect_uri and sent["client_id"] == self.client_id
        return sent_to

    def _refuse_forged_answers(self) -> None:
        """An answer to another request, or from another server, is none to its own."""
        own_iss = "&iss=" + quote(self.server.url, safe="")
        forgeries = [lambda answer: answer.replace("state=", "state=x")]
        if self.compares_iss:
            forgeries.append(lambda answer: answer.replace(own_iss, "&iss=https%3A%2F%2Fother.example"))
        for forge in forgeries:
            web = self.open_web()
            came_back = self.allow(self.connect(web))
            forged = forge(came_back)
            assert forged != came_back
            refused = web.get(forged)
            assert refused.status >= 400 or "error" in (refused.location or ""), refused
            assert web.get("/me").json.get("email") is None

    def _tokens(self, *columns):
        with self.server.app.app_context():
            key = select(Client.key).where(Client.client_id == self.client_id).scalar_subquery()
            return db.session.execute(
                select(*columns)
                .select_from(RefreshToken)
                .join(TokenFamily, TokenFamily.id == RefreshToken.family_id)
                .where(RefreshToken.client_key == key)
                .order_by(RefreshToken.issued_at)
            ).all()

    def spent(self) -> int:
        """Returns how many refresh tokens it has used."""
        return sum(rotated_at is not None for (rotated_at,) in self._tokens(RefreshToken.rotated_at))

    def is_ended(self) -> bool:
        """Whether the last sign-in has no token that works any more."""
        return self._tokens(TokenFamily.revoked_at)[-1][0] is not None


def shorten_tokens(server: Server, client_id: str) -> None:
    """Let the app's access tokens run out at once."""
    with server.app.app_context():
        db.session.execute(update(Client).where(Client.client_id == client_id).values(access_token_lifetime=_SHORT))
        db.session.commit()
