"""What every test shares: an app on a migrated database of its own, emptied after each test."""

import pytest
from flask_migrate import upgrade

from app import create_app
from app.config import Settings
from app.extensions import db


@pytest.fixture(scope="session")
def database_url(tmp_path_factory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('database') / 'test.sqlite3'}"


@pytest.fixture(scope="session")
def settings(database_url) -> Settings:
    return Settings(
        database_url=database_url,
        secret_key="only-for-tests-" + "0" * 32,
        issuer="http://127.0.0.1:8000",
        # The cheapest argon2id, so that signing in does not dominate the suite.
        password_time_cost=1,
        password_memory_kib=8,
    )


@pytest.fixture(scope="session")
def app(settings):
    app = create_app(settings)
    app.testing = True
    with app.app_context():
        upgrade()
    return app


@pytest.fixture(autouse=True)
def _empty_tables(request):
    """Leave no row behind for the next test."""
    yield
    if "app" not in request.fixturenames:
        return
    with request.getfixturevalue("app").app_context():
        for table in reversed(db.metadata.sorted_tables):
            db.session.execute(table.delete())
        db.session.commit()
