"""What is read for one token: its own family, however many other consents have, and whatever the planner guesses."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from app import clock
from app.consents.models import Consent
from app.database.connections import Connection
from app.extensions import db
from app.oauth.tokens.family import TokenFamily
from tests.databases import BACKEND

pytestmark = [
    pytest.mark.database,
    pytest.mark.skipif(BACKEND != "postgresql", reason="SQLite begins at the token, and counts no reads."),
]

_READS = "SELECT pg_stat_get_xact_numscans('ix_oauth_families_grant_id'::regclass)"


@pytest.fixture
def tokens(app, browser, alice, notebook):
    """Tokens among a dozen consents with thirty families each, all of which the planner knows."""
    browser.enter(alice)
    tokens = notebook.tokens(browser)
    with app.app_context():
        first = db.session.execute(db.select(Consent.__table__)).mappings().one()
        others = [{**first, "grant_id": f"grant_{number}", "installation": str(number)} for number in range(11)]
        db.session.execute(insert(Consent.__table__), others)
        family = {"issued_at": clock.now() - timedelta(days=1), "names_profile": True}
        families = [{**family, "grant_id": consent["grant_id"]} for consent in (first, *others) for _ in range(30)]
        db.session.execute(insert(TokenFamily), families)
        db.session.commit()
        db.session.execute(text("ANALYZE"))
        db.session.commit()
    return tokens


@pytest.fixture
def by_consent(tokens, monkeypatch):
    """The statements that read families by their consent, as they are sent."""
    found: list[str] = []
    execute = Connection._execute

    def noting(self, compiled, values):
        before = self._driver.execute(_READS).fetchone()[0]
        answer = execute(self, compiled, values)
        if self._driver.execute(_READS).fetchone()[0] > before:
            found.append(compiled.sql)
        return answer

    monkeypatch.setattr(Connection, "_execute", noting)
    return found


def test_a_refresh_reads_one_family(app, notebook, tokens, by_consent):
    app.extensions["services"].seen_clients._known.clear()
    again = notebook.refresh(tokens["refresh_token"])
    assert again.status_code == 200 and notebook.refresh(again.json["refresh_token"]).status_code == 200
    assert not by_consent


def test_so_does_the_exchange_of_a_code(app, browser, notebook, by_consent):
    app.extensions["services"].seen_clients._known.clear()
    assert [notebook.exchange(notebook.code(browser)).status_code for _ in range(2)] == [200, 200]
    assert not by_consent
