"""Pages whose views come late: their lists are true, and nobody who asks for one notices."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from threading import Barrier, Thread

import pytest

from app.http.application import Application
from app.http.doors import PAGE
from app.http.routes import Blueprint, LateView, RouteNotListed
from tests.http.route_lists import list_routes

_APP = Path(__file__).resolve().parents[2] / "app"
LATE = sorted(path.parent.name for path in _APP.glob("*/routes.txt"))


@pytest.mark.parametrize("package", LATE)
def test_the_list_says_what_the_decorators_say(package):
    folder = _APP / package
    assert (folder / "routes.txt").read_text() == list_routes(folder), "Run `python -m tests.http.route_lists`."


def test_every_late_view_is_where_the_list_says(app):
    for endpoint in list(app.view_functions):
        app.bring_view(endpoint)
        assert not isinstance(app.view_functions[endpoint], LateView), endpoint


def test_a_start_loads_no_view_that_is_late(tmp_path):
    program = "import sys, wsgi; print(*sys.modules)"
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db", "SECRET_KEY": "only-for-tests-" + "0" * 32}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "app.http.routes" in loaded
    lists = [(package, (_APP / package / "routes.txt").read_text()) for package in LATE]
    views = {
        f"app.{package}.{line.split()[2].rpartition('.')[0]}" for package, text in lists for line in text.splitlines()
    }
    assert views and not views & loaded


@pytest.fixture
def late(tmp_path, monkeypatch) -> Iterator[Blueprint]:
    """The blueprint of a package with one late view, whose module counts how often it is loaded."""
    package = tmp_path / "late_package"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from app.http.doors import PAGE\nfrom app.http.routes import Blueprint\nloads = []\n"
        "blueprint = Blueprint('late', __name__, door=PAGE, url_prefix='/late', late=True)\n"
    )
    (package / "routes.txt").write_text("GET,POST /one views.show first\nGET /two views.show_two\n")
    (package / "views.py").write_text(
        "import time\nfrom late_package import blueprint, loads\nloads.append(1)\ntime.sleep(0.05)\n"
        "@blueprint.route('/one', methods=['POST', 'GET'], endpoint='first')\ndef show(): return 'one'\n"
        "@blueprint.get('/two')\ndef show_two(): return 'two'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module("late_package").blueprint
    for name in ("late_package.views", "late_package"):
        sys.modules.pop(name, None)


def new_house(late: Blueprint) -> Application:
    house = Application("house", static_folder=None)
    house.register_blueprint(late)
    return house


def test_many_who_ask_first_at_once_get_the_page_and_load_it_once(late):
    house = new_house(late)
    assert isinstance(house.view_functions["late.first"], LateView)
    answers, begin = [], Barrier(8)

    def ask() -> None:
        begin.wait()
        house.bring_view("late.first")
        answers.append(house.view_functions["late.first"]())

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == ["one"] * 8 and sys.modules["late_package"].loads == [1]
    assert isinstance(house.view_functions["late.show_two"], LateView)
    assert house.view_functions["late.show_two"]() == "two"


def test_a_second_app_of_the_process_has_them_too(late):
    for _ in range(2):
        assert new_house(late).view_functions["late.first"]() == "one"


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("/three", {}),
        ("/two", {"methods": ["POST"]}),
        ("/two", {"endpoint": "other"}),
        ("/two", {"strict_slashes": True}),
    ],
)
def test_a_view_that_the_list_lacks_is_refused(late, rule, options):
    with pytest.raises(RouteNotListed, match=rule):
        late.route(rule, **options)(lambda: "")


def test_what_else_a_late_module_might_say_comes_too_late(late):
    new_house(late)
    with pytest.raises(AssertionError):
        late.before_request(lambda: None)


def test_a_blueprint_that_is_not_late_needs_no_list():
    assert Blueprint("early", "app.http", door=PAGE).deferred_functions == []
