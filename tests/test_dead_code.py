"""Nothing in ``app`` is there for nobody: vulture looks, and what only a template, a revision or a library uses is told."""

import re
from pathlib import Path

from vulture import Vulture

_ROOT = Path(__file__).resolve().parent.parent

#: What a library calls or reads by its name.
_CALLED_BY_LIBRARIES = {
    "Authlib": "authenticate_token check_endpoint_auth_method check_response_type create_oauth2_request get_client_id"
    " get_default_redirect_uri get_error_uri get_expires_in get_redirect_uri revoke_token send_signal"
    " validate_authorization_request",
    "Flask and Flask-Login": "ensure_sync get_id request_context",
    "gunicorn": "access atoms child_exit handle_error load_config on_exit on_reload on_starting post_fork post_worker_init"
    " pre_fork worker_exit",
    "html.parser": "handle_data handle_endtag handle_starttag",
    "importlib": "create_module exec_module find_spec",
    "io and http.client": "makefile readable readinto",
    "itsdangerous": "get_signature",
    "Jinja and Babel": "_make_node filter_stream",
    "limits": "base_exceptions get_expiry incr",
    "SQLAlchemy": "process_bind_param process_result_value",
    "urllib": "redirect_request",
    "WTForms": "_value process_formdata validate_folder validate_name validate_once validate_scopes validate_tags validate_text"
    " validate_title validate_version",
}


def find_dead(folder: Path, elsewhere: set[str]) -> list[str]:
    """Returns a line for each name of ``folder`` that is used neither in it nor in what stands ``elsewhere``."""
    vulture = Vulture(ignore_decorators=_DECORATORS)
    vulture.scavenge([str(folder)])
    return [
        f"{item.filename.relative_to(folder.parent)} line {item.first_lineno}: {item.typ} {item.name}"
        for item in vulture.get_unused_code(min_confidence=60)
        # What only holds a value may be read by its name: in an answer, a form, or a library. (Told to vulture, the
        # thousands of names would be compared as patterns with each that is defined.)
        if item.typ not in ("variable", "attribute") and item.name not in elsewhere
    ]


_DECORATORS = [
    f"@*.{name}" for name in "get post put patch delete route command before_request before_app_request".split()
]
_DECORATORS += [
    "@*.errorhandler",
    "@*.app_errorhandler",
    "@when_client_ends",
    "@when_app_changes_itself",
    "@compiles",
    "@event.listens_for",
    "@*.inplace.expression",
    "@*.inplace.setter",
    "@operation",
    "@mail_kind",
    "@*.app_template_test",
    "@*.app_template_filter",
]


def words_of(*patterns: str) -> set[str]:
    """Every word of the files."""
    texts = (path.read_text() for pattern in patterns for path in _ROOT.glob(pattern))
    return {word for text in texts for word in re.findall(r"\w+", text)}


def test_nothing_is_there_for_nobody():
    called = {name for names in _CALLED_BY_LIBRARIES.values() for name in names.split()}
    assert find_dead(_ROOT / "app", called | words_of("templates/**/*.*", "migrations/*.py")) == []


def test_what_libraries_are_said_to_call_is_there():
    defined = {name for path in _ROOT.glob("app/**/*.py") for name in re.findall(r"\bdef (\w+)", path.read_text())}
    for library, names in _CALLED_BY_LIBRARIES.items():
        assert set(names.split()) <= defined, library


def test_a_function_that_nobody_calls_is_seen(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "x.py").write_text("def used():\n    pass\n\n\ndef forgotten():\n    pass\n\n\nused()\n")
    assert find_dead(tmp_path / "app", set()) == ["app/x.py line 5: function forgotten"]
