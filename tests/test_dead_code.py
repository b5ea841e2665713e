"""Nothing in ``app`` is there for nobody: vulture looks, and what only a template, a revision or a library uses is told."""

import ast
import re
from pathlib import Path

from vulture import Vulture

from tests.parsed import nodes_of_file

_ROOT = Path(__file__).resolve().parent.parent

_TEMPLATES = _ROOT / "templates"
#: What the frame of every page reads, whatever the page does; see ``app/http/form_problems.py``.
_READ_BY_FRAME = {"error", "errors", "form", "problem"}

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


def unused_imports(text: str) -> list[str]:
    """The macros that a template imports and does not name again."""
    imported = re.findall(r"{% from \S+ import (.+?) %}", text)
    names = [name.split(" as ")[-1].strip() for line in imported for name in line.split(",")]
    return [name for name in names if len(re.findall(rf"\b{name}\b", text)) < 2]


def unread_arguments(text: str) -> list[str]:
    """The arguments of a template's macros that these do not name, nor hand on to what they include."""
    macros = re.findall(r"{% macro (\w+)\((.*?)\) -?%}(.*?)endmacro", text, re.DOTALL)
    return [
        f"{macro}({argument})"
        for macro, arguments, body in macros
        for argument in re.findall(r"(?:^|, )(\w+)", arguments)
        if not re.search(rf"\b{argument}\b", body) and "{% include" not in body
    ]


def words_of_template(name: str) -> set[str]:
    """Every word of a template, and of those that it extends or includes."""
    text = _read_template(name)
    read = re.findall(r'{% (?:extends|include) "(\S+)"', text)
    return set(re.findall(r"\w+", text)).union(*map(words_of_template, read))


def _read_template(name: str) -> str:
    return re.sub(r"{#.*?#}", "", (_TEMPLATES / name).read_text(), flags=re.DOTALL)


def test_a_template_imports_and_takes_nothing_that_it_does_not_read():
    unread = {}
    for path in _TEMPLATES.rglob("*.html"):
        text = _read_template(str(path.relative_to(_TEMPLATES)))
        if found := unused_imports(text) + unread_arguments(text):
            unread[str(path.relative_to(_TEMPLATES))] = found
    assert unread == {}


def test_a_page_is_given_nothing_that_its_template_does_not_read():
    unread, count = [], 0
    for path in (_ROOT / "app").rglob("*.py"):
        if "render_template(" not in path.read_text():
            continue
        for call in nodes_of_file(path):
            if name := _rendered_by(call):
                count += 1
                given = {keyword.arg for keyword in call.keywords if keyword.arg}
                unread += [(name, value) for value in given - words_of_template(name) - _READ_BY_FRAME]
    assert unread == []
    assert count > 100


def _rendered_by(node: ast.AST) -> str | None:
    """The template that a call renders, where the call says so itself."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "render_template":
        return node.args[0].value if isinstance(node.args[0], ast.Constant) else None
    return None


def test_what_a_template_does_not_read_is_seen():
    assert unused_imports('{% from "a.html" import used, left as other %}{{ used() }}{{ left }}') == ["other"]
    assert unread_arguments("{% macro one(a, b=none) %}{{ a }}{% endmacro %}") == ["one(b)"]
