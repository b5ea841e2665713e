"""Which page of a list an address asks for, and of how many."""

from pathlib import Path

from app.paging import count_pages, read_page
from tests.tables import each

_APP = Path(__file__).resolve().parent.parent / "app"


@each(
    ("text", "page"),
    [
        ("1", 1),
        ("7", 7),
        ("007", 7),
        ("100000", 100_000),
        ("999999999", 100_000),
        ("9" * 5000, 1),
        *((text, 1) for text in (None, "", "0", "-1", "+2", " 2", "2.0", "1_0", "\u0662", "\u00b2", "two", "\x00")),
    ],
)
def test_what_is_no_number_of_a_page_is_the_first(text, page):
    assert read_page(text) == page


@each(("total", "pages"), [(0, 1), (1, 1), (25, 1), (26, 2), (50, 2), (51, 3)])
def test_there_is_always_a_page(total, pages):
    assert count_pages(total, 25) == pages


def test_nobody_reads_a_page_or_counts_them_in_another_way():
    """Eight places did, and took seven different numbers for the last."""
    sources = {path.relative_to(_APP).as_posix(): path.read_text() for path in _APP.rglob("*.py")}
    assert [place for place, source in sources.items() if "type=int)" in source or "-(-" in source] == ["paging.py"]
