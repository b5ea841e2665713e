"""What Acme Pocket does with the server: ask for access, redeem the code, call the API, refresh, let go."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct, field
from msgspec.structs import replace

from app.demonstration.pocket.held import Held
from app.demonstration.pocket.place import CALLBACK_PATH, CLIENT_ID
from app.demonstration.pocket.wire import Call, call

SCOPE = "memories:read memories:write profile"
_TOKEN = "/oauth/token"
_MEMORIES = "/api/v1/memories/"
#: How many memories a page of it shows.
MOST_SHOWN = 5


class Connection(Struct):
    """One page's dealings with the server: ``held`` changes with what it says, ``calls`` are all that were made."""

    issuer: str
    held: Held
    calls: list[Call] = field(default_factory=list)

    @property
    def is_made(self) -> bool:
        """Whether somebody has let the app in; whether it still is, only the server knows."""
        return bool(self.held.access_token)

    def begin(self) -> str:
        """Returns the address to which the person is sent, where they decide (:rfc:`6749#section-4.1.1`)."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        self.held = replace(self.held, state=state, verifier=verifier, said="")
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self._redirect_uri,
            "scope": SCOPE,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.issuer}/oauth/authorize?{urlencode(asked)}"

    def finish(self, answer: Mapping[str, str]) -> None:
        """Take what came back with the person, and redeem the code in it. Raises ``Unreachable``."""
        held, self.held = self.held, replace(self.held, state="", verifier="")
        is_ours = bool(held.state) and hmac.compare_digest(answer.get("state", "").encode(), held.state.encode())
        # Not an answer of another server's (RFC 9207).
        if not is_ours or answer.get("iss") != self.issuer:
            self.held = replace(self.held, said="strange")
        elif "code" not in answer:
            said = "cancelled" if answer.get("error") == "access_denied" else "refused"
            self.held = replace(self.held, said=said)
        else:
            self._redeem(answer["code"], held.verifier)

    def ask_about_person(self) -> dict[str, Any]:
        """Returns whom the token speaks for and what it was allowed; empty when the server does not say."""
        return self._data(self._call_api("GET", "/api/me/"))

    def search(self, words: str) -> list[dict[str, Any]]:
        """Returns the memories that fit best, or without words the newest."""
        asked = {"q": words} if words else {}
        found = self._call_api("GET", f"{_MEMORIES}?{urlencode({**asked, 'limit': MOST_SHOWN})}")
        memories: list[dict[str, Any]] = self._data(found).get("data", [])
        return memories

    def keep(self, title: str, text: str, once: str) -> Call:
        """Add a memory. ``once`` stands for this one note, so that it is kept once however often it is sent."""
        note = {"title": title, "text": text, "tags": ["acme pocket"]}
        return self._call_api("POST", _MEMORIES, document=note, headers={"Idempotency-Key": once})

    def let_go(self) -> None:
        """Give the tokens back (:rfc:`7009`) and forget them."""
        if self.held.refresh_token:
            form = {"token": self.held.refresh_token, "client_id": CLIENT_ID}
            self.calls.append(call(self.issuer, "POST", "/oauth/revoke", form=form))
        self.held = Held(said="forgotten")

    @property
    def _redirect_uri(self) -> str:
        return self.issuer + CALLBACK_PATH

    def _redeem(self, code: str, verifier: str) -> None:
        told = self._ask_for_tokens(
            grant_type="authorization_code", code=code, redirect_uri=self._redirect_uri, code_verifier=verifier
        )
        if not told:
            self.held = replace(self.held, said="refused")

    def _ask_for_tokens(self, **form: str) -> bool:
        made = call(self.issuer, "POST", _TOKEN, form={**form, "client_id": CLIENT_ID})
        self.calls.append(made)
        told = self._data(made)
        if made.status != 200:
            return False
        names = ("access_token", "refresh_token", "grant_id")
        self.held = replace(self.held, said="", **{name: str(told.get(name, "")) for name in names})
        return True

    def _call_api(self, method: str, path: str, **more: Any) -> Call:
        """Call with the token; once more with a new one, when the server takes it no longer."""
        made = call(self.issuer, method, path, token=self.held.access_token, **more)
        self.calls.append(made)
        if made.status == 401 and self.held.refresh_token:
            refreshed = self._ask_for_tokens(grant_type="refresh_token", refresh_token=self.held.refresh_token)
            if refreshed:
                made = call(self.issuer, method, path, token=self.held.access_token, **more)
                self.calls.append(made)
        return made

    @staticmethod
    def _data(made: Call) -> dict[str, Any]:
        return made.data if made.status == 200 and isinstance(made.data, dict) else {}
