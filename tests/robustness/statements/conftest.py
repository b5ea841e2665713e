"""An app whose statements fail in turn, for journeys through all of it."""

import logging
from collections.abc import Iterator

import pytest

from app.extensions import db
from tests.api.conftest import ALL_SCOPES, Caller
from tests.org.conftest import leon, olive  # noqa: F401
from tests.protocol import register  # noqa: F401
from tests.robustness.statements.failing import Failing, Faults, watched
from tests.robustness.statements.journeys import JOURNEYS


@pytest.fixture
def is_told_once(pytestconfig) -> Iterator[None]:
    """The app's own log tells of each failure; to write it down three times more would take longer than the failure."""
    plugin = pytestconfig.pluginmanager.get_plugin("logging-plugin")
    told = [plugin.caplog_handler, plugin.report_handler, plugin.log_file_handler, plugin.log_cli_handler]
    levels = [handler.level for handler in told]
    for handler in told:
        handler.setLevel(logging.CRITICAL + 1)
    yield
    for handler, level in zip(told, levels, strict=True):
        handler.setLevel(level)


@pytest.fixture
def failing(app, monkeypatch, is_told_once) -> Iterator[Failing]:
    """Whoever asks the app from here on meets each failure first. Fixtures that write come before it."""
    faults = Faults(app.extensions["services"].settings.database_url.startswith("sqlite"))
    failing = Failing(app, faults)
    with app.app_context():
        # What other tests have left to be written down would be many statements of one page here.
        for notes in app.extensions["services"].notes._kinds.values():
            notes.flush_if_possible()
        db.engine.dispose()
    with watched(faults, monkeypatch):
        monkeypatch.setattr(app, "wsgi_app", failing)
        yield failing
    failing.close()
    with app.app_context():
        db.engine.dispose()
    print(f"{failing.requests} requests, {failing.failures} failures of a statement")


@pytest.fixture
def caller(app, notebook, browser, alice) -> Caller:
    """Acme Notebook with everything that Alice can allow."""
    browser.enter(alice)
    tokens = notebook.tokens(browser, scope=ALL_SCOPES)
    return Caller(app, tokens["access_token"], tokens["grant_id"], tokens["refresh_token"])


@pytest.fixture
def asks_what_it_says(request, failing):
    yield
    asked = {f"{endpoint} {method}" for endpoint, method in failing.visited if method not in ("HEAD", "OPTIONS")}
    missed = JOURNEYS[request.function.__name__] - asked
    assert not missed, f"The journey says that it asks {sorted(missed)}."
