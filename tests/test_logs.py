"""What is logged, and what never is."""

import io
import logging
import re

import pytest

from app import logs

_TOKEN = "rlq_at_" + "0123456789abcdef" * 4


@pytest.fixture
def written(monkeypatch):
    """What reaches standard error through the one handler."""
    stream = io.StringIO()
    monkeypatch.setattr(logs.handler, "stream", stream)
    logs.configure()
    return stream.getvalue


def test_a_record_is_one_line_whatever_it_says(written):
    logging.getLogger("app.web").warning("Bad path %s", "/a\r\n2026 INFO forged\x1b[31m\u2028")
    assert written().endswith(" app.web: Bad path /a\\r\\n2026 INFO forged\\x1b[31m\\u2028\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+Z WARNING \[\d+\] [^\n]+\n", written())


def test_a_traceback_is_in_the_line(written):
    try:
        raise ZeroDivisionError("no")
    except ZeroDivisionError:
        logging.getLogger("app.web").exception("Unexpected")
    assert written().count("\n") == 1
    assert "ZeroDivisionError: no" in written() and "test_logs.py" in written()


def test_a_credential_is_never_written(written):
    logging.getLogger("gunicorn.error").propagate = True
    logging.getLogger("anything").error("Invalid request line: GET /?code=%s", _TOKEN)
    try:
        raise ValueError(f"no such token: {_TOKEN}")
    except ValueError:
        logging.getLogger("anything").exception("Unexpected")
    assert "rlq_at_…" in written()
    assert _TOKEN[-64:] not in written()


def test_authlib_cannot_print_tokens_however_low_the_level(written, caplog):
    """Its DEBUG records hold the whole token response."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("authlib.oauth2.rfc6749.grants.authorization_code").debug("Issue token %r", {"secret": "s3cret"})
    assert "s3cret" not in written() + caplog.text
    # Nor when somebody asks for exactly that.
    child = logging.getLogger("authlib.oauth2.rfc6749.grants.refresh_token")
    child.setLevel(logging.DEBUG)
    try:
        child.debug("Issue token %r", {"secret": "s3cret"})
    finally:
        child.setLevel(logging.NOTSET)
    assert "s3cret" not in written()


def test_our_own_notes_are_written(written):
    logging.getLogger("app.purge").info("3 rows removed")
    assert "INFO" in written() and "3 rows removed" in written()


def test_setting_up_twice_changes_nothing(written):
    logs.configure()
    logging.getLogger("app").warning("once")
    assert written().count("once") == 1
