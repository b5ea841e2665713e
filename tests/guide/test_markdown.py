"""The Markdown form of each page says what the page says, all of it and nothing else; llms.txt leads to all of them.

A library that is not ours reads the Markdown; what it makes of it is compared with the page, block by block.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from markdown_it import MarkdownIt

from app.clients.models import CONFIDENTIAL, PUBLIC
from app.guide.contents import PAGES
from app.guide.markdown import UnknownElement, to_markdown
from tests.guide.conftest import PATHS
from tests.tables import each

ISSUER = "http://127.0.0.1:8000"
NAMES = [page.name for page in PAGES]
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_BLOCKS = {"h1", "h2", "h3", "p", "li", "summary", "figcaption", "pre"}


@dataclass
class Blocks(HTMLParser):
    """What is said in some HTML, in order: (kind, text), a row of a table being one; and where its links lead."""

    html: str
    said: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self._text, self._row, self._open, self._spans = "", [], [], {}
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag, attributes):
        found = {name: value or "" for name, value in attributes}
        if tag == "a":
            self.links.append(found["href"])
        if tag == "br":
            self._text += " "
        if tag == "pre" and "data-language" in found:
            self.languages.append(found["data-language"])
        if tag == "code" and found.get("class", "").startswith("language-"):
            self.languages.append(found["class"].removeprefix("language-"))
        if tag in _BLOCKS | {"th", "td", "tr", "button"}:
            self._text = ""
        if tag == "tr":
            self._row = []
        if tag in ("th", "td"):
            self._span = int(found.get("rowspan", "1"))
            self._repeat()

    def _repeat(self):
        while len(self._row) in self._spans:
            left, text = self._spans.pop(len(self._row))
            if left > 1:
                self._spans[len(self._row)] = (left - 1, text)
            self._row.append(text)

    def handle_data(self, data):
        self._text += data

    def handle_endtag(self, tag):
        text = self._text.strip() if tag == "pre" else " ".join(self._text.split())
        if tag in ("th", "td"):
            if self._span > 1:
                self._spans[len(self._row)] = (self._span - 1, text)
            self._row.append(text)
            self._repeat()
        elif tag == "tr":
            self.said.append(("row", " | ".join(self._row)))
        elif tag in _BLOCKS and text:
            # Markdown has no name for what stands above an example.
            self.said.append(("p", f"{text}:") if tag in ("summary", "figcaption") else (tag, text))
        if tag in _BLOCKS | {"th", "td", "button"}:
            self._text = ""


def read_page(browser, name: str, type: str) -> Blocks:
    """The page between its frame's beginning and end."""
    shown = browser.get(PATHS[NAMES.index(name)], query_string={"type": type}).text
    text = shown.split('aria-labelledby="on-this-page"')[1].split("</nav>", 1)[1]
    return Blocks(text.split('<nav class="pages"')[0])


def read_markdown(browser, name: str, type: str) -> Blocks:
    answer = browser.get(f"/guide/{name}.md", query_string={"type": type})
    assert answer.status_code == 200 and answer.content_type == "text/markdown; charset=utf-8"
    return Blocks(_MARKDOWN.render(answer.text))


@each("type", [CONFIDENTIAL, PUBLIC])
@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_row_and_code_block_of_a_page_is_in_its_markdown_and_nothing_else(browser, name, type):
    page, markdown = read_page(browser, name, type), read_markdown(browser, name, type)
    (title, summary, told, *rest) = markdown.said
    assert title == ("h1", PAGES[NAMES.index(name)].title) and summary == ("p", PAGES[NAMES.index(name)].summary)
    assert "llms.txt" in told[1]
    assert len(page.said) > 10
    assert rest == page.said
    assert markdown.languages == page.languages


@each("type", [CONFIDENTIAL, PUBLIC])
@pytest.mark.parametrize("name", NAMES)
def test_links_of_the_markdown_lead_to_markdown_and_to_the_issuer(browser, name, type):
    page, markdown = read_page(browser, name, type), read_markdown(browser, name, type)
    assert len(markdown.links) == len(page.links)
    for shown, link in zip(page.links, markdown.links, strict=True):
        target, anchor = urldefrag(urljoin(ISSUER + PATHS[NAMES.index(name)], shown))
        assert link.startswith(("http://", "https://")), link
        if urlsplit(target).path in PATHS and target.startswith(ISSUER):
            assert f"/guide/{NAMES[PATHS.index(urlsplit(target).path)]}.md" in link
            assert ("type=public" in link) is (type == PUBLIC)
            assert urldefrag(link).fragment == anchor
            assert browser.get(link.removeprefix(ISSUER)).mimetype == "text/markdown"
        else:
            assert link == urljoin(ISSUER, shown)


def test_each_example_is_in_it_in_every_language_that_the_page_has(browser):
    said = [text for kind, text in read_markdown(browser, "five-steps", PUBLIC).said if kind == "pre"]
    assert any("async function startSignIn" in text for text in said) and any("curl" in text for text in said)


def test_the_issuer_is_filled_in_and_nobody_is_signed_in(app, browser, alice, notebook):
    browser.enter(alice)
    assert notebook.client_id in browser.get("/guide/").text
    answer = browser.get("/guide/five-steps.md")
    assert f"ISSUER={ISSUER}" in answer.text and "YOUR_CLIENT_ID" in answer.text
    assert notebook.client_id not in answer.text and "Set-Cookie" not in answer.headers
    assert "Sign in" not in answer.text.replace("Sign in with", "")


def test_it_can_be_kept_and_asked_for_again(browser):
    for path in ("/guide/tokens.md", "/llms.txt"):
        first = browser.get(path)
        assert first.headers["Cache-Control"] == "public, max-age=300" and not first.vary
        again = browser.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304 and not again.data
        assert browser.get(path, headers={"Origin": "https://anywhere.example"}).headers["Access-Control-Allow-Origin"]


@each(
    ("accept", "is_markdown"),
    [
        ("text/markdown", True),
        ("text/markdown, text/html, */*", True),
        ("text/html;q=0.8, text/markdown", True),
        ("text/html, text/markdown;q=0.9", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("*/*", False),
        ("text/*", False),
        ("text/markdown;q=0", False),
        ("", False),
    ],
)
def test_whoever_prefers_markdown_gets_it_at_the_pages_own_address(browser, accept, is_markdown):
    answer = browser.get("/guide/tokens", query_string={"type": PUBLIC}, headers={"Accept": accept})
    assert (answer.mimetype == "text/markdown") is is_markdown
    assert answer.headers["Cache-Control"] == "no-store" and "Accept" in answer.vary
    assert answer.headers.get("Content-Location") == ("/guide/tokens.md?type=public" if is_markdown else None)
    if is_markdown:
        assert answer.text == browser.get("/guide/tokens.md?type=public").text


def test_a_page_says_where_its_markdown_is_and_the_markdown_where_its_page_is(browser):
    for page, path in zip(PAGES, PATHS, strict=True):
        links = browser.get(path, query_string={"type": PUBLIC}).headers.getlist("Link")
        assert links == [
            f'</guide/{page.name}.md?type=public>; rel="alternate"; type="text/markdown"',
            '</llms.txt>; rel="describedby"; type="text/plain"',
        ]
        assert f'<{path}>; rel="canonical"' in browser.get(f"/guide/{page.name}.md").headers["Link"]
        assert f'href="/guide/{page.name}.md?type=public"' in browser.get(path, query_string={"type": PUBLIC}).text


def test_what_is_no_page_has_no_markdown(browser):
    assert browser.get("/guide/nothing.md").status_code == 404


def test_llms_txt_is_as_its_convention_says_and_every_address_in_it_answers(app, browser):
    """An H1, a quotation, text without headings, and then sections that are lists of links with a note."""
    answer = browser.get("/llms.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    tokens = [token for token in _MARKDOWN.parse(answer.text) if token.nesting == 1 and not token.level]
    assert [token.tag for token in tokens] == ["h1", "blockquote", "p", "h2", "ul", "h2", "ul"]
    found = re.findall(rf"^- \[[^\]]+\]\({ISSUER}(/\S+)\): \S", answer.text, re.MULTILINE)
    assert [f"/guide/{page.name}.md" for page in PAGES] == found[: len(PAGES)]
    assert len(found) == answer.text.count("\n- ")
    for path in found:
        assert browser.get(path).status_code == 200, path


@each("html", ["<p>a</p><video></video>", "<p>a</p>loose", "<ul><li>a<ul><li>b</li></ul></li></ul>", "<p>a <img></p>"])
def test_what_markdown_could_not_tell_stops_the_page(html):
    with pytest.raises(UnknownElement):
        to_markdown(html, str)


@each("text", ["*a*", "_a_ b", "[a](b)", "1. a", "# a", "- a", "a &lt;b&gt; `c`", "~~a~~", "a\\b"])
def test_a_text_that_looks_like_markdown_stays_text(text):
    said = Blocks(_MARKDOWN.render(to_markdown(f"<p>{text}</p>", str))).said
    assert said == Blocks(f"<p>{text}</p>").said
