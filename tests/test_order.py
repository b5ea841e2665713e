"""The order in which several processes run the tests loses none, and begins with what would be missed at the end."""

from types import SimpleNamespace

from tests.order import put_in_order


def _item(nodeid: str, browses: bool = False):
    return SimpleNamespace(nodeid=nodeid, get_closest_marker=lambda name: browses and name == "browser")


def test_who_browses_begins_the_first_part_and_who_waits_the_second():
    items = [_item("tests/api/test_x.py::1"), _item("tests/journeys/test_x.py::1", browses=True)]
    items += [_item(f"tests/oauth/test_x.py::{number}") for number in range(5)]
    items += [_item("tests/robustness/test_x.py::1"), _item("tests/worker/test_x.py::1")]
    order = put_in_order(items, 3)
    assert sorted(map(id, order)) == sorted(map(id, items))
    assert [item.nodeid.split("/")[1] for item in order] == [
        *("journeys", "api", "oauth"),
        *("robustness", "worker", "oauth"),
        *("oauth", "oauth", "oauth"),
    ]


def test_more_that_browse_than_belong_into_one_part_stay_together():
    items = [_item(f"tests/journeys/test_x.py::{number}", browses=True) for number in range(4)]
    items += [_item("tests/worker/test_x.py::1"), _item("tests/api/test_x.py::1")]
    assert [item.nodeid.split("/")[1] for item in put_in_order(items, 6)] == [*["journeys"] * 4, "worker", "api"]
