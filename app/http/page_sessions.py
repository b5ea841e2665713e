"""The signed cookie by which we know a person's browser again, for the doors that people come in by."""

from typing import Any

from flask import Flask, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer

from app.database.access import may_note
from app.http.direct.signed_cookie import CookieSigner
from app.http.incoming import IncomingRequest


class PageSessions(SecureCookieSessionInterface):
    """Flask's signed cookie for people; nothing at all for programs."""

    #: The keys, and what signs with them.
    _signs: tuple[tuple[Any, ...], URLSafeTimedSerializer | None] | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Returns Flask's for the app's keys, with a signer of ours. Making it takes as long as reading a cookie by it."""
        keys = (app.secret_key, *(app.config["SECRET_KEY_FALLBACKS"] or ()))
        if (signs := self._signs) is None or signs[0] != keys:
            serializer = super().get_signing_serializer(app)
            if serializer is not None:
                serializer.signer = CookieSigner
            self._signs = signs = keys, serializer
        return signs[1]

    def open_session(  # type: ignore[override]
        self, app: Flask, request: IncomingRequest
    ) -> SessionMixin | None:
        """Returns what the cookie holds, or what takes nothing in where the door has no session."""
        if not request.door.has_session:
            return self.make_null_session(app)
        opened = super().open_session(app, request)
        if opened is not None:
            # Earlier versions kept the origins of apps here.
            opened.pop("redirect_origins", None)
        return opened

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookie if it has changed."""
        # A HEAD has no effect: it would take away a notice that nobody has read.
        if not self.is_null_session(session) and may_note():
            super().save_session(app, session, response)
