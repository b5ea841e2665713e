"""What a page of the guide holds, as a reader's program would take it."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

from app.guide.contents import PAGES
from tests.protocol import change_client, change_consent, change_settings, disable, let_time_pass  # noqa: F401

#: The addresses of the guide's pages.
PATHS = ["/guide/" + page.slug for page in PAGES]


@dataclass
class GuidePage(HTMLParser):
    """The examples of a page by name and language, the example answers and the programs by name, and where its headings are."""

    html: str
    snippets: dict[tuple[str, str], str] = field(default_factory=dict)
    answers: dict[str, dict] = field(default_factory=dict)
    #: library -> file -> its text.
    programs: dict[str, dict[str, str]] = field(default_factory=dict)
    #: name -> an answer of the server, with its headers.
    exchanges: dict[str, str] = field(default_factory=dict)
    #: What is to be put into a client, by name.
    pastes: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    #: All text but that of examples and answers.
    prose: str = ""
    #: Code blocks that are neither an example nor an answer.
    others: int = 0

    def __post_init__(self):
        super().__init__()
        self._open: dict[str, str] | None = None
        self._text = ""
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag, attributes):
        found = {name: value or "" for name, value in attributes}
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found.get("href", ""))
        if tag == "pre" or "data-path" in found:
            self._open, self._text = found, ""

    def handle_data(self, data):
        self._text += data
        if self._open is None or "data-path" in self._open:
            self.prose += data

    def handle_endtag(self, tag):
        if self._open is None or tag not in ("pre", "code"):
            return
        found, self._open = self._open, None
        if "data-snippet" in found:
            place = (found["data-snippet"], found["data-language"])
            assert place not in self.snippets, f"{place} is there twice."
            self.snippets[place] = self._text
        elif "data-library" in found:
            self.programs.setdefault(found["data-library"], {})[found["data-file"]] = self._text
        elif "data-exchange" in found:
            self.exchanges[found["data-exchange"]] = self._text
        elif "data-paste" in found:
            self.pastes[found["data-paste"]] = self._text
        elif "data-answer" in found:
            self.answers[found["data-answer"]] = json.loads(self._text)
        elif "data-path" in found:
            self.paths.append(self._text)
        else:
            self.others += 1


@dataclass
class Guide:
    """The whole guide as one reader sees it: all pages, in the order of reading."""

    pages: list[GuidePage]

    @property
    def snippets(self) -> dict[tuple[str, str], str]:
        return {place: text for page in self.pages for place, text in page.snippets.items()}

    @property
    def answers(self) -> dict[str, dict]:
        return {name: answer for page in self.pages for name, answer in page.answers.items()}

    @property
    def programs(self) -> dict[str, dict[str, str]]:
        """The files of each library's program."""
        return {name: files for page in self.pages for name, files in page.programs.items()}

    def in_language(self, language: str) -> dict[str, str]:
        """The examples in a language by name, in the order of reading."""
        return {name: text for (name, one), text in self.snippets.items() if one == language}


def read_guide(get, **query: str) -> Guide:
    """Read all pages through ``get`` (path and query -> response of a test client)."""
    pages = []
    for path in PATHS:
        response = get(path, query_string=query)
        assert response.status_code == 200, (path, response.status)
        pages.append(GuidePage(response.text))
    return Guide(pages)
