"""What of an upload comes in, and what is left out and why: it is told before anything is written."""

from collections.abc import Collection, Iterable, Iterator

from app.memories.importing.bounds import MOST_MEMORIES
from app.memories.importing.drafts import Draft
from app.memories.importing.known import Known
from app.memories.importing.own import MementoDraft
from app.memories.importing.reading import Found
from app.memories.importing.report import Report
from app.memories.importing.skips import Reason, Skip, UnusableUpload
from app.sentences import _


class Sorting:
    """Sorts what was found of one upload, and counts it in its report. ``names`` are those of the person's mementos."""

    def __init__(self, report: Report, names: Collection[str]) -> None:
        self._report = report
        self._taken = {name.casefold() for name in names}
        self._seen: set[bytes] = set()

    def sort(self, batch: Iterable[Found], known: Iterable[Known | None]) -> list[Skip]:
        """Returns what is left out. ``known`` says for each draft of the batch what the person has of it.

        Raises :class:`UnusableUpload` once more comes in than may.
        """
        of_drafts = iter(known)
        skips = [skip for one in batch if (skip := self._find_skip(one, of_drafts)) is not None]
        for skip in skips:
            self._report.skip(skip.reason)
        if len(self._seen) > MOST_MEMORIES:
            raise UnusableUpload(
                _("There are more than %(most)s memories in it. Bring it in parts.", most=f"{MOST_MEMORIES:,}")
            )
        return skips

    def _find_skip(self, one: Found, known: Iterator[Known | None]) -> Skip | None:
        if isinstance(one, Skip):
            return one
        if isinstance(one, MementoDraft):
            if one.name.casefold() in self._taken:
                return Skip(one.name, Reason.NAME_TAKEN)
            self._report.add_memento(one.name)
            return None
        return self._find_skip_of_draft(one, next(known))

    def _find_skip_of_draft(self, draft: Draft, has: Known | None) -> Skip | None:
        if has is not None and has.reason is Reason.KNOWN:
            self._report.known += 1
        elif has is not None:
            return Skip(_called(draft), has.reason)
        elif draft.digest() in self._seen:
            return Skip(_called(draft), Reason.TWICE)
        else:
            self._seen.add(draft.digest())
            self._report.add(draft)
        return None


def _called(draft: Draft) -> str:
    return f"{draft.name}: “{draft.title}”"
