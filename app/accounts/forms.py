"""The forms of sign-in and sign-up. Their rules are those of ``users`` and ``passwords``."""

from collections.abc import Callable

from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, Optional

from app.accounts.organizations import normalize_chosen_name
from app.accounts.passwords import LEAST_LENGTH, MOST_LENGTH, check_password
from app.accounts.users import MOST_EMAIL_LENGTH, MOST_NAME_LENGTH, normalize_email, normalize_name
from app.sentences import _, sentence_of


def normalized(normalize: Callable[[str], str]) -> Callable[[FlaskForm, Field], None]:
    """Returns a validator that puts the normalized text in the field's place, or shows the sentence of the ``ValueError``."""

    def validate(_form: FlaskForm, field: Field) -> None:
        try:
            field.data = normalize(field.data)
        except ValueError as error:
            raise ValidationError(sentence_of(error)) from None

    return validate


def _acceptable_password(form: "SignUpForm | OwnSignUpForm", field: Field) -> None:
    email = form.address if isinstance(form, OwnSignUpForm) else form.email.data
    try:
        check_password(field.data, email or "", form.name.data or "")
    except ValueError as error:
        raise ValidationError(sentence_of(error)) from None


ADDRESS = [InputRequired(_("Enter your e-mail address.")), normalized(normalize_email)]
# Not of the type "email": browsers hold that against ASCII alone, and our rule takes every alphabet (RFC 6531).
TYPED_ADDRESS = {
    "inputmode": "email",
    "autocomplete": "username",
    "autocapitalize": "none",
    "spellcheck": "false",
    "maxlength": MOST_EMAIL_LENGTH,
}
# The last word is what lets a browser offer passkeys in the field.
_OFFERS_PASSKEYS = " ".join(("username", "webauthn"))


#: No maxlength here: a browser would cut a longer password without a word.
NEW_PASSWORD = {
    "description": _(
        "%(least)s to %(most)s characters. A short sentence is easy to remember.",
        least=LEAST_LENGTH,
        most=MOST_LENGTH,
    ),
    "render_kw": {"autocomplete": "new-password", "minlength": LEAST_LENGTH},
}


def known_password(label: str, demand: str) -> PasswordField:
    """Returns the field of a password that there is already; ``demand`` is what is said where it is empty."""
    is_short = Length(max=MOST_LENGTH, message=_("That is too long to be your password."))
    return PasswordField(label, [InputRequired(demand), is_short], render_kw={"autocomplete": "current-password"})


class SignInForm(FlaskForm):
    email = StringField(_("E-mail"), ADDRESS, render_kw=TYPED_ADDRESS | {"autocomplete": _OFFERS_PASSKEYS})
    password = known_password(_("Password"), _("Enter your password."))


class ConfirmSignUpForm(FlaskForm):
    """For whoever opens the letter's link in another browser than the one that sent the form."""

    password = known_password(_("The password that you chose"), _("Enter the password that you chose."))


def own_name(description: str = "") -> StringField:
    """Returns the field of a person's own name."""
    return StringField(
        _("Your name"),
        [InputRequired(_("Enter your name.")), normalized(normalize_name)],
        description=description,
        render_kw={"autocomplete": "name", "maxlength": MOST_NAME_LENGTH},
    )


def _new_password() -> PasswordField:
    return PasswordField(_("Password"), [InputRequired(_("Choose a password.")), _acceptable_password], **NEW_PASSWORD)


class OwnSignUpForm(FlaskForm):
    """For whoever opens the link of a letter that somebody else's sign-up has sent to them."""

    name = own_name()
    password = _new_password()

    #: That the letter went to.
    address: str = ""


class SignUpForm(FlaskForm):
    email = StringField(_("E-mail"), ADDRESS, render_kw=TYPED_ADDRESS)
    name = own_name()
    password = _new_password()
    organization_name = StringField(
        _("Organization"),
        [Optional(), normalized(normalize_chosen_name)],
        description=_("Only if you want to register apps: it will own them, and you will own it."),
        render_kw={"autocomplete": "organization", "maxlength": MOST_NAME_LENGTH},
    )
