"""What a screen of the decision showed, and whether it still is so: a person's answer is to what they read.

A page carries the seal of its facts in a hidden field. The answer brings it back, and is compared with the facts of
that moment. A count of memories is no fact: an import that runs would make the page unanswerable.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from app.credentials import digest
from app.sentences import _

#: fact -> what is said when it has changed. A seal holds them in this order.
_SENTENCES = {
    "name": _("What the app is called, or whose it is, has changed."),
    "appearance": _("The app's description, its logo or one of its links has changed."),
    "kind": _("How the app proves that it is itself has changed."),
    "receiver": _("Where your answer goes has changed."),
    "earlier": _("The app has changed more of itself since you allowed it."),
    "account": _("The account has changed: another one, or its name or e-mail address."),
    "abilities": _("What the app may do, or what of it you can leave out, has changed."),
    "resources": _("Where the app will use it has changed."),
    "choice": _("What it is to see was chosen anew, perhaps in another tab."),
    "mementos": _("A memento was renamed or deleted, or now holds something from another source."),
    "saved": _("What the app has added itself is kept elsewhere now."),
    "losses": _("What it would no longer see has changed."),
    "end": _("Until when it is allowed has changed."),
    "pause": _("It was paused or resumed meanwhile."),
    "freeze": _("You have paused all your apps meanwhile."),
    "connection": _("The earlier connection that you chose has ended or changed, or another one took its place."),
}
_LENGTH = 24
_KEY_LENGTH = 8


class Facts(Struct):
    """What a page tells. ``fixed`` must be the same at the answer.

    ``offered`` are the things to tick, by id: only those that are ticked must be the same. What comes along
    meanwhile was not ticked, and need not be shown first.
    """

    fixed: Mapping[str, Any]
    offered: Mapping[str, Any] = field(default_factory=dict)
    #: The fact that has changed when something ticked is not as it was offered.
    offers: str = "mementos"

    def seal(self) -> str:
        """Returns one string, for a hidden field and for the waiting request."""
        fixed = ".".join(_fingerprint(self.fixed.get(name)) for name in _SENTENCES)
        return f"{fixed}~{'.'.join(map(_seal_offer, self.offered, self.offered.values()))}"

    def find_changes(self, sealed: str | None, ticked: Iterable[str] = ()) -> list[str]:
        """Returns what has changed since the page with this seal, one sentence each.

        None, or no seal of ours: all of it.
        """
        fixed, _tilde, offered = (sealed or "").partition("~")
        before = fixed.split(".")
        if len(before) != len(_SENTENCES):
            return [_("This page was not shown to you before, or was made by an older version of this site.")]
        now = self.seal().partition("~")[0].split(".")
        changes: list[str] = [
            sentence for sentence, *pair in zip(_SENTENCES.values(), before, now, strict=True) if pair[0] != pair[1]
        ]
        if not self._are_as_offered(offered, ticked) and _SENTENCES[self.offers] not in changes:
            changes.append(_SENTENCES[self.offers])
        return changes

    def _are_as_offered(self, sealed: str, ticked: Iterable[str]) -> bool:
        shown = dict(one.split("-", 1) for one in sealed.split(".") if "-" in one)
        for id in ticked:
            key = _key(id)
            # An id that is on neither page is another person's, or was never one: it is as if it had not been ticked.
            now = _fingerprint(self.offered[id]) if id in self.offered else None
            if shown.get(key) != now:
                return False
        return True


def _seal_offer(id: str, facts: Any) -> str:
    return f"{_key(id)}-{_fingerprint(facts)}"


def _key(id: str) -> str:
    return digest(id)[:_KEY_LENGTH]


def _fingerprint(facts: Any) -> str:
    return digest(json.dumps(facts, sort_keys=True))[:_LENGTH]
