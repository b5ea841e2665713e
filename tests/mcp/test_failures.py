"""What fails on our side, told as the answer to the message: the Python client says nothing but "Server returned an error
response" of any other body.
"""

import pytest
from werkzeug.exceptions import RequestTimeout

from app.database.unavailable import DatabaseUnavailable
from app.mcp import calls
from app.worker import refusals
from tests.tables import each


@pytest.fixture
def fail(monkeypatch):
    """Have each call of a tool fail with an error."""

    def fail(error: Exception) -> None:
        def carry_out(*_args):
            raise error

        monkeypatch.setattr(calls, "_carry_out", carry_out)

    return fail


@each(
    ("error", "status", "code", "kind", "end"),
    [
        (
            DatabaseUnavailable("away", "Away."),
            503,
            503,
            "temporarily_unavailable",
            "just now: try again in 2 seconds.",
        ),
        (RuntimeError("many secrets"), 500, -32603, "server_error", "try again in a moment."),
        (RequestTimeout(), 408, -32600, "invalid_request", "send it again, without pauses."),
    ],
)
def test_a_failure_is_an_answer_to_its_message(agent, fail, error, status, code, kind, end):
    fail(error)
    answer = agent.legacy("tools/call", {"name": "list_mementos"})
    told = answer.json["error"]
    assert (answer.status_code, told["code"], told["data"]) == (status, code, {"error": kind})
    assert answer.json["jsonrpc"] == "2.0" and answer.json["id"] and told["message"].endswith(end)
    assert "secrets" not in answer.text and answer.headers.get("Retry-After") == ("2" if status == 503 else None)


def test_what_is_refused_before_it_is_read_is_told_so_too(app):
    """Nobody has read the body, so nobody knows the id."""
    answer = app.test_client().post("/mcp", environ_overrides={refusals.REFUSED: 413})
    assert (answer.status_code, answer.json["error"]["code"]) == (413, -32600) and "id" not in answer.json
