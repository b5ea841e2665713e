"""What tests need of the machine: databases, a running server, Chromium. Loaded as a pytest plugin by ``conftest``.

A test that needs what the machine lacks is skipped, with a reason that names what is missing.
"""

import gc
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from msgspec import structs
from sqlalchemy import make_url

from app import create_app
from app.config import FILE, find_setting_names
from app.database.access import EVERYTHING, set_access
from app.extensions import db
from tests.compiled import share_compiled
from tests.databases import (
    BACKEND,
    LOCALE,
    Cluster,
    KeptRows,
    copy_database,
    empty_tables,
    missing_postgresql,
    new_database,
)
from tests.document_hosts import DocumentHosts
from tests.forked.popen import share_names
from tests.migrated import bring_up_to_date, read_revisions_once, reflect_once, share_migrated
from tests.server import CHEAP_PASSWORDS, Server, running_server

#: Everything in the environment that the app or what serves it would obey.
SETTINGS = (
    *(name + end for name in find_setting_names() for end in ("", FILE)),
    "GUNICORN_CMD_ARGS",
    "FLASK_APP",
    "FLASK_DEBUG",
)

# A test that asks for one of these depends on a database.
_DATABASES = frozenset(
    ("database_url", "each_database_url", "sorted_database_url", "lasting_postgresql_url", "each_server", "each_app")
)
_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)
#: What a test that holds on both databases meets: in each run the one that the run is about, `make test` SQLite and
#: `make test-databases` PostgreSQL; before a release both.
_BOTH_BACKENDS = (
    ("sqlite", _POSTGRESQL) if os.environ.get("TEST_FLEET") else ("sqlite",) if BACKEND == "sqlite" else (_POSTGRESQL,)
)
#: Where text is searched, sorted, paged through by positions that the program compares too, or compared with what a
#: person typed: these tests run under each collation. Of the others a PostgreSQL by any one of them is enough.
COMPARES_TEXT = (
    *("tests/memories/", "tests/operations/", "tests/personal/mementos/", "tests/database/test_collation.py"),
    *(
        "tests/personal/activity/",
        "tests/personal/apps/test_views.py",
        "tests/personal/memories/",
        "tests/cli/test_clients.py",
    ),
    *("tests/directory/", "tests/personal/never_shared/"),
    *(f"tests/accounts/test_{name}.py" for name in ("organizations", "sign_in", "sign_up", "users")),
    *(
        f"tests/api/test_{name}.py"
        for name in (
            *("changing_memories", "deletions", "documents", "integrations", "made_mementos", "mementos", "memories"),
            "never_shared",
            *("spelling", "spellings", "visible_words", "who_may_see_what"),
        )
    ),
    *(f"tests/org/test_{name}.py" for name in ("audit", "listing", "members", "people", "requests")),
    *("tests/database/test_running_version.py", "tests/oauth/journal/", "tests/guide/test_pages.py"),
)
_CHROMIUM_PROGRAMS = ("chromium-headless-shell", "chromium")
_CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page of ours that follows another takes its frame over, instead of having one made: a quarter of what a page costs.
    # The first feature is Playwright's own, whose list this replaces.
    "--enable-features=CDPScreenshotNewSurface,RenderDocument:level/crashed-frame",
    # A new tab is in the process of the one that stays open, which knows the scripts already.
    "--renderer-process-limit=1",
    # No page lives long enough for its scripts to be worth compiling a second and third time.
    "--js-flags=--no-opt --no-maglev",
    # Nothing but loopback is ever reached, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost",
)

#: What fades in and out is drawn again and again meanwhile.
_STILL = {"reduced_motion": "reduce"}

_cluster = pytest.StashKey[Cluster]()


# -- databases -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def database_url(pytestconfig, tmp_path_factory) -> Iterator[str]:
    """The database of ``app``: SQLite, or PostgreSQL with ``TEST_DATABASE=postgresql``. One a test process."""
    _skip_without(BACKEND)
    with new_database(BACKEND, pytestconfig.stash[_cluster], tmp_path_factory.mktemp("database")) as url:
        yield url


@pytest.fixture(params=_BOTH_BACKENDS)
def each_database_url(request, pytestconfig, tmp_path) -> Iterator[str]:
    """An empty database of the test's own; the test runs once on SQLite and once on PostgreSQL."""
    with new_database(request.param, pytestconfig.stash[_cluster], tmp_path) as url:
        yield url


@pytest.fixture
def sorted_database_url(pytestconfig, tmp_path) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own that sorts text as a person would, whatever the suite runs on."""
    with new_database("postgresql", pytestconfig.stash[_cluster], tmp_path, locale="icu:en-US") as url:
        yield url


@pytest.fixture(scope="module")
def lasting_postgresql_url(pytestconfig, tmp_path_factory) -> Iterator[str]:
    """A PostgreSQL database for all tests of a file, whatever the suite runs on. Each leaves it as it was."""
    with new_database("postgresql", pytestconfig.stash[_cluster], tmp_path_factory.mktemp("lasting")) as url:
        yield url


@pytest.fixture(scope="session")
def filled_once(pytestconfig, tmp_path_factory) -> Iterator[Callable]:
    """``filled_once(fill, url)``: the empty database gets what ``fill(url)`` puts into one; what that returned.

    It is called once for each kind of database, then copied, and must leave no connection open.
    """
    cluster = pytestconfig.stash[_cluster]
    with ExitStack() as kept:

        @cache
        def fill_one(fill: Callable, backend: str) -> tuple[str, object]:
            url = kept.enter_context(new_database(backend, cluster, tmp_path_factory.mktemp("filled")))
            return url, fill(url)

        def fill_by_copy(fill: Callable, url: str) -> object:
            source, returned = fill_one(fill, make_url(url).get_backend_name())
            copy_database(source, url, cluster)
            return returned

        yield fill_by_copy


@pytest.fixture(scope="session")
def apps_in_use() -> list[Flask]:
    """The applications whose databases are emptied after each test. Whoever makes a lasting one adds it."""
    return []


@pytest.fixture(autouse=True)
def _empty_tables(request, apps_in_use) -> Iterator[None]:
    """Leave no row behind for the next test."""
    yield
    if not {"app", "server", "each_server"}.intersection(request.fixturenames):
        return
    set_access(EVERYTHING)
    for app in apps_in_use:
        app.extensions["services"].limits.forget()
        with app.app_context():
            empty_tables(db.engine, db.metadata)


@pytest.fixture
def anew(app) -> Callable[..., AbstractContextManager[None]]:
    """``with anew(browser):`` for each line of a table: it ends with what was there before the first one.

    That is every row of ``app``, and the cookies of the browsers that are named.
    """
    kept: list[KeptRows] = []

    @contextmanager
    def anew(*browsers) -> Iterator[None]:
        if not kept:
            with app.app_context():
                kept.append(KeptRows(db.engine, db.metadata))
        before = [(browser.person, dict(browser.client._cookies)) for browser in browsers]
        try:
            yield
        finally:
            app.extensions["services"].limits.forget()
            for browser, (person, cookies) in zip(browsers, before, strict=True):
                browser.person, browser.client._cookies = person, cookies
            set_access(EVERYTHING)
            kept[0].put_back()

    return anew


# -- hosts of the internet -----------------------------------------------------------------------


@pytest.fixture(scope="session")
def _all_document_hosts() -> Iterator[DocumentHosts]:
    hosts = DocumentHosts()
    yield hosts
    hosts.close()


@pytest.fixture
def document_hosts(app, _all_document_hosts) -> Iterator[DocumentHosts]:
    """What ``app`` asks instead of the internet's hosts; empty at first."""
    fetcher = app.extensions["services"].fetcher
    before, fetcher.network = fetcher.network, _all_document_hosts
    yield _all_document_hosts
    fetcher.network = before
    _all_document_hosts.forget()


# -- a running server ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def server(_server_on) -> Server:
    """A real gunicorn with several workers, on a database of its own that is emptied after each test."""
    _skip_without(BACKEND)
    return _server_on(BACKEND)


@pytest.fixture(scope="session", params=_BOTH_BACKENDS)
def each_server(request, _server_on) -> Server:
    """Like ``server``; the test runs once on SQLite and once on PostgreSQL."""
    return _server_on(request.param)


@pytest.fixture(scope="session", params=_BOTH_BACKENDS)
def each_app(request, _app_on) -> Flask:
    """An application of the test's own process; the test runs once on SQLite and once on PostgreSQL."""
    return _app_on(request.param)


@pytest.fixture(scope="session")
def _app_on(pytestconfig, tmp_path_factory, apps_in_use, settings) -> Iterator[Callable[[str], Flask]]:
    with ExitStack() as kept:

        @cache
        def app_on(backend: str) -> Flask:
            directory = tmp_path_factory.mktemp(f"app-{backend}")
            url = kept.enter_context(new_database(backend, pytestconfig.stash[_cluster], directory))
            app = create_app(structs.replace(settings, database_url=url))
            app.testing = True
            app.extensions["services"].notes.have_threads = False
            bring_up_to_date(app)
            kept.callback(_let_go, app)
            apps_in_use.append(app)
            return app

        yield app_on


def _let_go(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def _server_on(pytestconfig, tmp_path_factory, apps_in_use) -> Iterator[Callable[[str], Server]]:
    with ExitStack() as running:

        @cache
        def server_on(backend: str) -> Server:
            directory = tmp_path_factory.mktemp(f"server-{backend}")
            url = running.enter_context(new_database(backend, pytestconfig.stash[_cluster], directory))
            server = running.enter_context(running_server(url, directory, application=CHEAP_PASSWORDS))
            apps_in_use.append(server.app)
            return server

        yield server_on


# -- Chromium ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium, as Playwright's ``Browser``. Open a context of your own in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_find_chromium(), args=list(_CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _profile(chromium):
    @cache
    def profile(**options):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}} | _STILL | options)
        context.set_default_timeout(10_000)
        # It stays open, and with it the process that shows the pages of all tabs.
        context.new_page()
        return context

    return profile


@pytest.fixture
def open_page(_profile):
    """Open a tab in a browser profile with these options, in which nothing has happened.

    Tests share a profile of the same options, one after the other: each leaves nothing in it but a cache of what the
    pages are made of. What a tab keeps, as its session storage, goes with it.
    """
    opened = []

    def open_page(**options):
        opened.append(_profile(**options))
        return opened[-1].new_page()

    yield open_page
    for context in opened:
        for tab in context.pages[1:]:
            tab.close()
        context.clear_cookies()


def _find_chromium() -> str | None:
    # Debian's Chromium without a window's worth of everything costs a third of the processor time.
    found = (shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/bin") for name in _CHROMIUM_PROGRAMS)
    return next(filter(None, found), None)


# -- pytest's hooks ------------------------------------------------------------------------------


def pytest_configure(config) -> None:
    # Nothing of what is imported and collected is garbage: pytest_collection_finish turns it on.
    gc.disable()
    # The settings of whoever runs the tests are not the tests'.
    for name in SETTINGS:
        os.environ.pop(name, None)
    if BACKEND not in ("sqlite", "postgresql"):
        raise pytest.UsageError(f"TEST_DATABASE is {BACKEND!r}; give sqlite or postgresql.")
    is_worker = hasattr(config, "workerinput")
    cluster = Cluster(Path(config.workerinput["cluster_directory"])) if is_worker else Cluster.in_new_directory()
    config.stash[_cluster] = cluster
    share_migrated(cluster)
    read_revisions_once()
    reflect_once()
    share_compiled(Path(cluster.directory) / "templates")
    share_names(Path(cluster.directory))
    if is_worker:
        return
    # A run that is told to end stops what it has started, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell an xdist worker which cluster it shares."""
    node.workerinput["cluster_directory"] = node.config.stash[_cluster].directory


def pytest_report_header() -> str:
    return f"database: {BACKEND}, PostgreSQL compares text by {LOCALE or 'code point'}"


def pytest_sessionfinish() -> None:
    # Pytest collects all garbage ten times when it ends, to hear of what fails then. What still stands is none.
    gc.freeze()


def pytest_unconfigure(config) -> None:
    if not hasattr(config, "workerinput") and _cluster in config.stash:
        config.stash[_cluster].stop()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items) -> None:
    no_postgresql = missing_postgresql()
    no_chromium = None if _find_chromium() else "Chromium not found; apt-get install chromium-headless-shell"
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
        needed = _DATABASES.intersection(getattr(item, "fixturenames", ()))
        if "sorted_database_url" in needed:
            item.add_marker(pytest.mark.postgresql)
        # What runs on SQLite whatever is asked for has run with the rest.
        if needed and "sqlite" not in getattr(getattr(item, "callspec", None), "params", {}).values():
            item.add_marker(pytest.mark.database)
            if item.nodeid.startswith(COMPARES_TEXT):
                item.add_marker(pytest.mark.compares_text)
            if BACKEND == "postgresql":
                item.user_properties.append(("locale", LOCALE))
        for need in ("browser", "postgresql"):
            if item.get_closest_marker(need):
                # For whoever reads the report and wants to know whether such tests have run.
                item.user_properties.append(("needs", need))
        if no_postgresql and item.get_closest_marker("postgresql"):
            item.add_marker(pytest.mark.skip(reason=no_postgresql))
        if no_chromium and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=no_chromium))


def pytest_collection_finish() -> None:
    # What has been imported and collected stays until the end; looking through it for garbage again and again took a
    # twelfth of the time of all tests.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    if "hypothesis" in sys.modules:
        # Once a process it collects all garbage, and looks through all objects for who refers to its random numbers.
        # Here is nothing to look through.
        from hypothesis.internal.entropy import deterministic_PRNG

        with deterministic_PRNG():
            pass
    # What tests leave behind has files open.
    gc.enable()


def _skip_without(backend: str) -> None:
    if backend == "postgresql" and (reason := missing_postgresql()):
        pytest.skip(reason)
