"""A point in time is written in one way on every page: in the time zone of the account, or in UTC and said so."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import g, render_template_string

from app.database.types import UtcDateTime
from app.extensions import db
from app.http.moments import plain_minute
from app.http.moments.zones import day_of, find_zone, start_of
from tests.tables import each

_ROOT = Path(__file__).resolve().parents[2]
_AT = datetime(2026, 5, 3, 23, 5, 9, 123, tzinfo=UTC)
_TEMPLATES = sorted((_ROOT / "templates").rglob("*.html"))
#: How else a template could write a point in time.
_BY_HAND = re.compile(r"strftime|isoformat|<time\b|\.(day|month|year|hour|minute|second|timetuple|ctime|date)\b(?!\w)")
#: What makes text of a point in time.
_WRITTEN = re.compile(
    r"\|\s*(day|minute|second|plain_day|plain_minute|stamp|for_script|iso_day|iso_minute|iso_exact)\b"
)
_DATE_IN_A_SENTENCE = re.compile(r"strftime|\{[^{}'\"]*(_at|\bat|until|day)(:%[^}]*)?\}|:%[YdBmH]")


@pytest.fixture
def write(app):
    def write(template: str, at=_AT) -> str:
        with app.app_context():
            return render_template_string(template, at=at)

    return write


@pytest.mark.parametrize(
    ("precision", "text"),
    [("day", "3 May 2026 UTC"), ("minute", "3 May 2026, 23:05 UTC"), ("second", "3 May 2026, 23:05:09 UTC")],
)
def test_a_point_in_time_is_an_element_that_programs_can_read_and_says_utc(write, precision, text):
    element = f'<time datetime="2026-05-03T23:05:09Z" data-precision="{precision}">{text}</time>'
    assert write(f"{{{{ at | {precision} }}}}") == element


def test_another_offset_is_written_in_utc(write):
    at = _AT.astimezone(timezone(timedelta(hours=9)))
    assert write("{{ at | minute }}", at) == write("{{ at | minute }}")


def test_where_no_element_may_stand_the_text_is_the_same(write):
    assert write("{{ at | plain_day }} {{ at | stamp }}") == "3 May 2026 UTC 2026-05-03T23:05:09Z"
    assert write("{{ at | plain_minute }}") == "3 May 2026, 23:05 UTC"


def test_fields_and_addresses_carry_what_programs_read(write):
    at = _AT.astimezone(timezone(timedelta(hours=9)))
    assert write("{{ at | iso_day }} {{ at | iso_minute }}", at) == "2026-05-03 2026-05-03T23:05"
    assert write("{{ at | iso_exact }}", at) == "2026-05-03T23:05:09.000123+00:00"


@pytest.fixture
def write_for(app):
    """What somebody reads whose account names a time zone."""

    def write(template: str, time_zone: str | None, at=_AT) -> str:
        with app.test_request_context():
            g._login_user = SimpleNamespace(time_zone=time_zone)
            return render_template_string(template, at=at)

    return write


@each(
    ("zone", "day", "minute", "second"),
    [
        ("Europe/Zurich", "4 May 2026", "4 May 2026, 01:05 CEST", "4 May 2026, 01:05:09 CEST"),
        ("America/New_York", "3 May 2026", "3 May 2026, 19:05 EDT", "3 May 2026, 19:05:09 EDT"),
        ("Asia/Kathmandu", "4 May 2026", "4 May 2026, 04:50 UTC+5:45", "4 May 2026, 04:50:09 UTC+5:45"),
        ("America/Sao_Paulo", "3 May 2026", "3 May 2026, 20:05 UTC\u22123", "3 May 2026, 20:05:09 UTC\u22123"),
        ("UTC", "3 May 2026", "3 May 2026, 23:05 UTC", "3 May 2026, 23:05:09 UTC"),
    ],
)
def test_whose_account_names_a_time_zone_reads_everything_in_it(write_for, zone, day, minute, second):
    at = '<time datetime="2026-05-03T23:05:09Z" title="3 May 2026, 23:05 UTC">'
    exact = at.replace(" UTC", ":09 UTC")
    assert write_for("{{ at | day }}", zone) == f"{at}{day}</time>"
    assert write_for("{{ at | minute }}", zone) == f"{at}{minute}</time>"
    assert write_for("{{ at | second }}", zone) == f"{exact}{second}</time>"
    assert write_for("{{ at | plain_day }}; {{ at | plain_minute }}", zone) == f"{day}; {minute}"
    assert write_for('<option{{ at | for_script("day") }}>', zone) == "<option>"


def test_a_time_zone_that_this_machine_does_not_know_is_none(write_for):
    for zone in (None, "Atlantis/Capital", "../x"):
        assert write_for("{{ at | plain_minute }} {{ time_zone_name() }}", zone) == "3 May 2026, 23:05 UTC UTC"


@each(
    ("zone", "at", "day"),
    [
        ("America/New_York", datetime(1, 1, 1, tzinfo=UTC), "0001-01-01"),
        ("Pacific/Kiritimati", datetime.max.replace(tzinfo=UTC), "9999-12-31"),
    ],
)
def test_what_is_no_moment_by_the_clocks_of_a_zone_is_written_in_utc(write_for, zone, at, day):
    """A secret may work until the last day that there is, and an address may name the first."""
    assert write_for("{{ at | iso_day }} {{ at | iso_minute }}", zone, at).startswith(f"{day} {day}T")
    for name in ("day", "minute", "second"):
        assert str(at.year) in write_for(f"{{{{ at | {name} }}}}", zone, at)


def test_a_letter_names_the_time_zone_of_who_gets_it(write):
    with_zone = "{{ at | plain_day(zone) }}; {{ at | plain_minute(zone) }}"
    assert write(with_zone.replace("zone", "none")) == "3 May 2026 UTC; 3 May 2026, 23:05 UTC"
    assert plain_minute(_AT, find_zone("Europe/Zurich")) == "4 May 2026, 01:05 CEST"


def test_a_day_begins_at_its_first_moment_also_when_the_clocks_leave_out_midnight(app):
    with app.test_request_context():
        g._login_user = SimpleNamespace(time_zone="Africa/Cairo")
        # 24 April 2026: 00:00 is 01:00.
        assert start_of(date(2026, 4, 24)) == datetime(2026, 4, 23, 22, tzinfo=UTC)
        assert day_of(start_of(date(2026, 4, 24))) == date(2026, 4, 24)
        assert start_of(date(2026, 4, 25)) - start_of(date(2026, 4, 24)) == timedelta(hours=23)


def test_a_time_without_a_zone_is_a_mistake_of_ours(write):
    with pytest.raises(ValueError, match="aware"):
        write("{{ at | day }}", _AT.replace(tzinfo=None))


# -- nobody writes it in another way -------------------------------------------------------------


def _columns_of_time() -> set[str]:
    """The name of every column that is a point in time, and what pages call it."""
    columns = {
        column.name
        for table in db.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, UtcDateTime)
    }
    return columns | {"at", "since", "until", "present", "minute"}


def find_raw_dates(template: str) -> list[str]:
    """What in a template writes a point in time by hand, or shows one unwritten."""
    text = re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
    # Which page it is about may be called like a part of a time.
    text = re.sub(r'url_for\("[^"]*"', "url_for(", text)
    found = [match.group() for match in _BY_HAND.finditer(text)]
    names = "|".join(sorted(_columns_of_time(), key=len, reverse=True))
    for shown in [*re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL), *_values_of_sentences(text)]:
        # What a condition asks is not shown.
        shown = re.sub(r"\bif\b.*?(\belse\b|$)", "", shown)
        if re.search(rf"(\.|^\s*)({names})\s*(\)?\s*(\||$))", shown) and not _WRITTEN.search(shown):
            found.append(shown.strip())
    return found


def _values_of_sentences(text: str) -> list[str]:
    """What is shown inside a marked sentence: the values of ``{% trans at=… %}``."""
    tags = re.findall(r"\{%-?\s*trans\b(.*?)-?%\}", text, re.DOTALL)
    return [value for tag in tags for value in re.findall(r"=((?:[^,()]|\([^()]*\))*)", tag)]


@each("path", _TEMPLATES, ids=lambda path: str(path.relative_to(_ROOT / "templates")))
def test_no_template_writes_a_date_by_hand(path):
    assert find_raw_dates(path.read_text()) == []


@each(
    "template",
    [
        '{{ at.strftime("%Y") }}',
        "{{ at.isoformat() }}",
        "<time>today</time>",
        "{{ consent.issued_at }}",
        "{{ at }}",
        "{{ (a.revoked_at or b.expires_at) }}",
        "{{ since.day }}",
        "{{ entry.until | upper }}",
        "{% trans name=app.name, time=consent.issued_at %}{{ name }}, {{ time }}{% endtrans %}",
    ],
)
def test_the_rule_for_templates_sees(template):
    assert find_raw_dates(template)


def test_no_sentence_of_the_code_holds_a_date():
    """A sentence that is made in Python is text, which no script makes local. Programs and logs read ISO 8601."""
    found = [
        f"{path.relative_to(_ROOT)}:{number}: {line.strip()}"
        for path in sorted((_ROOT / "app").rglob("*.py"))
        if path.parent.name != "moments"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if _DATE_IN_A_SENTENCE.search(line)
    ]
    assert found == []


def test_every_page_has_the_script_that_makes_times_local(app):
    for path in ("/", "/sign-in", "/guide/", "/nothing-here"):
        assert re.search(r'<script src="/static/js/moments\.js[^"]*" defer></script>', app.test_client().get(path).text)


# -- in a browser --------------------------------------------------------------------------------


@pytest.fixture
def read(app, chromium, write_for):
    """What somebody in a time zone reads of a template, with each element's title."""
    contexts = []

    def read(template: str, zone: str, *, script: bool = True, account: str | None = None):
        context = chromium.new_context(timezone_id=zone, java_script_enabled=script)
        contexts.append(context)
        tab, client = context.new_page(), app.test_client()
        scripts = '<script src="/static/js/moments.js" defer></script>'
        html = write_for(f"<!doctype html><title>x</title>{scripts}{template}", account)

        def answer(route):
            path = route.request.url.removeprefix("http://127.0.0.1")
            if path == "/page":
                return route.fulfill(body=html, content_type="text/html; charset=utf-8")
            return route.fulfill(body=client.get(path).data, content_type="text/javascript")

        tab.route("**/*", answer)
        tab.goto("http://127.0.0.1/page")
        return tab

    yield read
    for context in contexts:
        context.close()


_ALL = "<main>{{ at | day }}; {{ at | minute }}; {{ at | second }}</main>"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Europe/Zurich", "4 May 2026; 4 May 2026, 01:05 CEST; 4 May 2026, 01:05:09 CEST"),
        ("America/New_York", "3 May 2026; 3 May 2026, 19:05 GMT\u22124; 3 May 2026, 19:05:09 GMT\u22124"),
        ("Asia/Kathmandu", "4 May 2026; 4 May 2026, 04:50 GMT+5:45; 4 May 2026, 04:50:09 GMT+5:45"),
        ("UTC", "3 May 2026; 3 May 2026, 23:05 UTC; 3 May 2026, 23:05:09 UTC"),
    ],
)
def test_a_reader_sees_the_time_of_their_own_zone_and_its_name(read, zone, text):
    tab = read(_ALL, zone)
    assert tab.locator("main").inner_text() == text
    assert tab.locator("time").nth(0).get_attribute("title") == "3 May 2026, 23:05 UTC"
    assert tab.locator("time").nth(2).get_attribute("title") == "3 May 2026, 23:05:09 UTC"


@pytest.mark.browser
@pytest.mark.parametrize("account", ["Europe/Zurich", "UTC"])
def test_no_script_takes_a_date_out_of_the_time_zone_of_the_account(read, account):
    script, none = (read(_ALL, "Asia/Tokyo", account=account, script=script) for script in (True, False))
    assert script.locator("main").inner_text() == none.locator("main").inner_text()
    assert ("CEST" if account == "Europe/Zurich" else "23:05 UTC") in script.locator("main").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("chosen", "own", "offered"),
    [
        ("", "Asia/Tokyo", "Asia/Tokyo"),
        ("Europe/Berlin", "Europe/Paris", "Europe/Paris"),
        ("Asia/Tokyo", "Asia/Tokyo", ""),
        # Browsers call it Asia/Calcutta.
        ("Asia/Kolkata", "Asia/Kolkata", ""),
    ],
)
def test_the_time_zone_of_the_browser_is_offered_unless_it_is_chosen(read, chosen, own, offered):
    form = (
        f'<form id="own-time-zone" data-chosen="{chosen}" hidden><input type="hidden" name="time_zone">'
        '<button>Use <span></span></button></form><script src="/static/js/time-zone.js"></script>'
    )
    tab = read(form, own)
    assert tab.locator("form").is_visible() == bool(offered)
    assert tab.locator("input").input_value() == offered


@pytest.mark.browser
def test_without_a_script_the_reader_is_told_that_it_is_utc(read):
    text = "3 May 2026 UTC; 3 May 2026, 23:05 UTC; 3 May 2026, 23:05:09 UTC"
    assert read(_ALL, "Asia/Tokyo", script=False).locator("main").inner_text() == text


@pytest.mark.browser
def test_the_day_in_an_option_is_local_too(read):
    select = (
        '{% from "macros/oauth.html" import end_options %}'
        '<select>{{ end_options([{"value": "keep", "label": "As it is now, until", "at": at}]) }}</select>'
    )
    assert read(select, "Asia/Tokyo").locator("option").inner_text() == "As it is now, until 4 May 2026"


@pytest.mark.browser
def test_what_a_page_fetches_later_is_local_too(read):
    tab = read("<main></main><template>{{ at | minute }}</template>", "Asia/Tokyo")
    tab.evaluate("document.querySelector('main').append(document.querySelector('template').content)")
    assert tab.locator("main").inner_text() == "4 May 2026, 08:05 GMT+9"
