"""SECURITY.md says what stops whom, and each line names a test that is there and a place that is there."""

import re
from pathlib import Path

from tests.tables import each

_ROOT = Path(__file__).resolve().parent.parent
_PAGE = (_ROOT / "SECURITY.md").read_text()
_ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in _PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| wants to")
]
#: Whom the page must have a table for.
_ATTACKERS = (
    "A stranger on the network",
    "A malicious app",
    "The host of an app's document",
    "The owner of another app",
    "Who holds a stolen code, token or secret",
    "Somebody behind the same address",
    "A person on a shared browser",
    "Who finds a backup or a log",
    "A curious admin of an organization",
    "Somebody in the network",
)


def test_each_attacker_has_a_table():
    parts = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", _PAGE, re.MULTILINE | re.DOTALL))
    assert tuple(parts) == _ATTACKERS
    assert all(part.count("\n| ") >= 2 for part in parts.values())


@each("row", _ROWS, ids=lambda row: row[0][:50])
def test_each_line_is_full_and_what_it_names_is_there(row):
    assert len(row) == 4 and all(row)
    _want, _stop, places, shown = row
    for place in re.findall(r"`([^`]+)`", places):
        assert (_ROOT / place).exists(), place
    names = re.findall(r"`([^`]+)`", shown)
    assert names and shown == "<br>".join(f"`{name}`" for name in names)
    for name in names:
        path, _, function = name.partition("::")
        assert re.search(rf"^def {function}\(", (_ROOT / path).read_text(), re.MULTILINE), name


def test_no_test_that_is_named_needs_more_than_make_test():
    """What only `make test-fleet` runs would show nothing on an ordinary day."""
    assert "tests/fleet" not in _PAGE


def test_it_tells_where_to_report_and_what_the_reader_finds_there():
    assert "/.well-known/security.txt" in _PAGE and "SECURITY_CONTACT" in _PAGE
    assert "SECURITY.md" in (_ROOT / "README.md").read_text()
