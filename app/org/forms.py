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
from app.clients.fields import BY_NAME, FIELDS
from app.clients.models import CONFIDENTIAL, PUBLIC, Client
from app.config import settings
from app.http.moments.zones import zone_name
from app.org.form_fields import WHOLE_NUMBER, LinesField, OnceForm, SecondsField
from app.scopes import PROFILE, SCOPES
from app.sentences import _

_ADDRESS = {"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}


def _words(name: str) -> dict[str, str]:
    """What a form's field says of itself, as the client's field has it."""
    return {"label": BY_NAME[name].label, "description": BY_NAME[name].help}


# Made for each form, so that a label speaks the language of its reader.
def _list_scopes() -> list[SelectChoice]:
    label = Markup("<code>{}</code><br><small>{}</small>")
    return [SelectChoice(name, label.format(name, sentence)) for name, sentence in SCOPES.items()]


def _list_what_may_be_left_out() -> list[SelectChoice]:
    label = Markup("<code>{}</code> {}")
    return [SelectChoice(name, label.format(name, _("may be left out"))) for name in SCOPES]


class ClientForm(FlaskForm):
    """A client's fields, in the order in which a person thinks of them."""

    name = StringField(**_words("name"), render_kw={"required": True, "maxlength": MAX_NAME, "autocomplete": "off"})
    description = TextAreaField(
        **_words("description"), validators=[Optional()], render_kw={"rows": 3, "maxlength": MAX_DESCRIPTION}
    )
    logo = FileField(
        _("Logo"),
        [Optional()],
        description=_("PNG, JPEG or WebP, up to 512 KB; best square. People see it beside the name."),
        render_kw={"accept": "image/png,image/jpeg,image/webp"},
    )
    homepage_url = StringField(**_words("homepage_url"), validators=[Optional()], render_kw=_ADDRESS)
    type = RadioField(
        **_words("type"),
        choices=[
            SelectChoice(CONFIDENTIAL, _("Confidential: it runs on a server of yours, which can keep a secret.")),
            SelectChoice(PUBLIC, _("Public: it runs in a browser, on a phone or a desktop, and cannot keep a secret.")),
        ],
        validate_choice=False,
    )
    redirect_uris = LinesField(
        **_words("redirect_uris"),
        # Not required: an app of devices alone has none.
        render_kw={"rows": 3, "spellcheck": "false", "autocapitalize": "off"},
    )
    request_origins = LinesField(
        **_words("request_origins"),
        validators=[Optional()],
        render_kw={"rows": 2, "spellcheck": "false", "autocapitalize": "off"},
    )
    scopes = SelectMultipleField(
        **_words("scopes"),
        choices=_list_scopes,
        option_widget=CheckboxInput(),
        validate_choice=False,
        # What a new one is told of people, unless an admin wants it not to.
        default=(PROFILE,),
    )
    native_app = BooleanField(**_words("native_app"))
    require_pkce = BooleanField(**_words("require_pkce"))
    require_pushed = BooleanField(**_words("require_pushed"))
    device_flow = BooleanField(**_words("device_flow"))

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
    privacy_url = StringField(**_words("privacy_url"), validators=[Optional()], render_kw=_ADDRESS)
    terms_url = StringField(**_words("terms_url"), validators=[Optional()], render_kw=_ADDRESS)
    optional_scopes = SelectMultipleField(
        **_words("optional_scopes"),
        choices=_list_what_may_be_left_out,
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    jwks = TextAreaField(
        **_words("jwks"),
        validators=[Optional()],
        render_kw={"rows": 4, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"},
    )
    jwks_uri = StringField(**_words("jwks_uri"), validators=[Optional()], render_kw=_ADDRESS)
    published = BooleanField(**_words("published"))
    access_token_lifetime = SecondsField(**_words("access_token_lifetime"), validators=[Optional()])
    refresh_token_lifetime = SecondsField(**_words("refresh_token_lifetime"), validators=[Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in FIELDS:
            if one.bounds is not None:
                least, most = (format(bound, ",") for bound in one.bounds(settings()))
                self[one.name].description = _(one.help, least=least, most=most)

    @classmethod
    def of(cls, client: Client, **how: Any) -> "EditForm":
        """Returns the form as it was sent, or as the client stands; only that with ``formdata=None``."""
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
    ends_on = DateField(_("Last day"), [Optional()])

    def __init__(self, **values: Any):
        super().__init__(**values)
        self.ends_on.description = _("It works until the end of this day (%(zone)s).", zone=zone_name())


class ConfirmForm(FlaskForm):
    """Nothing but the certainty that it is meant."""
