"""Nothing that can be sent to a person's pages breaks them: what cannot be is refused or as if it were not there."""

from collections.abc import Iterable

import pytest
from werkzeug.datastructures import ImmutableMultiDict

from app.http.incoming import MOST_FIELDS
from app.personal.mementos.editor import LARGEST_FORM
from tests.actors import Browser
from tests.personal.conftest import post, token_of
from tests.personal.test_rights import ACTS, FILES, PAGES, Things, snapshot, things
from tests.tables import each

__all__ = ["snapshot", "things"]

BAD = {
    "nothing": "",
    "NUL": "a\x00b",
    "control characters": "a\r\nSet-Cookie: x=1\x1b[31m\x7f",
    "100 kB": "x" * 100_000,
    # As short as the shortest field that is kept, so that all of it is shown where it is kept.
    "markup, SQL and a format": "'\"><script>alert(1)</script>' OR 1=1 --{0}%s%n${x}{{7*7}}",
    "turned around": "\u202eabc",
    "not UTF-8": b"\xff\xfe\x80",
    "percent": "%00%ff%zz",
    "a pick of nothing": "f:int_1:",
    "a pick with NUL": "f:int_1:%00",
    "a huge number": "9" * 5000,
    "another superscript": "²",
    "the first day": "0001-01-01T00:00:00+14:00",
    "the last day": "9999-12-31T23:59:59-14:00",
    "a day without a next": "9999-12-31",
}
FIELDS = ("name", "q", "asked", "open", "page", "action", "pick", "shown", "added", "removed", "memento", "memory_ids",
          "memories", "selection", "memento_ids", "writable_ids", "seen", "until", "title", "text", "tags", "folder", "tag",
          "thing", "days", "also", "moment", "holds", "again", "before", "after", "same", "show", "new_integration_ids",
          "new_memory_ids", "new_words", "asked_words")  # fmt: skip

QUERY = ("page", "q", "open", "action", "asked", "after", "source", "folder", "tag", "app", "day", "kind", "memory",
         "moment", "again", "show", "from", "memento")  # fmt: skip

#: What is bad for some fields alone, and for all others one more text: kind -> those that read a moment, or a pick.
_MOMENTS = {"after", "before", "day", "days", "from", "last", "moment", "seen", "since", "until"}
_PICKS = {"action", "added", "also", "asked", "from", "memento", "open", "pick", "removed", "shown", "thing"}
MATTERS_TO = {
    "a pick of nothing": _PICKS,
    "a pick with NUL": _PICKS,
    "the first day": _MOMENTS,
    "the last day": _MOMENTS,
    "a day without a next": _MOMENTS,
}

_PARTS = 4


def answers_a_person(answer) -> bool:
    return answer.status_code in (200, 303, 400, 404, 409, 413, 422) and b"<script>alert" not in answer.data


@pytest.fixture
def read_names(app, monkeypatch) -> set[str]:
    """The names of FIELDS and QUERY that the app has looked for in a query or a form."""
    read, ours = set(), {*FIELDS, *QUERY}

    class Watched(ImmutableMultiDict):
        def get(self, key, *arguments, **named):
            read.update({key} & ours)
            return super().get(key, *arguments, **named)

        def getlist(self, key, *arguments, **named):
            read.update({key} & ours)
            return super().getlist(key, *arguments, **named)

        def __getitem__(self, key):
            read.update({key} & ours)
            return super().__getitem__(key)

        def __contains__(self, key):
            read.update({key} & ours)
            return super().__contains__(key)

        def items(self, *arguments, **named):
            read.update(ours)
            return super().items(*arguments, **named)

    monkeypatch.setattr(app.request_class, "parameter_storage_class", Watched)
    return read


def is_for(bad: str, names: Iterable[str]) -> bool:
    """Whether one of the fields may take it for something."""
    return bad not in MATTERS_TO or not MATTERS_TO[bad].isdisjoint(names)


def all_of(bad: str, names: Iterable[str], read: set[str]) -> dict[str, str | bytes]:
    """The same in every field. What is long only where it is looked at: together they would be refused as too much."""
    return {name: BAD[bad] for name in names if bad != "100 kB" or name in read}


# In several tests, so that none of them is the last one for long.
@pytest.mark.parametrize("part", range(_PARTS))
def test_every_act_survives_every_bad_field(signed_in, things: Things, read_names, anew, subtests, part):
    token = token_of(signed_in)
    editors = [
        ("/account/mementos/new", {"action": action}) for action in ("count", "search", "open:", "page:", "save")
    ]
    for path, data in [*ACTS, *editors][part::_PARTS]:
        with subtests.test(path, data=data):
            read_names.clear()
            # Each editor's one field is the same, so it is tried with the last of them.
            alone = [] if data in [data for _, data in editors[:-1]] else list(data)
            others = [name for name in FIELDS if name not in data]
            for place, bad in enumerate(BAD):
                sent = [{name: BAD[bad]} for name in alone if is_for(bad, [name])]
                # Of two kinds it is found out what an act looks at; what looks at nothing else is asked no more.
                looked_at = read_names.intersection(others)
                if place < 2 or (looked_at and is_for(bad, looked_at)):
                    sent.append(all_of(bad, others, read_names))
                # What one of them ends is there again for the next kind.
                with anew(signed_in):
                    for fields in sent:
                        answer = post(signed_in, things.fill(path), things.fill_all(data) | fields, token)
                        assert answers_a_person(answer), (bad, fields.keys(), answer.status)


def test_an_editor_survives_every_bad_place(signed_in, things):
    token = token_of(signed_in)
    for bad in BAD.values():
        for action in (b"open:", b"page:"):
            sent = {"action": action + (bad.encode() if isinstance(bad, str) else bad)}
            assert answers_a_person(post(signed_in, "/account/mementos/new", sent, token)), sent


def test_every_page_survives_every_bad_parameter(signed_in, things, read_names, subtests):
    for path in [*PAGES, *FILES[:-1]]:
        with subtests.test(path):
            read_names.clear()
            for place, bad in enumerate(BAD):
                # As above: a page that looks at nothing is asked no more.
                if place >= 2 and not read_names:
                    break
                if place >= 2 and not is_for(bad, read_names):
                    continue
                query = all_of(bad, QUERY, read_names)
                # What is filtered by comes first, and what is not there is all that is answered then.
                known = {"source": things.ids["source"], "q": "", "app": things.ids["grant"]}
                for sent in (query, query | known):
                    if sent is not query and read_names.isdisjoint(("source", "app")):
                        continue
                    answer = signed_in.client.get(
                        things.fill(path), query_string=sent, base_url="http://127.0.0.1:8000"
                    )
                    assert answers_a_person(answer), (bad, answer.status)


def test_what_is_looked_at_is_found_out(signed_in, things, read_names):
    """The tests above would pass too if nothing were ever asked a third time."""
    signed_in.get("/account/settings/password/")
    assert read_names == set()
    signed_in.get("/account/memories/?source=x")
    assert {"q", "source", "tag"} <= read_names
    token = token_of(signed_in)
    read_names.clear()
    post(signed_in, "/account/apps/pause-all", {"name": "x"}, token)
    assert read_names == set()
    post(signed_in, things.fill("/account/apps/{grant}/mementos"), {"selection": "all"}, token)
    assert {"memento_ids", "selection", "writable_ids"} <= read_names


@each("id", ["x", "%00", "%ff", "mem_" + "x" * 5000, "..%2f..", "'--", "<script>", "%E2%80%AE", "null"])
def test_an_id_that_is_none_is_404(signed_in, things, id):
    token = token_of(signed_in)
    # Of an address that is a page and an act, or several acts, both are asked once.
    for template in dict.fromkeys([*PAGES, *(path for path, _ in ACTS)]):
        if "{" in template:
            path = template.split("{")[0] + id + template.split("}")[1]
            for answer in (
                signed_in.client.get(path, base_url="http://127.0.0.1:8000"),
                post(signed_in, path, token=token),
            ):
                # 410: a link of a letter that leads nowhere is over.
                assert answer.status_code in (400, 404, 405, 410), path


def test_every_field_twice_is_no_error(signed_in, things):
    token = token_of(signed_in)
    for path, data in ACTS:
        data = {name: [value, value] for name, value in things.fill_all(data).items()}
        assert answers_a_person(post(signed_in, things.fill(path), data, token)), path


def test_json_is_no_form(signed_in, things, snapshot):
    before = snapshot()
    token = token_of(signed_in)
    for path, data in ACTS:
        if data and "delete" not in path:
            answer = signed_in.client.post(
                things.fill(path),
                # There are no files in JSON, only their names.
                json=things.fill_all(data) | ({"files": "Note.md"} if "files" in data else {}),
                headers={"X-CSRFToken": token},
                base_url="http://127.0.0.1:8000",
            )
            assert answers_a_person(answer), path
    assert snapshot() == before


def test_thousands_of_picks_are_one_sentence(signed_in, things):
    picks = [f"m:mry_{number:024}" for number in range(3000)]
    answer = post(signed_in, "/account/mementos/new", {"name": "Many", "action": "save", "added": picks})
    assert answer.status_code == 422 and "more than 500 changes at once" in answer.text
    answer = post(signed_in, "/account/mementos/count", {"added": picks})
    assert answer.status_code == 200


def test_a_body_that_is_too_large_is_said_to_be(signed_in, things):
    assert post(signed_in, "/account/mementos/new", {"name": "x" * (LARGEST_FORM + 1)}).status_code == 413
    named = post(signed_in, "/account/mementos/new", {"name": "x" * 300_000, "action": "save"})
    assert named.status_code == 422 and "shorten it to 100 or fewer" in named.text


def test_only_somebody_may_send_a_large_form(app, signed_in, things):
    """Reading 8 MB takes seconds, and nobody has said yet who they are."""
    stranger = Browser(app)
    large = {"name": "x" * 300_000, "action": "save"}
    for path in ("/account/mementos/new", things.fill("/account/mementos/{memento}/edit"), "/account/mementos/count"):
        sent = {"data": large, "base_url": "http://127.0.0.1:8000"}
        assert stranger.client.post(path, **sent).status_code == 413, path
        # Without a token it is refused, but it was read.
        assert signed_in.client.post(path, **sent).status_code == 400, path


@pytest.mark.parametrize("form", ["a&", "{}=&"])
def test_more_fields_than_any_page_has_are_not_read(signed_in, things, form):
    """A field costs a hundred times what it takes to send: 8 MB of them would be 300 MB."""
    body = "".join(form.format(number) for number in range(MOST_FIELDS + 1))
    sent = {"content_type": "application/x-www-form-urlencoded", "base_url": "http://127.0.0.1:8000"}
    for path in ("/account/mementos/new", "/account/mementos/count", "/sign-out"):
        assert signed_in.client.post(path, data=body, **sent).status_code == 413, path
    fewer = {"added": [str(number) for number in range(MOST_FIELDS - 10)], "name": "Many", "action": "save"}
    assert post(signed_in, "/account/mementos/new", fewer).status_code == 422
