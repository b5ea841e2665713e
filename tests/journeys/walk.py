"""What a person does on our screens, with a real browser."""

from typing import Any

from playwright.sync_api import Locator, Page

from app.accounts.organizations import find_organization
from app.accounts.sessions import start_session
from app.accounts.users import find_user_by_email
from app.clients.models import find_client
from app.clients.registration import register_client
from app.config import settings
from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.database.connections import connect
from app.extensions import db
from app.memories.mementos import list_mementos
from tests.server import Server

ALICE, BOB = "alice@example.com", "bob@example.com"


def follow(control: Locator) -> None:
    """Press a link or a form's button, and be on the page it leads to: a click alone returns before that."""
    with control.page.expect_navigation():
        control.click()


def sign_in(page: Page, email: str, password: str) -> None:
    """Fill in the sign-in form that is shown."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    follow(page.get_by_role("button", name="Sign in", exact=True))


def enter(page: Page, server: Server, email: str, *, at: str | None = None) -> None:
    """Be signed in as this person, as the form leaves a browser, where signing in is not what is looked at.

    ``at`` is the server's address, if it is another than its URL.
    """
    with server.app.app_context():
        browser = {"address": "127.0.0.1", "user_agent": page.evaluate("navigator.userAgent")}
        credential = start_session(find_user_by_email(email), **browser)
        db.session.commit()
        signer = server.app.session_interface.get_signing_serializer(server.app)
        name, value = server.app.config["SESSION_COOKIE_NAME"], signer.dumps({"_user_id": credential, "_fresh": True})
    page.context.add_cookies(
        [{"name": name, "value": value, "url": at or server.url, "httpOnly": True, "sameSite": "Lax"}]
    )


def choose(page: Page, *memento_names: str) -> None:
    """Tick mementos on the picker and go on."""
    for name in memento_names:
        page.get_by_role("checkbox", name=name).check()
    follow(page.get_by_role("button", name="Continue").last)


def authorize(page: Page) -> None:
    """Sign the summary."""
    follow(page.get_by_role("button", name="Authorize"))
    page.get_by_role("heading", name="Back at the app").wait_for()


def allow(page: Page, authorization_url: str, *, email: str, password: str, mementos: tuple[str, ...]) -> None:
    """All of it, from the app's link to back at the app."""
    page.goto(authorization_url)
    if "/sign-in" in page.url:
        sign_in(page, email, password)
    if "/mementos" in page.url:
        choose(page, *mementos)
    if "/consent" in page.url:
        authorize(page)


def have_allowed(server: Server, client_id: str, scope: str, *memento_names: str) -> None:
    """Let Alice have allowed an app to look through these mementos, as the screens leave it, or everything without names."""
    with server.app.app_context():
        user_id = find_user_by_email(ALICE).id
        ids = [memento.id for memento in list_mementos(user_id) if memento.name in memento_names]
        assert len(ids) == len(memento_names)
        db.session.remove()
        with connect(db.engine) as connection, connection.transaction():
            give_consent(
                connection,
                user_id=user_id,
                client_key=find_client(connection, client_id).key,
                scope=scope,
                choice=Choice("selected", dict.fromkeys(ids, False)) if ids else Choice("all"),
            )


def register_television(server: Server) -> str:
    """Returns the client id of a public app of Acme's that asks by devices alone."""
    return register_of_acme(server, name="Acme Television", type="public", device_flow=True)


def register_of_acme(server: Server, **fields: Any) -> str:
    """Returns the client id of another app of Acme's, which reads memories."""
    with server.app.app_context():
        client, _secret = register_client(
            db.session(),
            settings(),
            organization=find_organization("acme"),
            **{"scopes": ["memories:read"]} | fields,
        )
        db.session.commit()
        return client.client_id
