"""The people of an organization, found by name or address, a page at a time; and who is invited."""

from collections.abc import Mapping

from msgspec import Struct

from app.accounts.invitations import list_open_invitations
from app.accounts.members import Member, list_members
from app.accounts.models import Invitation
from app.folding import holds

PAGE_SIZE = 25
_MOST_QUERY_LENGTH = 254


class MemberListing(Struct, frozen=True):
    """One page of the list: ``rows`` of the ``total`` that the query finds. Pages count from 1.

    ``invited`` are the first of the open invitations that it finds, and ``more_invited`` how many follow.
    """

    query: str
    rows: list[Member]
    total: int
    page: int
    invited: list[Invitation]
    more_invited: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


def read_members(organization_id: str, asked: Mapping[str, str]) -> MemberListing:
    """Returns those whose name or address holds ``q``, and of them the page that is asked for.

    Of an invitation it is what says for whom it is.
    """
    query, page = asked.get("q", "").strip()[:_MOST_QUERY_LENGTH], asked.get("page", "")
    found = [
        member
        for member in list_members(organization_id)
        if not query or holds(member.name, query) or query.casefold() in member.email.casefold()
    ]
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    number = max(1, min(number, -(-len(found) // PAGE_SIZE)))
    rows = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    invited = [one for one in list_open_invitations(organization_id) if not query or holds(one.label, query)]
    return MemberListing(query, rows, len(found), number, invited[:PAGE_SIZE], max(0, len(invited) - PAGE_SIZE))
