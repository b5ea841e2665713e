"""Each rule of the house objects to a small bad module, and to nothing in a small good one."""

import ast

from tests.tables import each
from tests.test_architecture import (
    RULES,
    Module,
    a_rollback_undoes_what_failed,
    every_module_opens_with_a_sentence,
    functions_fit_on_a_screen,
    imports_point_down,
    imports_stand_at_the_top,
    keys_come_from_joserfc,
    names_say_something,
    only_http_files_touch_the_request,
    only_the_application_says_what_a_request_may_write,
    only_the_clock_reads_time,
    only_the_outermost_commits,
    only_the_protocol_imports_authlib,
    records_are_structs,
    the_clock_is_read_through_its_module,
    the_protocol_knows_no_flask,
    who_raises_says_so,
    who_returns_says_so,
)

#: (rule, module, source, what the sentence says); None where the rule has nothing to object to.
EXAMPLES = [
    (imports_point_down, "app.accounts.users", "from app.clients.registration import register_client", "imports up"),
    (imports_point_down, "app.accounts.users", "import app.clients.registration", "imports up"),
    (imports_point_down, "app.accounts.users", "from app import oauth", "imports up"),
    (imports_point_down, "app.accounts.users", "from app import create_app", "imports up"),
    (imports_point_down, "app.memories.mementos", "def f():\n    from app.oauth import scopes", "imports up"),
    (imports_point_down, "app.scopes", "from app.oauth.server import server", "imports up"),
    (imports_point_down, "app.clients.models", "from app.consents import choice", "imports up"),
    (imports_point_down, "app.consents.models", "from app.oauth.tokens import code", "imports up"),
    (imports_point_down, "app.oauth.tokens.access", "from app.oauth.endpoints import token", "imports up"),
    (imports_point_down, "app.http.web", "from app.audit import events", "imports up"),
    (imports_point_down, "app.org.views", "from app.api.me import me", "imports sideways"),
    (imports_point_down, "app.personal.views", "from app.org import access", "imports sideways"),
    (imports_point_down, "app.api.me", "from app.org import access", "imports sideways"),
    (imports_point_down, "app.http.health", "from app.org import access", "imports up"),
    (imports_point_down, "app.newcomer", "", "app.newcomer has no layer"),
    (imports_point_down, "app.oauth.server", "from app.newcomer import x", "has no layer"),
    (imports_point_down, "app.org.views", "from app.clients.registration import register_client", None),
    (imports_point_down, "app.org.views", "from app.org.access import require_admin", None),
    (
        imports_point_down,
        "app.oauth.endpoints.token",
        "from app.oauth.endpoints.decision.forms import DecisionForm",
        None,
    ),
    (imports_point_down, "app.http.web", "from app.config import settings", None),
    (imports_point_down, "app.demonstration.local", "from app import create_app, serving", None),
    (imports_stand_at_the_top, "app.org.views", "def f():\n    import json", "deferred import"),
    (imports_stand_at_the_top, "app.org.views", "class C:\n    from json import loads", "deferred import"),
    (imports_stand_at_the_top, "app.org.views", "def f():\n    from app.database import rows", "deferred import"),
    (imports_stand_at_the_top, "app.database.url", "def f():\n    from psycopg import pq", None),
    (imports_stand_at_the_top, "app", "def create_app():\n    from app import web", None),
    (only_the_protocol_imports_authlib, "app.org.views", "from authlib.oauth2 import OAuth2Error", "imports authlib"),
    (only_the_protocol_imports_authlib, "app.clients.registration", "import authlib", "imports authlib"),
    (only_the_protocol_imports_authlib, "app.oauth.checks.pkce", "import authlib", None),
    (keys_come_from_joserfc, "app.oauth.server", "from authlib.jose import JsonWebKey", "joserfc"),
    (the_protocol_knows_no_flask, "app.oauth.exchange", "from flask import current_app", "imports flask.current_app"),
    (the_protocol_knows_no_flask, "app.oauth.grants.bearer", "from app.config import settings", "as an argument"),
    (the_protocol_knows_no_flask, "app.oauth.checks.pkce", "from app.extensions import db", "as an argument"),
    (the_protocol_knows_no_flask, "app.oauth.checks", "from flask_login import current_user", "as an argument"),
    (the_protocol_knows_no_flask, "app.oauth.exchange", "from app.http.services import services", "as an argument"),
    (the_protocol_knows_no_flask, "app.operations.memories", "from app.extensions import db", "as an argument"),
    (the_protocol_knows_no_flask, "app.oauth.exchange", "from app.config import Settings", None),
    (the_protocol_knows_no_flask, "app.oauth.server", "from flask import Response", None),
    (only_http_files_touch_the_request, "app.accounts.users", "from flask import g, request", "flask.request"),
    (only_http_files_touch_the_request, "app.oauth.checks.pkce", "import flask\nx = flask.request.args", "touches"),
    (only_http_files_touch_the_request, "app.accounts.views", "from flask import request", None),
    (only_the_outermost_commits, "app.accounts.users", "def f():\n    db.session.commit()", "commits"),
    (only_the_outermost_commits, "app.accounts.views", "def f():\n    db.session.commit()", None),
    (a_rollback_undoes_what_failed, "app.org.views", "def f():\n    db.session.rollback()", "where nothing failed"),
    (
        a_rollback_undoes_what_failed,
        "app.org.views",
        "try:\n    f()\nexcept ValueError:\n    db.session.rollback()",
        None,
    ),
    (
        only_the_application_says_what_a_request_may_write,
        "app.org.views",
        "from app.database.access import set_access",
        "imports set_access",
    ),
    (
        only_the_application_says_what_a_request_may_write,
        "app.http.application",
        "from app.database.access import set_access",
        None,
    ),
    (only_the_clock_reads_time, "app.http.web", "import datetime\nx = datetime.datetime.now()", "use clock.now()"),
    (
        only_the_clock_reads_time,
        "app.http.web",
        "from datetime import datetime\nx = datetime.utcnow",
        "use clock.now()",
    ),
    (only_the_clock_reads_time, "app.http.web", "import time\nx = time.time()", "use clock.now()"),
    (only_the_clock_reads_time, "app.http.web", "from time import time\nx = time()", "use clock.now()"),
    (only_the_clock_reads_time, "app.http.web", "from sqlalchemy import func\nx = func.now()", "use clock.now()"),
    (only_the_clock_reads_time, "app.clock", "from datetime import datetime\nx = datetime.now()", None),
    (the_clock_is_read_through_its_module, "app.http.web", "from app.clock import now", "cannot replace"),
    (records_are_structs, "app.org.access", "from dataclasses import dataclass, field", "take msgspec.Struct"),
    (records_are_structs, "app.clients.fields", "from dataclasses import dataclass", None),
    (names_say_something, "app.oauth.token_utils", "", "says nothing"),
    (names_say_something, "app.common.x", "", "says nothing"),
    (names_say_something, "app.oauth.tokens", "", None),
    (functions_fit_on_a_screen, "app.org.views", "def show():\n" + "    x = 1\n" * 50, "show has 51 lines"),
    (functions_fit_on_a_screen, "app.org.views", "def show():\n" + "    x = 1\n" * 49, None),
    (who_raises_says_so, "app.org.access", "def f():\n    raise ValueError('x')", "does not say what"),
    (who_raises_says_so, "app.org.access", "def f():\n    'Raises ``ValueError``.'\n    raise ValueError('x')", None),
    (who_raises_says_so, "app.org.access", "def _f():\n    raise ValueError('x')", None),
    (who_returns_says_so, "app.org.access", "def f() -> bool:\n    'Whether it is so.'", "“Returns whether …”"),
    (who_returns_says_so, "app.org.access", "def f() -> bool:\n    'Returns whether it is so.'", None),
    (who_returns_says_so, "app.org.access", "def f() -> bool:\n    'Add one, if it is so.'", None),
    (who_returns_says_so, "app.org.access", "def f() -> None:\n    'What the loop calls.'", None),
    (who_returns_says_so, "app.org.access", "@property\ndef f() -> bool:\n    'Whether it is so.'", None),
    (every_module_opens_with_a_sentence, "app.http.web", "x = 1", "has no docstring"),
    (every_module_opens_with_a_sentence, "app.http.web", "'''Web stuff'''", "no sentence"),
    (every_module_opens_with_a_sentence, "app.http.web", "'''What every answer shares.'''", None),
]


@each(("rule", "name", "source", "sentence"), EXAMPLES)
def test_the_rule_sees(rule, name, source, sentence):
    found = list(rule(Module(name, ast.parse(source))))
    if sentence is None:
        assert found == []
    else:
        assert len(found) == 1 and sentence in found[0] and name in found[0]


def test_no_rule_is_without_an_example():
    assert {rule for rule, *_, sentence in EXAMPLES if sentence} == set(RULES)
