"""The fields by which lists of memories are narrowed and read page by page, for the operations that have them."""

from datetime import datetime
from typing import Annotated

from app.operations.fields import Instant, Integer, Text
from app.operations.patterns import IDENTIFIER

MementoId = Annotated[
    str | None,
    Text(
        most=40,
        pattern=IDENTIFIER,
        hint="Must be the id of a memento.",
        about="Only memories in the memento with this id; 'all' is everything.",
    ),
]
IntegrationId = Annotated[
    str | None,
    Text(
        most=40,
        pattern=IDENTIFIER,
        hint="Must be the id of an integration.",
        about="Only memories of the integration with this id, which is neither its kind nor its name.",
    ),
]
Tag = Annotated[str | None, Text(most=60, about="Only memories that have this tag.")]
From = Annotated[datetime | None, Instant(name="from", about="Only memories created then or later.")]
To = Annotated[datetime | None, Instant(name="to", about="Only memories created before.")]
Limit = Annotated[int, Integer(least=1, most=100, about="How many at most.")]
Cursor = Annotated[str | None, Text(most=4000, about="The next_cursor of the page before.")]
