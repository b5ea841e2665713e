"""A process that is killed with -9 between two statements leaves all of a transaction or nothing, on both databases.

The quick part: what gives tokens. ``tests/fleet/test_killed.py`` does the same to every other transaction.
"""

import pytest

from app.recent import Recent
from tests.robustness.dying import count_ends, dump, kill_after, statements_of


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


@pytest.fixture(params=["looked up", "seen"], autouse=True)
def client(request, notebook, signed_in, monkeypatch) -> None:
    """Whether a process that is killed has seen the client a moment ago: then it looks nothing up beforehand."""
    if request.param == "seen":
        notebook.tokens(signed_in)
    else:
        monkeypatch.setattr(Recent, "find", lambda self, key: None)


def test_a_code_whose_exchange_died_is_redeemable_until_it_was_committed(app, notebook, signed_in):
    """:rfc:`6749#section-4.1.2`: it is used at most once, and a client that got no answer tries again."""
    code = notebook.code(signed_in)
    counted = statements_of(app, lambda: notebook.exchange(code))
    assert count_ends(counted) == 1
    for k in range(1, len(counted) + 1):
        code, before = notebook.code(signed_in), dump(app)
        kill_after(app, lambda code=code: notebook.exchange(code), k)
        after, again = dump(app), notebook.exchange(code)
        if not count_ends(counted[:k]):
            assert after == before, counted[k - 1]
            assert again.status_code == 200 and notebook.is_alive(again.json["access_token"])
        else:
            # It was redeemed, though nobody heard of it: to the server this is a replay.
            assert after != before
            assert (again.status_code, again.json["error"]) == (400, "invalid_grant")


def test_a_refresh_that_died_can_be_repeated_whether_it_was_committed_or_not(app, notebook, signed_in):
    """Within the grace the same successor is given again: no session is lost for an answer that was."""
    tokens = notebook.tokens(signed_in)
    counted = statements_of(app, lambda: notebook.refresh(tokens["refresh_token"]))
    assert count_ends(counted) == 1
    for k in range(1, len(counted) + 1):
        tokens, before = notebook.tokens(signed_in), dump(app)
        kill_after(app, lambda token=tokens["refresh_token"]: notebook.refresh(token), k)
        assert (dump(app) == before) == (not count_ends(counted[:k])), counted[k - 1]
        again = notebook.refresh(tokens["refresh_token"])
        assert again.status_code == 200
        assert notebook.is_alive(tokens["access_token"]) and notebook.is_alive(again.json["access_token"])
        assert notebook.refresh(again.json["refresh_token"]).status_code == 200
