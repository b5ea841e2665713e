"""What an assistant searches for, and where."""

from typing import Annotated

from msgspec import Struct

from app.memories.records import find_integration
from app.operations.caller import Caller
from app.operations.fields import Text
from app.operations.memories import Wanted
from app.operations.narrowing import Cursor, From, Limit, Tag, To
from app.operations.patterns import IDENTIFIER
from app.operations.refusals import invalid_field

_OF_MEMENTO = Text(
    most=40,
    pattern=IDENTIFIER,
    hint="Must be the id of a memento, as list_mementos tells it.",
    about="Only memories in this memento: an id that list_mementos tells.",
)
_OF_INTEGRATION = Text(
    most=40,
    pattern=IDENTIFIER,
    hint="Must be an integration_id, as results tell it.",
    about="Only memories of this source: an integration_id that results tell.",
)


class Search(Struct, frozen=True, kw_only=True):
    """What to look for, and where."""

    query: Annotated[
        str,
        Text(
            most=500,
            about="Words to look for, the best match first; words in quotation marks must stand together. Left out, the"
            " newest memories are listed.",
        ),
    ] = ""
    memento: Annotated[str | None, _OF_MEMENTO] = None
    integration: Annotated[str | None, _OF_INTEGRATION] = None
    tag: Tag = None
    begin: From = None
    end: To = None
    limit: Limit = 10
    cursor: Cursor = None

    def wanted(self) -> Wanted:
        """Returns what the operation is asked for."""
        return Wanted(
            q=self.query,
            memento=self.memento,
            integration=self.integration,
            tag=self.tag,
            begin=self.begin,
            end=self.end,
            limit=self.limit,
            cursor=self.cursor,
        )


def demand_findable(caller: Caller, search: Search) -> None:
    """Raises a ``validation_failed`` for what finds nothing whatever is kept: an assistant would take that for the truth.

    It is a memento or a source that is not open, or a time that ends before it begins.
    """
    if search.begin is not None and search.end is not None and search.end <= search.begin:
        sentence = "Must be later than 'from': what was created on one day is from that day to the next."
        raise invalid_field("to", "too_early", sentence)
    known = caller.mementos if caller.user_id is not None else []
    if search.memento is not None and search.memento not in known:
        sentence = "No memento with this id is open to you; list_mementos tells those that are."
        raise invalid_field("memento", "unknown", sentence)
    source = search.integration
    if source is not None and find_integration(caller.session, caller.reach, source) is None:
        raise invalid_field("integration", "unknown", "No source with this integration_id is open to you.")
