"""A long list comes a page at a time: which one an address asks for, and of how many."""

#: No list has more pages, and what a database is to skip stays a small number.
_LAST_PAGE = 100_000


def read_page(text: str | None) -> int:
    """Returns the number of a page, counted from 1; the first for whatever is none."""
    if text and text.isascii() and text.isdigit() and len(text) < 10:
        return min(max(1, int(text)), _LAST_PAGE)
    return 1


def name_page(text: str | None) -> int | None:
    """Returns what an address says to lead back to the page of such a text: nothing for the first."""
    return page if (page := read_page(text)) > 1 else None


def count_pages(total: int, size: int) -> int:
    """Returns how many pages of this ``size`` hold so many things; one page, be it empty, there always is."""
    return max(1, -(-total // size))
