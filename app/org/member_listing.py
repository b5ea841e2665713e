"""The people of an organization, found by name or address, a page at a time."""

from collections.abc import Mapping

from msgspec import Struct

from app.accounts.members import Member, list_members
from app.folding import holds

PAGE_SIZE = 25
_MOST_QUERY_LENGTH = 254


class MemberListing(Struct, frozen=True):
    """One page of the list: ``rows`` of the ``total`` that the query finds. Pages count from 1."""

    query: str
    rows: list[Member]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


def read_members(organization_id: str, asked: Mapping[str, str]) -> MemberListing:
    """Returns those whose name or address holds ``q``, and of them the page that is asked for."""
    query, page = asked.get("q", "").strip()[:_MOST_QUERY_LENGTH], asked.get("page", "")
    found = [
        member
        for member in list_members(organization_id)
        if not query or holds(member.name, query) or query.casefold() in member.email.casefold()
    ]
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    number = max(1, min(number, -(-len(found) // PAGE_SIZE)))
    return MemberListing(query, found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE], len(found), number)
