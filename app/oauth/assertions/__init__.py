"""Clients that sign who they are (``private_key_jwt``, :rfc:`7523#section-2.2`), from a request to an authenticated client."""

from app.oauth.assertions.authentication import authenticate_by_assertion
from app.oauth.assertions.reading import claimed_by_assertion

__all__ = ["authenticate_by_assertion", "claimed_by_assertion"]
