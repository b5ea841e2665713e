"""The forms about organizations and the people in them."""

from typing import Self

from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, Optional

from app.accounts.forms import TYPED_ADDRESS, normalized
from app.accounts.invitations import MOST_LABEL_LENGTH
from app.accounts.organizations import MOST_NAME_LENGTH, normalize_chosen_name, normalize_organization_name
from app.accounts.users import normalize_email
from app.once import identifier_of_new, new_token
from app.org.forms import OnceForm
from app.sentences import _

ROLE_SENTENCES = {
    "member": _("Member: sees the apps, the people and the audit log."),
    "admin": _("Admin: also registers and changes apps, and invites people."),
    "owner": _("Owner: also makes owners, and may delete the organization."),
}


class _OffersRoles:
    """A form on which somebody picks a role."""

    role: RadioField

    def offer(self, roles: list[str]) -> Self:
        """Returns the form, on which these roles can be picked."""
        self.role.choices = [SelectChoice(role, ROLE_SENTENCES[role]) for role in roles]
        return self


class InviteForm(_OffersRoles, OnceForm):
    label = StringField(
        _("For whom"),
        [Optional()],
        description=_("A name or an address, so that your colleagues know whose link this is."),
        render_kw={"maxlength": MOST_LABEL_LENGTH, "autocomplete": "off"},
    )
    role = RadioField(_("Role"), choices=[], default="member", validate_choice=False)


class LetterForm(_OffersRoles, OnceForm):
    """An invitation that goes by letter."""

    email = StringField(
        _("E-mail"),
        [InputRequired(_("Enter the address of whom you invite.")), normalized(normalize_email)],
        render_kw=TYPED_ADDRESS | {"autocomplete": "off"},
    )
    role = RadioField(_("Role"), choices=[], default="member", validate_choice=False)


class OrganizationForm(FlaskForm):
    """A new organization."""

    name = StringField(
        _("Name"),
        [InputRequired(_("Give the organization a name."))],
        description=_("It will own the apps that you register in it, and you will own it."),
        render_kw={"maxlength": MOST_NAME_LENGTH, "autocomplete": "organization"},
    )
    once = HiddenField(default=new_token)

    def validate_name(self, field: Field) -> None:
        normalized(normalize_organization_name if current_user.is_operator else normalize_chosen_name)(self, field)

    def read_id(self, user_id: str) -> str:
        """Returns the id of the organization that this page makes: the same name, sent twice, is one organization."""
        return identifier_of_new("org", self.once.data, user_id, self.name.data or "")
