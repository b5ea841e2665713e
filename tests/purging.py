"""What ``flask purge`` does, in the test's own process."""

from flask import Flask

from app.extensions import db
from app.purge.run import Purge


def purge(app: Flask) -> dict[str, int]:
    """Delete all that has expired; how many rows of each table."""
    with app.app_context():
        engine = db.engine
    deleted, is_done = Purge(engine, app.extensions["services"].settings, lambda _seconds: True, app.app_context).run(
        everything=True
    )
    assert is_done
    return deleted
