"""The database that is full of tokens is one that the app could have filled."""

import pytest
from sqlalchemy import func, inspect, select

from app import clock
from app.consents.models import Consent
from app.extensions import db
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken
from benchmarks.many_tokens import fill

pytestmark = pytest.mark.database


@pytest.fixture
def filled(app, notebook):
    with app.app_context():
        before = _indexes()
    fill(app, notebook.client_id, 1000)
    return before


def test_every_family_has_a_token_of_each_kind_and_a_consent(app, filled):
    with app.app_context():
        for kind in (AccessToken, RefreshToken):
            joined = select(func.count()).select_from(kind).join(TokenFamily, TokenFamily.id == kind.family_id)
            assert db.session.scalar(select(func.min(kind.expires_at))) > clock.now()
            assert db.session.scalar(joined.join(Consent, Consent.grant_id == TokenFamily.grant_id)) == 1000
        assert db.session.scalar(select(func.count()).select_from(TokenFamily)) == 1000
        assert db.session.scalar(select(func.count()).select_from(Consent)) == 10


def test_no_index_is_lost(app, filled):
    with app.app_context():
        assert _indexes() == filled


def _indexes():
    tables = (AccessToken, RefreshToken, TokenFamily)
    return {
        (table.__tablename__, index["name"], *index["column_names"])
        for table in tables
        for index in inspect(db.engine).get_indexes(table.__tablename__)
    }
