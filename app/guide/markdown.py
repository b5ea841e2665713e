"""The Markdown form of a page: made from the page's own HTML, so that neither can say what the other does not.

It knows the elements that the guide is written with, and refuses any other: whoever writes a page learns at once what
its Markdown form would leave out.
"""

import re
from collections.abc import Callable
from html.parser import HTMLParser

from msgspec import Struct

#: What Markdown would take for its own in a text.
_MARKS = re.compile(r"([\\*\[\]<>`]|\b_|_\b|~~)")
#: What would make a line of text a heading or an item of a list.
_AT_LINE_START = re.compile(r"^(\d*)([#+.)-])(?=\s)")
_INLINE = ("strong", "em", "a", "code", "small")
_BLOCKS = ("p", "h2", "h3", "li", "summary", "figcaption", "th", "td", "pre")
#: They only hold others, or say nothing that Markdown could.
_TRANSPARENT = ("thead", "tbody", "figure", "details", "bdi")


class UnknownElement(Exception):
    """The page has an element that its Markdown form cannot tell."""

    def __init__(self, what: str):
        super().__init__(f"The guide's Markdown knows no {what} here. Write it otherwise, or teach it.")


def to_markdown(html: str, link: Callable[[str], str]) -> str:
    """Returns the Markdown of a page's text. ``link`` says where a link of the page leads.

    Raises UnknownElement.
    """
    writer = _Writer(link)
    writer.feed(html)
    writer.close()
    writer.refuse_text()
    return "\n\n".join(writer.blocks) + "\n"


class _Open(Struct, frozen=True):
    """An element that is open, and the text that stood before it."""

    tag: str
    attributes: dict[str, str]
    before: str


class _Writer(HTMLParser):
    def __init__(self, link: Callable[[str], str]):
        super().__init__()
        self.blocks: list[str] = []
        self._link = link
        self._open: list[_Open] = []
        self._text = ""
        #: The list that is open: how its items begin, or None, and those that it has.
        self._list: tuple[str, list[str]] | None = None
        self._table: _Table | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in _INLINE or tag == "button":
            self._open.append(_Open(tag, attributes, self._text))
            self._text = ""
        elif tag == "br":
            self._text += " "
        elif tag in _TRANSPARENT:
            return
        else:
            self.refuse_text()
            if tag in _BLOCKS:
                self._open.append(_Open(tag, attributes, ""))
            elif tag in ("ul", "ol") and self._list is None:
                self._list = ("-" if tag == "ul" else "1.", [])
            elif tag == "table":
                self._table = _Table()
            elif tag == "tr" and self._table:
                self._table.begin_row()
            else:
                raise UnknownElement(f"<{tag}>")

    def handle_data(self, data: str) -> None:
        is_verbatim = any(one.tag in ("code", "pre") for one in self._open)
        self._text += data if is_verbatim else _MARKS.sub(r"\\\1", re.sub(r"\s+", " ", data))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._end_list()
        elif tag == "table" and self._table:
            self.blocks.append(self._table.draw())
            self._table = None
        elif self._open and tag == self._open[-1].tag:
            ended, text = self._open.pop(), self._text
            self._text = ended.before
            if tag in _INLINE:
                self._text += self._mark(ended, text)
            elif tag == "pre":
                self.blocks.append(_fence(text, ended.attributes.get("data-language", "")))
            elif tag != "button":
                # A button copies an example, which whoever reads Markdown has at hand.
                self._end_block(ended, " ".join(text.split()))

    def refuse_text(self) -> None:
        """Nothing but space stands between two blocks. Raises UnknownElement."""
        if self._text.strip():
            raise UnknownElement(f"text between blocks: {self._text.strip()!r}")
        self._text = ""

    def _mark(self, element: _Open, text: str) -> str:
        match element.tag:
            case "strong":
                return f"**{text.strip()}**"
            case "em":
                return f"*{text.strip()}*"
            case "a":
                return f"[{text.strip()}]({self._link(element.attributes['href'])})"
            case "code":
                # Two around one that holds one.
                mark = "``" if "`" in text else "`"
                return f"{mark}{' '.join(text.split())}{mark}"
        return text

    def _end_block(self, element: _Open, text: str) -> None:
        if element.tag in ("th", "td") and self._table:
            self._table.add_cell(text.replace("|", r"\|"), int(element.attributes.get("rowspan", "1")))
            return
        if element.tag in ("h2", "h3"):
            self.blocks.append(f"{'#' * int(element.tag[1])} {text}")
            return
        text = _AT_LINE_START.sub(r"\1\\\2", text)
        if element.tag == "li" and self._list:
            self._list[1].append(text)
        elif element.tag in ("summary", "figcaption"):
            self.blocks.append(f"{text}:")
        elif text:
            is_notice = "notice" in element.attributes.get("class", "").split()
            self.blocks.append(f"> {text}" if is_notice else text)

    def _end_list(self) -> None:
        self.refuse_text()
        bullet, items = self._list or ("", [])
        self._list = None
        numbered = (f"{number}. {item}" for number, item in enumerate(items, 1))
        self.blocks.append("\n".join(numbered if bullet == "1." else (f"{bullet} {item}" for item in items)))


class _Table:
    """The rows of a table. What stands for several rows is repeated in each, since Markdown's stand for themselves."""

    def __init__(self) -> None:
        self._rows: list[list[str]] = []
        #: column -> (rows that are left, text).
        self._spans: dict[int, tuple[int, str]] = {}

    def begin_row(self) -> None:
        self._rows.append([])
        self._repeat()

    def add_cell(self, text: str, rows: int) -> None:
        row = self._rows[-1]
        if rows > 1:
            self._spans[len(row)] = (rows - 1, text)
        row.append(text)
        self._repeat()

    def draw(self) -> str:
        lines = [f"| {' | '.join(row)} |" for row in self._rows]
        return "\n".join([lines[0], "|" + " --- |" * len(self._rows[0]), *lines[1:]])

    def _repeat(self) -> None:
        row = self._rows[-1]
        while len(row) in self._spans:
            left, text = self._spans.pop(len(row))
            if left > 1:
                self._spans[len(row)] = (left - 1, text)
            row.append(text)


def _fence(text: str, language: str) -> str:
    # Longer than any that the text holds.
    mark = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{mark}{language}\n{text.strip()}\n{mark}"
