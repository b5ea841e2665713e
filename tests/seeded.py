"""The demonstration data on the running server, for every test that walks there. Loaded by ``conftest``."""

from copy import deepcopy

import pytest

from app.demonstration import seeds
from app.extensions import db
from tests.databases import KeptRows
from tests.server import Server


class SeedOnce:
    """Seeds an empty database. Later times it gets the rows of the first."""

    def __init__(self) -> None:
        self._kept: tuple[dict, KeptRows] | None = None

    def __call__(self) -> dict:
        """Returns what seeding said."""
        if self._kept is None:
            told = seeds.seed()
            db.session.commit()
            self._kept = told, KeptRows(db.engine, db.metadata)
        else:
            self._kept[1].put_back()
        return deepcopy(self._kept[0])


@pytest.fixture(scope="session")
def _seed_once() -> SeedOnce:
    return SeedOnce()


@pytest.fixture
def seeded(server: Server, _seed_once) -> dict:
    """What seeding the running server with the demonstration data said."""
    with server.app.app_context():
        return _seed_once()
