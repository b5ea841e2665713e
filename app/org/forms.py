"""The forms about apps. What their fields may hold is decided in ``clients.fields``, as for commands."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from markupsafe import Markup
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import CheckboxInput

from app.clients.errors import ClientError
from app.clients.field_problems import MAX_DESCRIPTION, MAX_LABEL, MAX_NAME
from app.clients.fields import BY_NAME, FIELDS, access_token_bounds, refresh_token_bounds
from app.clients.models import CONFIDENTIAL, PUBLIC, Client
from app.config import settings
from app.org.form_fields import WHOLE_NUMBER, LinesField, OnceForm, SecondsField
from app.scopes import SCOPES
from app.sentences import _

_ADDRESS = {"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}


# Made for each form, so that a label speaks the language of its reader.
def _list_scopes() -> list[SelectChoice]:
    label = Markup("<code>{}</code><br><small>{}</small>")
    return [SelectChoice(name, label.format(name, sentence)) for name, sentence in SCOPES.items()]


def _list_what_may_be_left_out() -> list[SelectChoice]:
    label = Markup("<code>{}</code> {}")
    return [SelectChoice(name, label.format(name, _("may be left out"))) for name in SCOPES]


class ClientForm(FlaskForm):
    """A client's fields, in the order in which a person thinks of them."""

    name = StringField(
        _("Name"),
        description=_("People see it when they decide what the app may do."),
        render_kw={"required": True, "maxlength": MAX_NAME, "autocomplete": "off"},
    )
    description = TextAreaField(
        _("Description"),
        [Optional()],
        description=_(
            "What the app does with people's memories. Up to %(most)s characters.",
            most=MAX_DESCRIPTION,
        ),
        render_kw={"rows": 3, "maxlength": MAX_DESCRIPTION},
    )
    logo = FileField(
        _("Logo"),
        [Optional()],
        description=_("PNG, JPEG or WebP, up to 512 KB; best square. People see it beside the name."),
        render_kw={"accept": "image/png,image/jpeg,image/webp"},
    )
    homepage_url = StringField(
        _("Landing page"),
        [Optional()],
        description=_(
            "Where people can read what the app does and how it uses what they share, as in https://app.example.com."
            " They can follow it where they decide."
        ),
        render_kw=_ADDRESS,
    )
    type = RadioField(
        _("Type"),
        description=_("This cannot be changed later."),
        choices=[
            SelectChoice(CONFIDENTIAL, _("Confidential: it runs on a server of yours, which can keep a secret.")),
            SelectChoice(PUBLIC, _("Public: it runs in a browser, on a phone or a desktop, and cannot keep a secret.")),
        ],
        validate_choice=False,
    )
    redirect_uris = LinesField(
        _("Redirect URIs"),
        description=_(
            "Where people come back to in your app, one address a line, each exactly as your app sends it:"
            " https://app.example.com/callback, or http://127.0.0.1:5000/callback while you build."
        ),
        render_kw={"rows": 3, "required": True, "spellcheck": "false", "autocapitalize": "off"},
    )
    request_origins = LinesField(
        _("Authorized request origins"),
        [Optional()],
        description=_(
            "Only for an app that calls us from a web page (CORS): the origins of its pages, one a line, as in"
            " https://app.example.com, without a path."
        ),
        render_kw={"rows": 2, "spellcheck": "false", "autocapitalize": "off"},
    )
    scopes = SelectMultipleField(
        _("Scopes"),
        description=_("What the app may ask people for; below each name, what they read. Tick only what it needs."),
        choices=_list_scopes,
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    native_app = BooleanField(
        _("Native app"),
        description=_(
            "It runs on people's own devices and listens on any free port: the port of an http address on 127.0.0.1,"
            " [::1] or localhost may then differ from the registered one."
        ),
    )
    require_pkce = BooleanField(
        _("Require PKCE"),
        description=_("Refuse requests without a code_challenge. Public apps must always send one."),
    )

    def fields(self) -> dict[str, Any]:
        """Returns what was filled in, of the fields that stand in this form, as ``register_client`` takes it."""
        filled_in = {one.name: self[one.name].data for one in FIELDS if one.name in self}
        return {name: BY_NAME[name].default if value is None else value for name, value in filled_in.items()}

    def show_problems(self, error: ClientError) -> None:
        """Put each of the error's sentences at its field, or beside all fields if it is about none of them."""
        for name, sentence in error.problems:
            if name in self:
                self[name].errors = [*self[name].errors, sentence]
            else:
                self.form_errors.append(sentence)


class RegisterForm(ClientForm, OnceForm):
    """A new client."""

    def ask_for_logo_again(self) -> None:
        """Say that the file has to be chosen again, when something else is wrong: a browser does not keep it."""
        if self.errors and self.logo.data and not self.logo.errors:
            self.logo.errors = [_("Choose the file again: it was not kept, as something else is not right yet.")]


class EditForm(ClientForm):
    """An existing client, whose type stays. ``version`` is the one that the form was filled in from."""

    type = None
    # It has a form of its own, LogoForm, so that it can be changed or removed alone.
    logo = None
    version = HiddenField()
    privacy_url = StringField(
        _("Privacy policy"),
        [Optional()],
        description=_("Its address. People can follow it where they decide."),
        render_kw=_ADDRESS,
    )
    terms_url = StringField(
        _("Terms of use"),
        [Optional()],
        description=_("Their address. It stands beside the privacy policy."),
        render_kw=_ADDRESS,
    )
    optional_scopes = SelectMultipleField(
        _("Scopes that people may leave out"),
        description=_("Of the scopes above, those that people can untick when they decide. The others are required."),
        choices=_list_what_may_be_left_out,
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    access_token_lifetime = SecondsField(_("Access tokens live"), [Optional()])
    refresh_token_lifetime = SecondsField(_("Refresh tokens live"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field, bounds in (
            (self.access_token_lifetime, access_token_bounds(settings())),
            (self.refresh_token_lifetime, refresh_token_bounds(settings())),
        ):
            least, most = (format(bound, ",") for bound in bounds)
            field.description = _(
                "In seconds, from %(least)s to %(most)s. Leave it empty for the server's own, %(most)s.",
                least=least,
                most=most,
            )

    @classmethod
    def of(cls, client: Client, **how: Any) -> "EditForm":
        """The form as it was sent, or as the client stands; only that with ``formdata=None``."""
        present = {one.name: one.kind.for_form(getattr(client, one.column)) for one in FIELDS}
        return cls(data=present | {"version": client.version}, **how)

    def validate_version(self, field: Field) -> None:
        if not field.raw_data or not WHOLE_NUMBER.fullmatch(field.data or ""):
            raise ValidationError(_("This page was not sent whole. Look it over and send it again."))


class LogoForm(FlaskForm):
    """The logo of an app that is registered."""

    logo = ClientForm.logo


class SecretForm(OnceForm):
    """One more secret."""

    label = StringField(
        _("Label"),
        [Optional()],
        description=_("To tell your secrets apart: where it will be used, as in “production”."),
        render_kw={"maxlength": MAX_LABEL, "autocomplete": "off"},
    )


class SecretEndForm(FlaskForm):
    ends_on = DateField(_("Last day"), [Optional()], description=_("It works until the end of this day, UTC."))


class ConfirmForm(FlaskForm):
    """Nothing but the certainty that it is meant."""
