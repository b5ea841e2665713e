"""Who acts in the tests. ``Browser`` is a person's browser: it follows links and submits the forms it was shown."""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from secrets import token_hex
from types import SimpleNamespace
from typing import cast
from urllib.parse import urlencode, urljoin, urlsplit

from flask import Flask
from flask.sessions import SessionMixin
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.accounts.sessions import start_session
from app.extensions import db
from app.mail.sending import send_due
from tests.mailbox import Mailbox, SentLetter, wait_for_local_letter

#: The forms, the buttons that belong to one and stand elsewhere, and what says where ``main`` begins and ends.
_OF_FORMS = re.compile(r"<form\b.*?</form>|<button\b[^>]*\sform=.*?</button>|</?main\b[^>]*>", re.DOTALL)


@dataclass(frozen=True)
class Person:
    """Somebody with an account, and the password only they know."""

    id: str
    email: str
    name: str
    password: str


@dataclass
class Form:
    """A form as it stood in a page. ``values`` are what it would send untouched, ``choices`` all it offers."""

    method: str = "get"
    action: str = ""
    values: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list["Button"] = field(default_factory=list)
    in_main: bool = False
    id: str = ""


@dataclass
class Button:
    text: str = ""
    name: str = ""
    value: str = ""


class Browser:
    """One browser with its cookies, without JavaScript, at the address the issuer names.

    ``host`` is what the last proxy on the way writes as ``Host``, when it does not keep the browser's own.
    """

    def __init__(self, app: Flask, *, address: str = "127.0.0.1", host: str | None = None):
        self._app = app
        #: Who has entered, as long as nobody signs in or out by a form.
        self.person: Person | None = None
        self.client = app.test_client()
        self._base_url = app.extensions["services"].settings.issuer
        self._environ = {"REMOTE_ADDR": address} | ({"HTTP_HOST": host} if host else {})

    def get(self, path: str, **kwargs) -> TestResponse:
        """Open a path of ours, without following redirects."""
        return self._open(path, method="GET", **kwargs)

    def follow(self, response: TestResponse, *, most: int = 10) -> TestResponse:
        """Follow redirects as long as they stay with us; the page, or the redirect that leads elsewhere."""
        for _ in range(most):
            if response.status_code not in (301, 302, 303, 307, 308):
                return response
            target = urljoin(self._address_of(response), response.location)
            if not target.startswith(self._base_url + "/"):
                return response
            response = self.get(target)
        raise AssertionError(f"More than {most} redirects.")

    def follow_once(self, response: TestResponse) -> TestResponse:
        """Where one redirect of ours leads."""
        assert response.location, f"{response.status} is no redirect."
        return self.get(urljoin(self._address_of(response), response.location))

    def submit(
        self, page: TestResponse, *, action: str | None = None, press: str | None = None, **fields
    ) -> TestResponse:
        """Fill in and send a form of the page, with its hidden fields. The answer comes unfollowed.

        The form is the one in ``main`` that has all the fields, narrowed by ``action`` (its path) and ``press``
        (the text of the button). A list gives a field several values, None or [] unticks it.
        """
        form = find_form(page, action=action, press=press, names=fields)
        data = MultiDict((name, value) for name, value in form.values if name not in fields)
        for name, value in fields.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                if one is not None:
                    data.add(name, _chosen(form, name, one))
        button = next((button for button in form.buttons if press in (None, button.text)), None)
        if button is not None and button.name and button.name not in data:
            data.add(button.name, button.value)
        return self._send(page, form, data)

    def end_app(self, grant_id: str, **answer) -> TestResponse:
        """End a connection on the page that asks what becomes of what it has added; which is kept unless said."""
        path = f"/account/apps/{grant_id}/disconnect"
        return self.submit(self.get(path), action=path, **answer)

    def sign_in(self, email: str, password: str, *, next: str = "/") -> TestResponse:
        """Sign in through the form; the answer to it, which is a redirect to ``next`` when all is well."""
        self.person = None
        page = self.get("/sign-in?" + urlencode({"next": next}))
        return self.submit(page, email=email, password=password)

    def enter(self, person: Person) -> None:
        """Be signed in as this person, as the form leaves a browser, without the two requests that it takes."""
        if not isinstance(self.client, FlaskClient):
            # A running server signs its cookies itself.
            self.sign_in(person.email, person.password)
            return
        with self._app.app_context():
            # Nothing but their id is asked of a person.
            user = cast(User, SimpleNamespace(id=person.id))
            credential = start_session(user, address=self._environ["REMOTE_ADDR"], user_agent="")
            db.session.commit()
        sessions = self._app.session_interface
        signed = sessions.get_signing_serializer(self._app).dumps({"_user_id": credential, "_fresh": True})
        self.client.set_cookie(sessions.get_cookie_name(self._app), signed, domain=self._cookie_host())
        self.person = person

    def make_token(self) -> str:
        """A token against forgery that is good for each form that this browser would be shown now."""
        if not isinstance(self.client, FlaskClient):
            page = self.follow(self.get("/sign-in"))
            return next(value for form in find_forms(page.text) for name, value in form.values if name == "csrf_token")
        sessions = self._app.session_interface
        kept = self.client.get_cookie(sessions.get_cookie_name(self._app), domain=self._cookie_host())
        secret = kept and sessions.get_signing_serializer(self._app).loads(kept.value).get("csrf_token")
        if not secret:
            with self._session() as session:
                secret = session.setdefault("csrf_token", token_hex(20))
        return URLSafeTimedSerializer(self._app.secret_key, salt="wtf-csrf-token").dumps(secret)

    def sign_up(self, email: str, password: str, *, next: str = "/", **fields) -> TestResponse:
        """Sign up through the form and the letter; the answer, which leads to ``next`` when all is well."""
        return self.finish_sign_up(
            self.get("/sign-up?" + urlencode({"next": next})), email, password=password, **fields
        )

    def finish_sign_up(self, page: TestResponse, email: str, **fields) -> TestResponse:
        """Fill in the form of this page, and follow the link of the letter that comes of it."""
        self.person = None
        answer = self.submit(page, press="Create account", email=email, **{"name": "Dora Dorn"} | fields)
        assert answer.location and answer.location.startswith("/sign-up/letter"), answer.text
        return self.submit(self.get(self.find_letter(email).link("/sign-up/confirm/")), press="Finish and sign in")

    def find_letter(self, email: str) -> SentLetter:
        """The letter that goes out to this address now."""
        if isinstance(self.client, FlaskClient):
            mailbox = Mailbox()
            send_due(self._app, mailbox)
            for letter in reversed(mailbox.letters):
                if letter.to == email:
                    return letter
            # A running server with the same database may have been quicker.
        return wait_for_local_letter(self._app, email)

    def sign_out(self) -> TestResponse:
        """Sign out through the button of the home page."""
        self.person = None
        return self.submit(self.get("/"), action="/sign-out")

    def _cookie_host(self) -> str:
        """Whose cookies are sent: those of the host that is asked for."""
        return urlsplit("//" + self._environ.get("HTTP_HOST", urlsplit(self._base_url).netloc)).hostname or ""

    def _session(self) -> AbstractContextManager[SessionMixin]:
        return self.client.session_transaction("/", base_url=self._base_url, environ_overrides=self._environ)

    def _send(self, page: TestResponse, form: Form, data: MultiDict) -> TestResponse:
        # A form without an action goes back to where it came from, query string and all.
        target = urljoin(self._address_of(page), form.action)
        if form.method == "get":
            return self.get(urljoin(target, "?" + urlencode(list(data.items(multi=True)))))
        sent = {"Origin": self._base_url, "Referer": self._address_of(page)}
        return self._open(target, method="POST", data=data, headers=sent)

    def _address_of(self, response: TestResponse) -> str:
        """What the address bar shows of a page of ours, whatever stood in ``Host``."""
        parts = urlsplit(response.request.url)
        return self._base_url + parts.path + (f"?{parts.query}" if parts.query else "")

    def _open(self, path: str, **kwargs) -> TestResponse:
        parts = urlsplit(urljoin(self._base_url + "/", path))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        assert f"{parts.scheme}://{parts.netloc}" == self._base_url, f"{path} is not a path of ours."
        return self.client.open(target, base_url=self._base_url, environ_overrides=self._environ, **kwargs)


def find_form(page: TestResponse, *, action: str | None = None, press: str | None = None, names=()) -> Form:
    """The form of the page with these fields, this action, this button; an AssertionError says what there was."""
    forms = find_forms(page.text)
    found = [
        form
        for form in forms
        if all(name in form.choices for name in names)
        and (action is None or urlsplit(form.action).path == action)
        and (press is None or any(button.text == press for button in form.buttons))
    ]
    preferred = [form for form in found if form.in_main] or found
    assert preferred, f"No form with fields {list(names)}, action {action}, button {press} ({page.status}): {forms}"
    return preferred[0]


def find_forms(html: str) -> list[Form]:
    """Every form of a page."""
    reader = _FormReader()
    is_plain = "<!--" not in html and html.count("<form") == html.count("</form>")
    # What stands around the forms is most of a page, and reading it takes most of the time.
    reader.feed("".join(_OF_FORMS.findall(html)) if is_plain else html)
    reader.close()
    return reader.forms


def _chosen(form: Form, name: str, value) -> str:
    if value is True:
        offered = form.choices[name]
        assert offered, f"{name} has no value to tick."
        return offered[0]
    return value if isinstance(value, str | bytes) else str(value)


class _FormReader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._main = 0
        self._button: Button | None = None
        self._textarea: list[str] | None = None
        self._name = ""
        self._select: str | None = None
        self._selected = False

    def handle_starttag(self, tag, attributes):
        attributes = {name: value or "" for name, value in attributes}
        if tag == "main":
            self._main += 1
        elif tag == "form":
            self._form = Form(attributes.get("method", "get").lower(), attributes.get("action", ""))
            self._form.id = attributes.get("id", "")
            self._form.in_main = self._main > 0
            self.forms.append(self._form)
        elif tag == "button" and "form" in attributes:
            # It belongs to a form that stands before it, wherever it lies itself.
            self._button = Button("", attributes.get("name", ""), attributes.get("value", ""))
            next(form for form in self.forms if form.id == attributes["form"]).buttons.append(self._button)
        elif self._form is not None and "disabled" not in attributes:
            read = getattr(self, f"_read_{tag}", None)
            if read is not None:
                read(attributes)

    def handle_endtag(self, tag):
        if tag == "main":
            self._main -= 1
        elif tag == "form":
            self._form = None
        elif tag == "button" and self._button is not None:
            self._button.text = " ".join(self._button.text.split())
            self._button = None
        elif tag == "textarea" and self._textarea is not None:
            # HTML reads every line break as one letter, and drops one after the opening tag.
            text = "".join(self._textarea).replace("\r\n", "\n").replace("\r", "\n")
            self._add(self._name, text.removeprefix("\n"))
            self._textarea = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data):
        if self._textarea is not None:
            self._textarea.append(data)
        elif self._button is not None:
            self._button.text += data

    def _read_input(self, attributes):
        kind, name = attributes.get("type", "text").lower(), attributes.get("name", "")
        if kind == "submit":
            self._form.buttons.append(Button(attributes.get("value", ""), name, attributes.get("value", "")))
        elif name and kind in ("checkbox", "radio"):
            self._offer(name, attributes.get("value", "on"))
            if "checked" in attributes:
                self._form.values.append((name, attributes.get("value", "on")))
        elif name and kind not in ("button", "reset", "image", "file"):
            self._add(name, attributes.get("value", ""))

    def _read_button(self, attributes):
        if attributes.get("type", "submit") == "submit":
            self._button = Button("", attributes.get("name", ""), attributes.get("value", ""))
            self._form.buttons.append(self._button)

    def _read_textarea(self, attributes):
        self._name, self._textarea = attributes.get("name", ""), []

    def _read_select(self, attributes):
        self._select, self._selected = attributes.get("name", ""), False
        self._form.choices.setdefault(self._select, [])

    def _read_option(self, attributes):
        if not self._select:
            return
        value = attributes.get("value", "")
        first = not self._form.choices[self._select]
        self._offer(self._select, value)
        if "selected" in attributes and first is False and not self._selected:
            self._form.values = [(name, kept) for name, kept in self._form.values if name != self._select]
        if "selected" in attributes or first:
            self._form.values.append((self._select, value))
            self._selected = "selected" in attributes

    def _add(self, name: str, value: str):
        self._offer(name, value)
        self._form.values.append((name, value))

    def _offer(self, name: str, value: str):
        self._form.choices.setdefault(name, []).append(value)
