"""What the operator's pages share: a page of a list, what somebody looks for, and asking once before an act."""

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from msgspec import Struct

from app.credentials import is_id
from app.http.sure import SureForm
from app.paging import count_pages, read_page

PAGE_SIZE = 15
_MOST_QUERY_LENGTH = 254


class Looked(Struct, frozen=True):
    """What somebody looks for, and on which page of it, as the address says it. Pages count from 1."""

    query: str
    page: int

    @property
    def skipped(self) -> int:
        """How many come before this page."""
        return (self.page - 1) * PAGE_SIZE

    def pages(self, total: int) -> int:
        """Of how many pages it is one."""
        return count_pages(total, PAGE_SIZE)


class Question(Struct, frozen=True):
    """What is asked before an act: the question, what the act does, the button, and where the way back leads."""

    title: str
    costs: tuple[str, ...]
    button: str
    keep: str
    back: str
    stops: bool = True


def read_looked(query: str, page: str) -> Looked:
    """Returns what an address asks for; what makes no sense in it is left out."""
    words = "".join(letter for letter in query if letter.isprintable())[:_MOST_QUERY_LENGTH].strip()
    return Looked(words, read_page(page))


def check_id(id: str) -> str:
    """Returns the id. Raises 404 for what is none, which no database is asked about."""
    if not is_id(id):
        abort(404)
    return id


def ask(question: Question, section: str, form: SureForm) -> ResponseReturnValue:
    """Returns the page that asks."""
    return render_template("operator/sure.html", question=question, section=section, form=form), form.status
