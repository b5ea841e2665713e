"""The libraries that the guide has a whole program for: each a folder of ``templates/guide/libraries``.

What stands there is what the tests run, with the version that is told here.
"""

import json

from flask import render_template
from msgspec import Struct

from app.clients.models import CONFIDENTIAL, PUBLIC
from app.config import Settings
from app.guide.apps import ExampleApp, made_up_app

#: The command that runs the programs of a kind, as the page tells.
MAKE_TEST, MAKE_TEST_CLIENTS = "make test", "make test-clients"


class Library(Struct, frozen=True):
    """One library. ``version`` is what the tests ran it in, ``run_by`` how; ``files`` are names and languages."""

    name: str
    title: str
    type: str
    version: str
    run_by: str
    files: tuple[tuple[str, str], ...]
    #: The path of the redirect URI, where the library decides that.
    callback_path: str = ""


LIBRARIES = (
    Library("authlib", "Authlib", CONFIDENTIAL, "Authlib 1.9", MAKE_TEST, (("app.py", "python"),)),
    Library(
        "requests-oauthlib",
        "requests-oauthlib",
        CONFIDENTIAL,
        "requests-oauthlib 2.0",
        MAKE_TEST,
        (("app.py", "python"),),
    ),
    Library(
        "python-social-auth",
        "python-social-auth",
        CONFIDENTIAL,
        "social-auth-core 7.0.0",
        MAKE_TEST_CLIENTS,
        (("memories.py", "python"), ("settings.py", "python"), ("views.py", "python")),
        "/complete/memories/",
    ),
    Library(
        "openid-client", "openid-client", CONFIDENTIAL, "openid-client 6.9.0", MAKE_TEST_CLIENTS, (("app.mjs", "js"),)
    ),
    Library(
        "authjs",
        "Auth.js",
        CONFIDENTIAL,
        "@auth/express 0.12.3",
        MAKE_TEST_CLIENTS,
        (("app.mjs", "js"),),
        "/auth/callback/memories",
    ),
    Library(
        "passport-oauth2",
        "passport-oauth2",
        CONFIDENTIAL,
        "passport-oauth2 1.8.0",
        MAKE_TEST_CLIENTS,
        (("app.mjs", "js"),),
    ),
    Library(
        "oidc-client-ts", "oidc-client-ts", PUBLIC, "oidc-client-ts 3.5.0", MAKE_TEST_CLIENTS, (("memories.js", "js"),)
    ),
    Library(
        "spring-security",
        "Spring Security",
        CONFIDENTIAL,
        "Spring Boot 4.0.7",
        MAKE_TEST_CLIENTS,
        (("application.yaml", "yaml"), ("Reader.java", "java")),
        "/login/oauth2/code/memories",
    ),
    Library("go", "Go", CONFIDENTIAL, "golang.org/x/oauth2 v0.38.0", MAKE_TEST_CLIENTS, (("main.go", "go"),)),
)

#: The same for an agent, which is on a page of its own.
AGENT = Library("mcp", "MCP", PUBLIC, "mcp 2.3", MAKE_TEST, (("agent.py", "python"),))
#: What is no client: a whole service that enforces mementos on its own records.
MEMORY_SERVICE = Library(
    "memory-service",
    "A memory service",
    CONFIDENTIAL,
    "Flask 3.1 and requests 2.34",
    MAKE_TEST,
    (("service.py", "python"),),
)


class File(Struct, frozen=True):
    """A file of a program."""

    name: str
    language: str
    text: str


def render_library(library: Library, app: ExampleApp, settings: Settings) -> list[File]:
    """Returns the program with the app's values, or with made-up ones where the app is of the other type."""
    fitting = app if app.type == library.type else made_up_app(library.type)
    return [
        File(
            name,
            language,
            render_template(
                f"guide/libraries/{library.name}/{name}",
                app=fitting,
                issuer=settings.issuer,
                is_https=settings.is_https,
                quoted=json.dumps,
            ).strip()
            + "\n",
        )
        for name, language in library.files
    ]
