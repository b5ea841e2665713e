"""What does not come in, and why: each is named to whoever brought it."""

from enum import Enum

from msgspec import Struct

from app.memories.importing.bounds import DEEPEST, LARGEST_ITEM, LARGEST_NOTE, MOST_PICKS, MOST_RATIO
from app.sentences import _

_MB = 1024 * 1024


class Reason(Enum):
    """Why something is left out. The value is what is kept of it."""

    KNOWN = "known"
    CHANGED = "changed"
    TWICE = "twice"
    EMPTY = "empty"
    NOT_TEXT = "not_text"
    OTHER_KIND = "other_kind"
    TABLE = "table"
    PROGRAM = "program"
    ABOUT = "about"
    COPY = "copy"
    UNKNOWN_JSON = "unknown_json"
    BROKEN = "broken"
    DAMAGED = "damaged"
    LARGE = "large"
    LARGE_ITEM = "large_item"
    DEEP = "deep"
    CLIMBS = "climbs"
    LINK = "link"
    ENCRYPTED = "encrypted"
    PACKED = "packed"
    RATIO = "ratio"
    NESTED = "nested"
    NAME_TAKEN = "name_taken"
    MORE_PICKS = "more_picks"


#: What a page says of each.
SENTENCES = {
    Reason.KNOWN: _("You have it already."),
    Reason.CHANGED: _("You have it, and have changed it since; yours stays as it is."),
    Reason.TWICE: _("The same is in this upload twice; it comes in once."),
    Reason.EMPTY: _("There are no words in it."),
    Reason.NOT_TEXT: _("It is no text."),
    Reason.OTHER_KIND: _("Only Markdown and text come in."),
    Reason.TABLE: _("It is a table; pages come in one by one."),
    Reason.PROGRAM: _("It belongs to a program or a system, and is no note."),
    Reason.ABOUT: _("It is about your account there, or repeats what the conversations say."),
    Reason.COPY: _("The same is in the JSON of this archive, which is read instead."),
    Reason.UNKNOWN_JSON: _("It is JSON of a kind that is not known here."),
    Reason.BROKEN: _("Its JSON is broken at this place."),
    Reason.DAMAGED: _("It is damaged."),
    Reason.LARGE: _("It is larger than %(most)s MB.", most=LARGEST_NOTE // _MB),
    Reason.LARGE_ITEM: _("It is too large for one memory: %(most)s MB is the most.", most=LARGEST_ITEM // _MB),
    Reason.DEEP: _("It lies in more than %(most)s folders.", most=DEEPEST),
    Reason.CLIMBS: _("Its path leads out of the archive."),
    Reason.LINK: _("It is a link, or no file at all."),
    Reason.ENCRYPTED: _("It is locked with a password."),
    Reason.PACKED: _("It is packed in a way that is not known here."),
    Reason.RATIO: _("It unpacks to more than %(most)s times its size.", most=MOST_RATIO),
    Reason.NESTED: _("It lies in too many archives."),
    Reason.NAME_TAKEN: _("You have a memento of this name; yours stays as it is."),
    Reason.MORE_PICKS: _(
        "More was picked in this memento than comes in: it gets the first %(most)s, and what it lacks can be picked"
        " again.",
        most=f"{MOST_PICKS:,}",
    ),
}


class Skip(Struct, frozen=True):
    """One thing that is left out, by the name that whoever brought it knows it by."""

    name: str
    reason: Reason


class UnusableUpload(Exception):
    """Nothing of an upload can come in, or nothing more. The message is a sentence for whoever brought it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
