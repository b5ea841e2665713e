"""What only runs before a release is there when it is asked for."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parent
#: From what lives longest to what is made anew for each test.
_SCOPES = ("session", "package", "module", "class", "function")


def test_what_runs_before_a_release_finds_all_that_it_asks_for(request):
    """Its fixtures are everybody's: who renames one hears of it now."""
    package = request.node.getparent(pytest.Package)
    items = [item for name in ("fleet", "elsewhere") for item in _collect(_package_in(package, name))]
    files = {path for name in ("fleet", "elsewhere") for path in (_TESTS / name).glob("test_*.py")}
    assert {item.path for item in items} == files
    assert [f"{item.nodeid}: {wrong}" for item in items for wrong in _find_wrong(item)] == []


@pytest.mark.parametrize(
    ("wanting", "wrong"),
    [
        ("def test_it(nothing_of_this_name): pass", ["there is no nothing_of_this_name"]),
        (
            "import pytest\n@pytest.fixture\ndef one(nothing_of_this_name): pass\ndef test_it(one): pass",
            ["there is no nothing_of_this_name"],
        ),
        (
            "import pytest\n@pytest.fixture\ndef brief(): pass\n@pytest.fixture(scope='module')\n"
            "def lasting(brief): pass\ndef test_it(lasting): pass",
            ["lasting, which is one for a whole module, asks for brief"],
        ),
        ("import pytest\n@pytest.mark.parametrize('one', [1])\ndef test_it(one, request, tmp_path): pass", []),
    ],
    ids=["no such fixture", "no such fixture of a fixture", "a fixture that is gone earlier", "nothing wrong"],
)
def test_what_is_not_there_is_seen(request, tmp_path, monkeypatch, wanting, wrong):
    # Pytest puts the folder there.
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = tmp_path / f"test_{request.node.callspec.id.replace(' ', '_')}.py"
    path.write_text(wanting)
    module = pytest.Module.from_parent(request.node.getparent(pytest.Package), path=path)
    assert [wrong for item in _collect(module) for wrong in _find_wrong(item)] == wrong


def _package_in(package: pytest.Package, name: str) -> pytest.Package:
    return pytest.Package.from_parent(package, path=_TESTS / name)


def _collect(collector: pytest.Collector) -> Iterator[pytest.Item]:
    """Yields what pytest would run, without a pytest of its own, which would import all of the tests once more."""
    report = collector.ihook.pytest_make_collect_report(collector=collector)
    assert not report.failed, report.longrepr
    for one in report.result:
        yield from _collect(one) if isinstance(one, pytest.Collector) else [one]


def _find_wrong(item: pytest.Item) -> Iterator[str]:
    """Yields why its fixtures could not be made."""
    known = item._fixtureinfo.name2fixturedefs
    yield from (f"there is no {name}" for name in item.fixturenames if name not in known and name != "request")
    for name, fixtures in known.items():
        for place, fixture in enumerate(fixtures):
            for asked in fixture.argnames:
                # One that asks for its own name means the one that it replaces.
                found = fixtures[:place] if asked == name else known.get(asked)
                if found and _SCOPES.index(found[-1].scope) > _SCOPES.index(fixture.scope):
                    yield f"{name}, which is one for a whole {fixture.scope}, asks for {asked}"
