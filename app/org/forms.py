"""The forms of the dashboard. What their fields may hold is decided in ``oauth.client_fields``, as for commands."""

import re
from typing import Any

from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import CheckboxInput

from app.oauth.client_fields import MAX_DESCRIPTION, MAX_NAME
from app.oauth.clients import ClientError
from app.oauth.models.client import CONFIDENTIAL, PUBLIC, Client
from app.oauth.scopes import SCOPES, parse_scope
from app.org.once import is_token, new_token

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class LinesField(TextAreaField):
    """A list of texts, one a line. Space around a line and empty lines do not count."""

    def _value(self) -> str:
        return "\n".join(self.data or [])

    def process_formdata(self, valuelist):
        lines = _LINE_BREAK.split(valuelist[0]) if valuelist else []
        self.data = [line.strip(" \t") for line in lines if line.strip(" \t")]


class OnceForm(FlaskForm):
    """A form that acts once (see :mod:`app.org.once`)."""

    once = HiddenField(default=new_token)

    def validate_once(self, field):
        # A field that was not sent holds its default, a token that nobody has seen.
        if not field.raw_data or not is_token(field.data):
            field.data = new_token()
            raise ValidationError("This page was not sent whole. Look it over and send it again.")


class ClientForm(FlaskForm):
    """A client's fields, in the order in which a person thinks of them."""

    name = StringField(
        "Name",
        description="People see it when they decide what the app may do.",
        render_kw={"required": True, "maxlength": MAX_NAME, "autocomplete": "off"},
    )
    description = TextAreaField(
        "Description",
        [Optional()],
        description=f"What the app does with people's memories. Up to {MAX_DESCRIPTION} characters.",
        render_kw={"rows": 3, "maxlength": MAX_DESCRIPTION},
    )
    homepage_url = StringField(
        "Homepage",
        [Optional()],
        description="Where people can read about the app, as in https://app.example.com.",
        render_kw={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"},
    )
    type = RadioField(
        "Type",
        description="This cannot be changed later.",
        choices=[
            SelectChoice(CONFIDENTIAL, "Confidential: it runs on a server of yours, which can keep a secret."),
            SelectChoice(PUBLIC, "Public: it runs in a browser, on a phone or a desktop, and cannot keep a secret."),
        ],
        validate_choice=False,
    )
    redirect_uris = LinesField(
        "Redirect URIs",
        description="Where people come back to in your app, one address a line, each exactly as your app sends it:"
        " https://app.example.com/callback, or http://127.0.0.1:5000/callback while you build.",
        render_kw={"rows": 3, "required": True, "spellcheck": "false", "autocapitalize": "off"},
    )
    scopes = SelectMultipleField(
        "Scopes",
        description="What the app may ask people for; below each name, what they read. Tick only what it needs.",
        choices=[
            SelectChoice(name, Markup("<code>{}</code><br><small>{}</small>").format(name, sentence))
            for name, sentence in SCOPES.items()
        ],
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    native_app = BooleanField(
        "Native app",
        description="It runs on people's own devices and listens on any free port:"
        " the port of an http address on 127.0.0.1, [::1] or localhost may then differ from the registered one.",
    )
    require_pkce = BooleanField(
        "Require PKCE",
        description="Refuse requests without a code_challenge. Public apps must always send one.",
    )

    def fields(self) -> dict[str, Any]:
        """What was filled in, as ``register_client`` takes it."""
        return {
            "name": self.name.data or "",
            "description": self.description.data or "",
            "homepage_url": self.homepage_url.data or "",
            "redirect_uris": self.redirect_uris.data,
            "scopes": self.scopes.data or [],
            "native_app": self.native_app.data,
            "require_pkce": self.require_pkce.data,
        } | ({"type": self.type.data or ""} if self.type else {})

    def show_problems(self, error: ClientError) -> None:
        """Put each of the error's sentences at its field."""
        for name, sentence in error.problems:
            field = self[name]
            field.errors = [*field.errors, sentence]


class RegisterForm(ClientForm, OnceForm):
    """A new client."""


class EditForm(ClientForm):
    """An existing client, whose type stays."""

    type = None

    @classmethod
    def of(cls, client: Client) -> "EditForm":
        """The form as the client stands, or as it was sent."""
        return cls(obj=client, scopes=sorted(parse_scope(client.scope)))


class RotateForm(OnceForm):
    """Nothing but the certainty that it acts once."""
