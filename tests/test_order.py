"""The order in which several processes run the tests loses none, and begins with what would be missed at the end."""

from types import SimpleNamespace

from tests.order import put_in_order


def _item(nodeid: str, browses: bool = False, fixtures: tuple[str, ...] = (), **imported: object):
    return SimpleNamespace(
        nodeid=nodeid,
        get_closest_marker=lambda name: browses and name == "browser",
        fixturenames=fixtures,
        module=SimpleNamespace(**imported),
    )


def test_who_browses_who_starts_servers_and_who_waits_begin_a_part_each():
    items = [_item("tests/api/test_x.py::1"), _item("tests/journeys/test_x.py::1", browses=True)]
    items += [_item("tests/mail/test_smtp.py::1"), _item("tests/mcp/test_x.py::1", fixtures=("server",))]
    items += [_item(f"tests/oauth/test_x.py::{number}") for number in range(8)]
    order = put_in_order(items, 4)
    assert sorted(map(id, order)) == sorted(map(id, items))
    assert [item.nodeid.split("/")[1] for item in order] == [
        *("journeys", "api", "oauth"),
        *("mcp", "oauth", "oauth"),
        *("mail", "oauth", "oauth"),
        *("oauth", "oauth", "oauth"),
    ]
    assert [item.nodeid.split("/")[1] for item in put_in_order(items, 2)] == [
        *("journeys", "api", *["oauth"] * 4),
        *("mcp", "mail", *["oauth"] * 4),
    ]


def test_more_that_browse_than_belong_into_one_part_stay_together():
    items = [_item(f"tests/journeys/test_x.py::{number}", browses=True) for number in range(4)]
    items += [_item("tests/mail/test_smtp.py::1"), _item("tests/api/test_x.py::1", running_server=None)]
    assert [item.nodeid.split("/")[1] for item in put_in_order(items, 6)] == [*["journeys"] * 4, "api", "mail"]


def test_a_file_that_starts_servers_stays_whole():
    items = [_item(f"tests/api/test_x.py::{number}") for number in range(4)]
    items += [_item("tests/mcp/test_x.py::1"), _item("tests/mcp/test_x.py::2", fixtures=("server",))]
    items += [_item("tests/mcp/test_y.py::1"), _item("tests/mcp/test_z.py::1", running_server=None)]
    order = put_in_order(items, 4)
    assert [item.nodeid.removeprefix("tests/") for item in order] == [
        *("api/test_x.py::0", "api/test_x.py::1"),
        *("mcp/test_x.py::1", "mcp/test_x.py::2", "mcp/test_z.py::1"),
        *("api/test_x.py::2", "api/test_x.py::3", "mcp/test_y.py::1"),
    ]
