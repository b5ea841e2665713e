"""The editor's state between two requests. Nothing is kept on the server until it is saved.

The page carries what differs from the saved memento, not the memento, so that it stays small
however much is in it: ``added`` and ``removed`` are changes to what is out of sight, ``shown``
says what could be ticked on the page, and ``pick`` what was.
"""

from typing import Any

from msgspec import Struct, field
from werkzeug.datastructures import MultiDict

from app.memories.editing import MOST_CHANGES, Draft, count_inside, find_saved
from app.memories.mementos import IntegrationSummary, list_integrations
from app.memories.picks import LONGEST_KEY, Pick, containers_of_memory, parse_pick
from app.memories.tree import PAGE_SIZE, Page, list_level, search_tree
from app.paging import read_page

_MOST_WORDS_LENGTH = 100
#: A page shows every source at once; a database takes so many values in a statement.
_MOST_SHOWN = 10_000
#: How many bytes a form may have: all the changes of a draft, and what is in sight, shown and ticked, with the folders
#: above it. A percent sign of a key takes three.
LARGEST_FORM = (MOST_CHANGES + 3 * PAGE_SIZE) * (2 * LONGEST_KEY + len("removed=&")) + 64 * 1024


class Row(Struct):
    """One line of the tree that can be ticked.

    ``within`` is the name of a larger pick that includes it already; ``inside`` says how many
    smaller ones lie in it.
    """

    pick: Pick
    what: object
    chosen: bool
    within: str | None
    inside: int


class View(Struct):
    """What of the tree is in sight: a level (``at`` None for the sources), or what a search found."""

    at: Pick | None
    words: str
    page: int
    found: Page | None = None
    integrations: list[IntegrationSummary] = field(default_factory=list)


def read_view(sent: MultiDict, user_id: str) -> View:
    """Returns what is to be in sight, from an address or a form. What does not exist shows the sources."""
    action = sent.get("action", "")
    words = " ".join(sent.get("q", "").split())[:_MOST_WORDS_LENGTH]
    at, page = sent.get("open", ""), read_page(sent.get("page"))
    if action.startswith("open:"):
        at, words, page = action.removeprefix("open:"), "", 1
    elif action.startswith("page:"):
        page = read_page(action.removeprefix("page:"))
        words = sent.get("asked", words)[:_MOST_WORDS_LENGTH]
    elif action == "search" or words != sent.get("asked", words):
        page = 1
    view = View(parse_pick(at), words, page, integrations=list_integrations(user_id))
    if view.at is not None and view.at.integration_id not in {one.id for one in view.integrations}:
        view.at = None
    if view.words:
        view.found = search_tree(user_id, view.words, view.page)
    elif view.at is not None:
        view.found = list_level(user_id, view.at.integration_id or "", view.at.folder or "", view.page)
    return view


def read_draft(sent: MultiDict, memento_id: str | None) -> Draft:
    """Returns the changes that a form carries, with those just made."""
    draft = Draft(memento_id)
    # One more than is allowed, so that saving notices.
    draft.added = dict.fromkeys(_parse(sent.getlist("added"))[: MOST_CHANGES + 1])
    draft.removed = dict.fromkeys(_parse(sent.getlist("removed"))[: MOST_CHANGES + 1])
    shown, ticked = _parse(sent.getlist("shown"))[:_MOST_SHOWN], set(_parse(sent.getlist("pick")))
    saved = find_saved(memento_id, shown)
    for pick in shown:
        draft.set(pick, ticked=pick in ticked, saved=pick in saved)
    return draft


def list_rows(view: View, draft: Draft) -> dict[str, list[Row]]:
    """Returns the lines in sight: the ``sources``, or the ``path`` to the open level and its ``folders`` and ``memories``."""
    names = {one.id: one.name for one in view.integrations}
    lines: dict[str, list[tuple[Pick, Any]]] = {"sources": [], "path": [], "folders": [], "memories": []}
    if view.found is None:
        lines["sources"] = [(Pick(one.id), one) for one in view.integrations]
    else:
        lines["folders"] = [(one.pick, one) for one in view.found.folders]
        lines["memories"] = [(one.pick, one) for one in view.found.memories]
    if view.at is not None and not view.words:
        path = [*reversed(list(view.at.containers())), view.at]
        lines["path"] = [(pick, _name_of(pick, names)) for pick in path]
    places = {pick: _place_of(pick, what) for group in lines.values() for pick, what in group}
    chosen = _chosen(draft, {*places, *(one for place in places.values() for one in place)})
    inside = count_inside(draft)
    return {
        group: [
            Row(
                pick,
                what,
                pick in chosen,
                within=next((_name_of(one, names) for one in places[pick] if one in chosen), None),
                inside=inside[pick],
            )
            for pick, what in rows
        ]
        for group, rows in lines.items()
    }


def _parse(keys: list[str]) -> list[Pick]:
    return [pick for pick in map(parse_pick, keys) if pick is not None]


def _chosen(draft: Draft, picks: set[Pick]) -> set[Pick]:
    """Those of the picks that the memento would have."""
    saved = find_saved(draft.memento_id, picks)
    return {pick for pick in picks if pick in draft.added or (pick in saved and pick not in draft.removed)}


def _place_of(pick: Pick, what: Any) -> list[Pick]:
    """The larger picks that would include this one."""
    if pick.memory_id is None:
        return list(pick.containers())
    return list(containers_of_memory(what.integration_id, what.folder))


def _name_of(pick: Pick, names: dict[str, str]) -> str:
    if pick.folder is None:
        return names.get(pick.integration_id or "", "")
    return pick.folder.rpartition("/")[2] or pick.folder
