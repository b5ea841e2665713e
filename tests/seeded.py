"""The demonstration data on the running server, for every test that walks there. Loaded by ``conftest``."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.demonstration import seeds
from app.extensions import db
from tests.databases import KeptRows
from tests.server import Server


@pytest.fixture(scope="session")
def _seed_once() -> Callable[[Flask], dict]:
    """Seed the empty database of the running server. Later times it gets the rows of the first."""
    kept: list[tuple[dict, KeptRows]] = []

    def seed_once(app: Flask) -> dict:
        with app.app_context():
            if kept:
                kept[0][1].put_back()
            else:
                told = seeds.seed()
                db.session.commit()
                kept.append((told, KeptRows(db.engine, db.metadata)))
        return kept[0][0]

    return seed_once


@pytest.fixture
def seeded(server: Server, _seed_once) -> dict:
    """What seeding the running server with the demonstration data said."""
    return _seed_once(server.app)
