"""What tests of the grants share."""

from collections.abc import Callable
from typing import Any

import pytest

from app import create_app
from app.database.access import expect_writes
from app.extensions import db


@pytest.fixture
def there(app):
    """Acts in another process on the same database, as far as what it keeps in its memory goes."""
    other = create_app(app.extensions["services"].settings)
    other.extensions["services"].notes.have_threads = False

    def act(do: Callable[[], Any]) -> None:
        with other.app_context(), expect_writes():
            do()
            db.session.commit()

    act.app = other
    yield act
    with other.app_context():
        db.engine.dispose()
