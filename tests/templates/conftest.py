"""The two decision screens, rendered from made-up facts, and a reader of what a page holds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from flask import render_template

from app.clients.trust import Known, Place, Receiver, Trust
from app.consents.maker import Maker, OfferedSource
from app.consents.memory_setting import ALL_OF_IT
from app.consents.picker import Summed
from app.oauth.endpoints.decision.forms import DecisionForm, MementoChoiceForm
from app.oauth.endpoints.decision.wait import Wait

_VOID = {"meta", "link", "input", "br", "hr", "img"}


@dataclass
class Page(HTMLParser):
    """A rendered page: its text, its elements as (tag, attributes), and every form inside a form."""

    html: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)
    nested_forms: int = 0
    text: str = ""

    def __post_init__(self):
        super().__init__()
        self.feed(self.html)
        self.close()
        self.text = " ".join(self.text.split())

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """The attributes of every such element."""
        return [found for name, found in self.elements if name == tag and attributes.items() <= found.items()]

    def handle_starttag(self, tag, attributes):
        self.nested_forms += tag == "form" and "form" in self.open_tags
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in _VOID:
            self.open_tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open_tags and self.open_tags.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open_tags[-1:] not in (["script"], ["title"]):
            self.text += data


def memento(name: str, count: int = 14, **more) -> dict:
    """A memento as both screens receive it."""
    sources = [{"name": "Google Drive", "count": count - 5}, {"name": "Gmail", "count": 5}] if count > 5 else []
    return {
        "id": "mem_" + "".join(filter(str.isalnum, name)).lower()[:20],
        "name": name,
        "count": count,
        "sources": sources,
        "sample_titles": ["Flight to Lisbon", "Alfama on foot"],
        "chosen": False,
        "writable": False,
        "is_new": False,
        **more,
    }


def scope(sentence: str, *, is_new: bool = False) -> dict:
    """A scope as the consent screen receives it."""
    return {"name": "memories:read", "sentence": sentence, "is_new": is_new}


def registered(host: str, place: Place = Place.SITE, by: str = "Acme") -> Trust:
    """How an app is known that an organization has registered."""
    return Trust(Known.REGISTERED, by, Receiver(place, host))


CLIENT = {
    "name": "Acme Notebook",
    "trust": registered("notebook.acme.example"),
    "homepage_url": "https://acme.example/notebook",
    "type": "confidential",
}
PUBLIC_CLIENT = CLIENT | {
    "name": "Acme Pocket",
    "type": "public",
    "trust": registered("127.0.0.1:8400", Place.COMPUTER),
}
_ACCOUNT = SimpleNamespace(name="Alice Archer", email="alice@acme.example")
_SOURCE = OfferedSource("int_drive", "Google Drive", 30, chosen=False)
NOTHING_TO_MAKE_ONE_OF = Maker([], words="", found=None, has_more=False, is_begun=False)
_WAITS = Wait("/oauth/authorize/wait?request=h", 600, 3600)
_PICKER = {
    "waits": _WAITS,
    "left_at": None,
    "client": CLIENT,
    "account": _ACCOUNT,
    "scopes": [
        {"sentence": "read and search the memories you choose", "is_optional": False},
        {
            "sentence": "see your name, your e-mail address, the organization you belong to and your role in it",
            "is_optional": False,
        },
    ],
    "asks_to_write": False,
    "mementos": [memento("Trip to Lisbon"), memento("Recipes", 9)],
    "everything": {"count": 80, "sources": [{"name": "Google Drive", "count": 80}]},
    "selection": None,
    "maker": Maker([_SOURCE], words="", found=None, has_more=False, is_begun=False),
    "sought": "",
    "summed": Summed(None, 0, 0, []),
    "until": None,
    "look": None,
    "saved_id": None,
    "setting": ALL_OF_IT,
    "errors": [],
    "show_search": False,
    "returning": False,
    "switch_url": "/oauth/authorize/switch?request=h",
}
_CONSENT = {
    "waits": _WAITS,
    "setting": ALL_OF_IT,
    "client": CLIENT,
    "account": _ACCOUNT,
    "scopes": [
        scope("read and search the memories you choose", is_new=True),
        scope("see your name, your e-mail address, the organization you belong to and your role in it"),
    ],
    "needs_mementos": True,
    "selection": "selected",
    "mementos": [memento("Trip to Lisbon", is_new=True), memento("Recipes", 9, is_new=True)],
    "total_count": 23,
    "ends": [],
    "returning": False,
    "since": None,
    "removed": [],
    "change_url": "/oauth/authorize/mementos?request=h",
    "switch_url": "/oauth/authorize/switch?request=h",
    "undo_url": "/account/",
}


@pytest.fixture
def picker(app) -> Callable[..., Page]:
    """The picker, with one fact or another changed."""

    def picker(**facts) -> Page:
        told = _PICKER | facts
        told["has_mementos"] = bool(told["mementos"])
        return _render(app, "oauth/mementos.html", MementoChoiceForm, told)

    return picker


@pytest.fixture
def consent(app) -> Callable[..., Page]:
    """The consent screen, with one fact or another changed."""
    return lambda **facts: _render(app, "oauth/consent.html", DecisionForm, _CONSENT | facts)


def _render(app, template: str, form, facts: dict) -> Page:
    with app.test_request_context("/"):
        return Page(render_template(template, **{"form": form()} | facts))
