"""A level of a person's memories, from which they choose what is never shared."""

from msgspec import Struct

from app.extensions import db
from app.memories.keeping_back import find_kept_back, list_kept_back_picks
from app.memories.mementos import list_integrations
from app.memories.picks import Pick, parse_pick
from app.memories.tree import list_level


class Line(Struct, frozen=True):
    """A source, a folder or a memory. ``count`` is None for a memory."""

    pick: Pick
    name: str
    count: int | None
    is_kept_back: bool


class Level(Struct, frozen=True):
    """What lies in one place; ``path`` are the places above and the place itself, with their names; empty at the top."""

    path: list[tuple[Pick, str]]
    lines: list[Line]
    page: int
    has_next: bool


def read_level(user_id: str, key: str, page: int) -> Level:
    """Returns the level of a pick's key; of what does not exist all sources."""
    sources = {one.id: one for one in list_integrations(user_id)}
    named, at = list_kept_back_picks(db.session(), user_id), parse_pick(key)
    if at is None or at.integration_id not in sources:
        tops = [(Pick(one.id), one.name, one.count) for one in sources.values()]
        return Level([], [Line(*top, is_kept_back=top[0] in named) for top in tops], 1, has_next=False)
    found = list_level(user_id, at.integration_id, at.folder or "", page)
    kept_back = find_kept_back(db.session(), user_id, [one.id for one in found.memories])
    folders = [Line(one.pick, one.name, one.count, _is_within(one.pick, named)) for one in found.folders]
    memories = [Line(one.pick, one.title, None, one.id in kept_back) for one in found.memories]
    path = [*reversed(list(at.containers())), at]
    names = [(one, sources[at.integration_id].name if one.folder is None else _last_part(one.folder)) for one in path]
    return Level(names, [*folders, *memories], page, found.has_next)


def _is_within(pick: Pick, named: set[Pick]) -> bool:
    return pick in named or any(one in named for one in pick.containers())


def _last_part(folder: str) -> str:
    return folder.rpartition("/")[2] or folder
