"""Every kind of letter there is: its links are the issuer's whatever a request said, and nothing is fetched by reading it.

Whoever adds a kind adds a line to ``tests/mail/examples.py``.
"""

import re

import pytest
from flask import request

from app.extensions import db
from app.mail.kinds import _kinds, get_kind
from app.mail.letter import Letter
from app.mail.rendering import Rendered, render_letter
from tests.actors import Browser
from tests.mail.examples import EXAMPLES
from tests.tables import each

_ISSUER = "http://127.0.0.1:8000"
_ELSEWHERE = {"base_url": "https://evil.example", "headers": {"X-Forwarded-Host": "evil.example"}}
#: By which a mail program would ask somebody for something as soon as the letter is read.
_FETCHES = re.compile(
    r"<(?:img|link|script|iframe|object|embed|video|audio|form|base)\b|\bsrc=|url\(|@import|background="
)


def find_faults(rendered: Rendered) -> list[str]:
    """Returns what is wrong with a letter that was written while a request came from elsewhere."""
    in_text = re.findall(r"https?://[^\s<>]+", rendered.text)
    in_html = re.findall(r'href="([^"]*)"', rendered.html)
    whole = f"{rendered.subject}\n{rendered.text}\n{rendered.html}"
    faults = [
        f"a link leads to {one}" for one in in_text + in_html if one != _ISSUER and not one.startswith(f"{_ISSUER}/")
    ]
    if "evil.example" in whole:
        faults.append("it has what the request said")
    if {one.rstrip(".,") for one in in_text} != {one.replace("&amp;", "&") for one in in_html}:
        faults.append(f"the text has the links {in_text}, and the HTML {in_html}")
    if _FETCHES.search(rendered.html):
        faults.append("reading it fetches something")
    if re.search(r"<time|&[a-z]+;|</", rendered.text):
        faults.append("the text has HTML in it")
    if not 5 <= len(rendered.subject) <= 120 or "\n" in rendered.subject:
        faults.append(f"the subject is {rendered.subject!r}")
    return faults


def test_every_kind_of_letter_has_an_example(app):
    told = {name.partition("/")[0] for name in EXAMPLES}
    assert set(_kinds) == told, "Give each kind of letter a line in tests/mail/examples.py."


@each("example", sorted(EXAMPLES))
def test_no_letter_and_no_link_is_made_of_what_a_request_says(app, alice, example):
    with app.app_context():
        to, facts = EXAMPLES[example](alice)
        db.session.commit()
    with app.test_request_context("/", **_ELSEWHERE):
        assert request.host == "evil.example"
        letter = get_kind(example.partition("/")[0]).compose(db.session(), to, facts)
        assert letter is not None, "The example writes no letter."
        rendered = render_letter(letter)
        db.session.rollback()
    assert find_faults(rendered) == []


def test_a_letter_that_is_made_of_what_a_request_says_is_found(app):
    with app.test_request_context("/", **_ELSEWHERE):
        bad = Rendered(
            f"Hello from {request.host}",
            f"{request.host_url}reset\n",
            f'<a href="{request.host_url}reset">{request.host}</a><img src="/x">',
        )
    assert len(find_faults(bad)) == 4


def test_at_issuer_takes_paths_alone(app):
    with app.app_context():
        at_issuer = app.jinja_env.globals["at_issuer"]
    assert at_issuer("/sign-in?next=/") == f"{_ISSUER}/sign-in?next=/"
    for other in ("//evil.example/", "https://evil.example/", "sign-in", ""):
        with pytest.raises(ValueError, match="path"):
            at_issuer(other)


def test_a_subject_is_one_line_whatever_is_in_it(app):
    with app.app_context():
        rendered = render_letter(Letter("One\r\nBcc: eve@example.com", "trial"))
    assert rendered.subject == "One Bcc: eve@example.com"


def test_a_link_that_is_asked_for_at_another_host_is_the_issuers(app, alice, sent_mail):
    """Whatever a proxy, or a stranger, writes into ``Host``: the letter that comes of it leads to us."""
    browser = Browser(app, host="evil.example")
    asked = browser.submit(browser.get("/forgotten-password"), email=alice.email)
    assert asked.status_code in (200, 303)
    [letter] = [one for one in sent_mail() if one.kind == "password_reset"]
    assert find_faults(Rendered(letter.subject, letter.text, letter.html)) == []
    assert letter.link("/reset-password/")
