"""The two mementos everybody has. They have no row: a choice of one of them is stored by its id."""

from msgspec import Struct

from app.sentences import _


class BuiltInMemento(Struct, frozen=True):
    """``id`` is what is stored and sent, ``name`` and ``explanation`` are what a person reads."""

    id: str
    name: str
    explanation: str


ALL = BuiltInMemento(
    id="all",
    name=_("Everything"),
    explanation=_("All your memories from every source, also what you add or connect later."),
)
NONE = BuiltInMemento(
    id="none",
    name=_("Nothing yet"),
    explanation=_("The app is connected but sees none of your memories until you choose some for it."),
)

#: In lower case. A memento of a person's own under such a name would be mistaken for a built-in one.
RESERVED_NAMES = frozenset({"all", "none", "everything", "nothing", "nothing yet"})
