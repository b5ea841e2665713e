"""The people of an organization, found by name or address, a page at a time; and who is invited."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from app.accounts.invitations import list_open_invitations
from app.accounts.members import Member, count_members, list_members
from app.accounts.models import Invitation
from app.folding import holds
from app.paging import count_pages, read_page

PAGE_SIZE = 25
_MOST_QUERY_LENGTH = 254
Row = TypeVar("Row")


class Page(Struct, Generic[Row], frozen=True):
    """``rows`` of the ``total`` that there are. Pages count from 1."""

    rows: list[Row]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return count_pages(self.total, PAGE_SIZE)


class MemberListing(Struct, frozen=True):
    """A page of the members and one of the open invitations that the query finds."""

    query: str
    members: Page[Member]
    invited: Page[Invitation]

    @property
    def place(self) -> dict[str, str]:
        """Returns what an address says to come back to this very place."""
        said = {"q": self.query, "page": self.members.page, "invited": self.invited.page}
        return {name: str(value) for name, value in said.items() if value not in ("", 1)}


def read_members(organization_id: str, asked: Mapping[str, str]) -> MemberListing:
    """Returns those whose name or address holds ``q``, and of them the ``page`` that is asked for.

    Of an invitation it is what says for whom it is, and ``invited`` is the page.
    """
    query = asked.get("q", "").strip()[:_MOST_QUERY_LENGTH]
    members = _find_members(organization_id, query, asked) if query else _list_members(organization_id, asked)
    invited = [one for one in list_open_invitations(organization_id) if not query or holds(one.label, query)]
    return MemberListing(query, members, _cut(invited, asked.get("invited", "")))


def _list_members(organization_id: str, asked: Mapping[str, str]) -> Page[Member]:
    """An organization may have tens of thousands, of whom no more are read than are shown."""
    number = read_page(asked.get("page", ""))
    rows = list_members(organization_id, skip=(number - 1) * PAGE_SIZE, most=PAGE_SIZE + 1)
    if number == 1 and len(rows) <= PAGE_SIZE:
        return Page(rows, len(rows), 1)
    total = count_members(organization_id)
    last = count_pages(total, PAGE_SIZE)
    if number > last:
        number, rows = last, list_members(organization_id, skip=(last - 1) * PAGE_SIZE, most=PAGE_SIZE)
    return Page(rows[:PAGE_SIZE], total, number)


def _find_members(organization_id: str, query: str, asked: Mapping[str, str]) -> Page[Member]:
    found = [
        member
        for member in list_members(organization_id)
        if holds(member.name, query) or query.casefold() in member.email.casefold()
    ]
    return _cut(found, asked.get("page", ""))


def read_place(asked: Mapping[str, str]) -> dict[str, Any]:
    """Returns the part of an address that says where somebody was in the list, to lead back there."""
    return {name: asked[name][:_MOST_QUERY_LENGTH] for name in ("q", "page", "invited") if asked.get(name)}


def _cut(found: list[Row], page: str) -> Page[Row]:
    number = min(read_page(page), count_pages(len(found), PAGE_SIZE))
    return Page(found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE], len(found), number)
