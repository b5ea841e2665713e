"""What load balancers and supervisors ask."""

import pytest

from app import create_app
from app.config import Settings
from tests.tables import each


def test_a_running_process_is_up(app):
    response = app.test_client().get("/healthz")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_a_process_whose_database_answers_is_ready(app):
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


@each("path", ["/healthz", "/readyz", "/healthz/", "/readyz/"])
def test_health_is_not_cached_and_sets_no_cookie(app, path):
    response = app.test_client().get(path)
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers


def test_a_process_without_its_database_is_up_and_not_ready(app_without_database):
    client = app_without_database.test_client()
    assert client.get("/healthz").status_code == 200
    response = client.get("/readyz")
    assert (response.status_code, response.json) == (
        503,
        {"status": "unavailable", "reason": "the database is away"},
    )


def test_what_the_database_said_stays_in_the_log(app_without_database, caplog):
    assert "127.0.0.1" not in app_without_database.test_client().get("/readyz").text
    assert "The database does not answer" in caplog.text


@pytest.fixture(scope="module")
def app_without_database():
    # Port 1 refuses at once.
    return create_app(Settings("postgresql+psycopg://nobody@127.0.0.1:1/none", "0" * 32, "http://127.0.0.1:8000"))
