"""The one way by which this server asks another: a small document or image from an https address that a stranger named.

:class:`app.fetch.fetching.Fetcher` is on the app's services. What it reaches the world by, :class:`app.fetch.network.Network`,
is its attribute: a test puts another object there, and no setting does.
"""

from app.fetch.errors import FetchBusy, FetchFailed, Why
from app.fetch.fetching import Fetched, Fetcher
from app.fetch.kinds import DOCUMENT, KEYS, LOGO, PROOF, STRANGERS_KEYS

__all__ = [
    "DOCUMENT",
    "KEYS",
    "LOGO",
    "PROOF",
    "STRANGERS_KEYS",
    "FetchBusy",
    "FetchFailed",
    "Fetched",
    "Fetcher",
    "Why",
]
