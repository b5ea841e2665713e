"""The rows of the table of Authlib's defaults: each is something stock Authlib does and this server must not.

A test that shows one is marked ``@row("its name")``. The marked tests also run against a textbook Authlib server
(``tests.stock.server``), where those of ``tests/stock/fails_on_stock.txt`` fail: that is how we know that they can see.
"""

import pytest

ROWS = {
    "pkce": "plain is the default; missing challenges are noticed at /token and of public clients only",
    "parallel redemption": "parallel redemptions of one code or refresh token all succeed",
    "replay": "a code or a rotated refresh token that comes back revokes nothing",
    "rotation": "off by default; a narrowed scope stays narrow; rotation kills a live access token",
    "authentication methods": "refresh, revocation, introspection and client credentials take client_secret_basic only",
    "client authentication": "refusals differ; two sets of credentials pass",
    "hostile values": "quotes, backslashes, line breaks, non-ASCII and foreign hosts end in a 500",
    "token parameters": "the query string is read, duplicates are taken, JSON half-works",
    "issuer": "request.url decides whether it is https",
    "required parameters": "redirect_uri and state may be missing",
    "unknown scope": "silently dropped",
    "error page": "JSON for an unknown client",
    "redirects": "302 without cache headers; errors without iss",
    "bearer errors": "not those of RFC 6750; a list of scopes means OR",
    "lifetimes": "ten days, and for ever",
    "revocation": "a wrong hint leaves the token alive; another client's token is an oracle",
    "logging": "DEBUG prints whole tokens",
}


def row(name: str) -> pytest.MarkDecorator:
    """Mark a test as one that shows this row of the table."""
    assert name in ROWS, f"There is no row {name!r}."
    return pytest.mark.row(name)


def register_row_marker(config: pytest.Config) -> None:
    """Make the marker known; for ``conftest`` files."""
    config.addinivalue_line("markers", "row(name): shows a row of the table of Authlib's defaults, see tests/stock")
