"""Codes, tokens and secrets exist in plain text once: in the answer that issues them."""

import logging
import os
import re
from pathlib import Path

from sqlalchemy import select

from app.extensions import db
from tests.integrator import Integrator
from tests.stock.rows import row


def walk(client: Integrator, browser) -> list[str]:
    """Use every endpoint once, also with what comes back; what was issued."""
    code = client.code(browser)
    tokens = client.exchange(code).json
    renewed = client.refresh(tokens["refresh_token"]).json
    own = client.client_credentials(scope="memories:read").json
    client.me(renewed["access_token"])
    client.introspect(renewed["access_token"])
    client.revoke(own["access_token"])
    client.refresh(tokens["refresh_token"])
    client.exchange(code)
    credentials = [code, client.client_secret, client.code_verifier]
    for answer in (tokens, renewed, own):
        credentials += [value for name, value in answer.items() if name in ("access_token", "refresh_token")]
    assert len(credentials) == 8
    return credentials


@row("logging")
def test_no_log_line_holds_a_credential_at_any_level(notebook, signed_in, caplog):
    # Whatever anybody has set them to.
    for logger in (None, "app", "authlib"):
        caplog.set_level(logging.DEBUG, logger)
    issued = walk(notebook, signed_in)
    logged = [record.getMessage() for record in caplog.records]
    assert [line for line in logged if any(credential in line for credential in issued)] == []


def test_no_column_holds_a_credential(app, notebook, signed_in):
    """Authorization servers MUST NOT store clear text credentials (:rfc:`6819#section-5.1.4.1.3`)."""
    issued = walk(notebook, signed_in)
    cookies = [
        signed_in.client.get_cookie(name, "127.0.0.1").decoded_value for name in ("reliquary_browser", "reliquary")
    ]
    with app.app_context():
        stored = {
            table.name: str([tuple(each) for each in db.session.execute(select(table))])
            for table in db.metadata.sorted_tables
        }
    assert stored["oauth_access_tokens"] != "[]"
    for credential in [*issued, *cookies]:
        # Neither whole nor as the 64 digits behind the prefix.
        assert [name for name, text in stored.items() if credential[-64:] in text] == []


def test_a_digest_is_no_credential(app, notebook, signed_in):
    """Whoever reads the database can act for nobody."""
    tokens = notebook.tokens(signed_in)
    with app.app_context():
        digests = {
            table.name: list(db.session.scalars(select(table.c.digest)))
            for table in db.metadata.sorted_tables
            if "digest" in table.c
        }
    for digest in digests["oauth_access_tokens"] + digests["sessions"]:
        assert not notebook.is_alive(digest)
        assert not notebook.is_alive(f"rlq_at_{digest}")
    for digest in digests["oauth_refresh_tokens"]:
        assert notebook.refresh(f"rlq_rt_{digest}").json["error"] == "invalid_grant"
    for digest in digests["client_secrets"]:
        assert notebook.client_credentials(client_id=notebook.client_id).status_code == 200
        notebook.client_secret = f"rlq_cs_{digest}"
        assert notebook.client_credentials().status_code == 401
    assert notebook.is_alive(tokens["access_token"])


def test_what_is_shown_of_a_credential_is_its_last_four_characters(app, notebook, signed_in):
    """Of a client's secret alone: nobody is shown a token, so nothing of one is kept but its digest."""
    notebook.tokens(signed_in)
    with app.app_context():
        hints = {
            table.name: list(db.session.scalars(select(table.c.hint)))
            for table in db.metadata.sorted_tables
            if "hint" in table.c
        }
    assert {name: kept for name, kept in hints.items() if kept} == {"client_secrets": [notebook.client_secret[-4:]]}


def test_authlib_is_never_told_that_plain_http_is_safe():
    """Its switch would hold for every address, not for loopback alone."""
    assert "AUTHLIB_INSECURE_TRANSPORT" not in os.environ
    root = Path(__file__).resolve().parents[2]
    sources = [*(root / "app").rglob("*.py"), root / "wsgi.py"]
    assert [path for path in sources if re.search("AUTHLIB_INSECURE_TRANSPORT", path.read_text())] == []
