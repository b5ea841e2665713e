"""Everything that an app can ask, so that it can be asked in two worlds that must not be told apart."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.api.conftest import Caller
from tests.mcp.conftest import Agent

_ID = re.compile(r"\b(?:mry|mem|int|req)_\w{24}\b")
#: What differs between two answers to one question in any case.
_VARYING = ("Date", "X-Request-ID")
_NOBODY = "mry_" + "0" * 24
#: What of the household no app may learn, by the names of its things.
HIDDEN = ("single", "deep", "tagged", "vaulted", "own")


@dataclass
class Asker:
    """Asks in one world. ``ids`` are by name; ``told`` is each answer, in the order asked, in a form to be compared."""

    caller: Caller
    agent: Agent
    ids: dict[str, str]
    #: All ids from before. Whatever is made meanwhile has others in each world.
    known: set[str]
    told: list[tuple[str, str]] = field(default_factory=list)

    def api(self, method: str, path: str, **sent: Any) -> Any:
        """Ask the API, and return what the answer holds."""
        return self._ask(self.caller.open(method, path, **sent), " ".join([method, path, str(sent)]))

    def tool(self, name: str, **arguments: Any) -> Any:
        """Call a tool, and return its result."""
        answer = self.agent.modern("tools/call", {"name": name, "arguments": arguments})
        result = answer.json["result"]
        self._tell(f"{name} {arguments}", [answer.status_code, result])
        return result.get("structuredContent") or {}

    def _ask(self, answer: Any, question: str) -> Any:
        headers = sorted((name, value) for name, value in answer.headers if name not in _VARYING)
        body = answer.get_data(as_text=True)
        found = answer.get_json(silent=True) if body else None
        cursor = found.get("next_cursor") if isinstance(found, dict) else None
        self._tell(question, [answer.status_code, headers, body, unpack(cursor)])
        return found or {}

    def _tell(self, question: str, answer: Any) -> None:
        asked_for = set(_ID.findall(question))

        def as_in_any_world(match: re.Match[str]) -> str:
            if match[0] not in self.known:
                return "[made]"
            # A refusal may say of what the question was.
            return "[asked for]" if match[0] in asked_for and match[0] in self.hidden else match[0]

        text = json.dumps(answer, sort_keys=True)
        for id in asked_for - self.known:
            question = question.replace(id, "[made]")
        self.told.append((question, _ID.sub(as_in_any_world, text)))

    @property
    def hidden(self) -> list[str]:
        return [self.ids[name] for name in HIDDEN]


def unpack(cursor: str | None) -> str:
    """Returns what a cursor holds, which nobody needs to understand, and anybody can."""
    return "" if cursor is None else base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()


def ask_everything(asker: Asker, cursors: dict[str, str]) -> None:
    """Ask all there is to ask. What it makes it leaves behind."""
    read(asker, cursors)
    look_for_hidden(asker)
    use_tools(asker)
    write(asker)


def read(asker: Asker, cursors: dict[str, str]) -> None:
    api, ids = asker.api, asker.ids
    for query in _queries(ids):
        cursor = None
        for _ in range(8):
            page = api("GET", "memories/", query_string=query | ({"cursor": cursor} if cursor else {}))
            cursor = page.get("next_cursor")
            if cursor is None:
                break
    for words, cursor in cursors.items():
        api("GET", "memories/", query_string={"cursor": cursor, "q": words, "limit": 5})
    for page in (1, 2, 3):
        api("GET", "documents/", query_string={"page": page, "page_size": 2})
    for kind in ("google_drive", "slack", "dropbox", "memory"):
        api("GET", "documents/", query_string={"integration_type": kind, "page_size": 1000})
    for question in ("bread", "xylophone", "where is the xylophone and the bread"):
        api("GET", "documents/search/", query_string={"q": question, "n": 100})
        api("POST", "documents/agentic_search/", json={"query": question, "n_chunks": 100})
    api("GET", "integrations/")
    for name in ("drive", "slack", "vault", "own_source"):
        api("GET", f"integrations/{ids[name]}/")
        api("PATCH", f"integrations/{ids[name]}/", json={"status": "connected"})
    api("GET", "mementos/")
    for name in ("all_of_it", "hidden_only", "made"):
        api("GET", f"mementos/{ids[name]}/")
    api("GET", "me/")
    api("HEAD", "memories/")


def _queries(ids: dict[str, str]) -> Iterator[dict[str, Any]]:
    yield from ({}, {"limit": 1}, {"limit": 3}, {"tag": "secret"}, {"from": "2020-01-01T00:00:00Z"})
    yield from ({"integration": ids["drive"]}, {"integration": ids["vault"]}, {"memento": ids["hidden_only"]})
    yield from ({"q": "bread"}, {"q": "xylophone"}, {"q": "xylophone bread", "limit": 2}, {"q": "bread", "limit": 2})
    yield from ({"q": "xylophone", "tag": "secret"}, {"q": "bread", "integration": ids["slack"], "limit": 1})
    yield {"q": "bread", "memento": ids["all_of_it"], "limit": 1}


def look_for_hidden(asker: Asker) -> None:
    """By the ids of what is kept back, which an app may know from before, and by one that nothing has."""
    api, made = asker.api, f"mementos/memento_document/{asker.ids['made']}/"
    for id in [*(asker.ids[name] for name in HIDDEN), _NOBODY]:
        api("GET", f"memories/{id}/")
        api("GET", f"documents/{id}/contents/")
        api("GET", f"discussions/{id}/contents/")
        api("PATCH", f"memories/{id}/", json={"title": "x", "tags": [], "folder": ""})
        api("DELETE", f"memories/{id}/")
        api("POST", made, json={"add": [id]})
        api("POST", made, json={"remove": [id]})
    api("DELETE", f"integrations/{asker.ids['vault']}/")


def write(asker: Asker) -> None:
    api = asker.api
    for more in ({}, {"tags": ["secret"]}, {"folder": "Private/Deep"}):
        new = api("POST", "memories/", json={"title": "New", "text": "About rye.", **more})
        for change in ({"title": "Newer"}, {"tags": ["Secret"]}, {"title": "Newest"}):
            api("PATCH", f"memories/{new.get('id')}/", json=change)
        api("GET", f"memories/{new.get('id')}/")
        api("DELETE", f"memories/{new.get('id')}/")
    api("POST", "memories/bulk/", json={"memories": [{"title": "Many", "text": "About rye."}]})
    api("POST", "documents/memorize/", json={"name": "Document", "content": "About rye."})
    for title in ("Once", "Once", "Twice"):
        api(
            "POST",
            "memories/",
            json={"title": title, "text": "x", "tags": ["secret"]},
            headers={"Idempotency-Key": "1"},
        )
    new = api("POST", "mementos/", json={"name": "For a while"})
    api("DELETE", f"mementos/memento_document/{new.get('id')}/")
    api("DELETE", f"mementos/{new.get('id')}/")
    new = api("POST", "integrations/", json={"kind": "notes", "name": "For a while"})
    api("DELETE", f"integrations/{new.get('id')}/")


def use_tools(asker: Asker) -> None:
    tool, ids = asker.tool, asker.ids
    for arguments in _searches(ids):
        tool("search_memories", **arguments)
    tool("list_mementos")
    for id in [*(ids[name] for name in HIDDEN), _NOBODY]:
        tool("get_memory", id=id)
        tool("update_memory", id=id, title="x")
        tool("forget_memory", id=id)
    new = tool("save_memory", title="Saved", text="About rye.", tags=["secret"])
    tool("get_memory", id=new.get("id", _NOBODY))
    tool("update_memory", id=new.get("id", _NOBODY), title="x")
    tool("forget_memory", id=new.get("id", _NOBODY))


def _searches(ids: dict[str, str]) -> Iterator[dict[str, Any]]:
    yield from ({}, {"query": "bread"}, {"query": "xylophone"}, {"tag": "secret"}, {"limit": 1})
    yield from ({"integration": ids["vault"]}, {"integration": ids["slack"]}, {"query": "bread", "limit": 1})
