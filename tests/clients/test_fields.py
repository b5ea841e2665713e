"""Each field is said once: what is derived from it has all of them, and reads each as its kind says."""

import dataclasses
import re
from pathlib import Path

import pytest

from app.cli.clients.registering import register_command, update_command
from app.clients.errors import ClientError
from app.clients.field import ADMIN, CLIENT, OPERATOR
from app.clients.fields import BY_NAME, FIELDS, ClientFields
from app.clients.models import Client
from app.config import settings
from app.org.forms import EditForm, RegisterForm
from tests.tables import each

_ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = {
    "client_name": "Wandering Reader",
    "client_uri": "https://app.example.net",
    "policy_uri": "https://app.example.net/privacy",
    "tos_uri": "https://app.example.net/terms",
    "redirect_uris": ["https://app.example.net/callback"],
    "scope": "memories:read offline_access",
    "token_endpoint_auth_method": "none",
    "application_type": "native",
    "require_pushed_authorization_requests": True,
    "grant_types": ["authorization_code"],
    "jwks": {"keys": []},
    "jwks_uri": "https://app.example.net/jwks.json",
    "client_id": "https://app.example.net/client.json",
}


def test_every_field_has_a_column_of_its_own():
    assert len({one.column for one in FIELDS}) == len(FIELDS)
    assert all(hasattr(Client, one.column) for one in FIELDS)
    assert [one.name for one in FIELDS] == [one.name for one in dataclasses.fields(ClientFields)]


def test_every_field_that_an_admin_may_set_stands_in_a_form(app):
    with app.test_request_context():
        forms = RegisterForm(meta={"csrf": False}), EditForm(meta={"csrf": False})
        missing = [one.name for one in FIELDS if ADMIN in one.said_by and not any(one.name in form for form in forms)]
        assert missing == []
        assert "type" not in forms[1], "A field that stays cannot be edited."


def test_forms_and_the_page_that_members_read_have_the_words_of_the_field(app):
    """A label or a help that is written anywhere else would be a second one."""
    with app.test_request_context():
        for form in (RegisterForm(meta={"csrf": False}), EditForm(meta={"csrf": False})):
            for one in FIELDS:
                if one.name in form:
                    assert form[one.name].label.text == one.label
                    least, most = (f"{bound:,}" for bound in one.bounds(settings())) if one.bounds else ("", "")
                    told = one.help % {"least": least, "most": most} if one.bounds else one.help
                    assert form[one.name].description == told
    page = (_ROOT / "templates" / "org" / "settings_read.html").read_text()
    shown = set(re.findall(r"<dt>(.*?)</dt>", page))
    # The name and the type stand above each of an app's pages, and what may be left out beside each scope.
    elsewhere = {"name", "type", "optional_scopes"}
    assert shown == {f"{{{{ fields.{one.name}.label }}}}" for one in FIELDS if one.name not in elsewhere}
    assert all(one.label and one.help for one in FIELDS)
    assert all(one.option for one in FIELDS if one.name not in ("name", "type"))


@pytest.mark.parametrize("command", [register_command, update_command], ids=["register", "update"])
def test_every_field_that_an_operator_may_set_has_an_option(command):
    options = {parameter.name.rstrip("_") for parameter in command.params}
    settled = {one.name for one in FIELDS if one.stays and command is update_command}
    assert {one.name for one in FIELDS if OPERATOR in one.said_by} & options == {one.name for one in FIELDS} - settled


def test_a_client_says_itself_what_has_a_name_in_json_and_nothing_else():
    assert {one.wire for one in FIELDS if CLIENT in one.said_by} == set(DOCUMENT) - {"client_id"}
    assert all((one.wire is not None) == (CLIENT in one.said_by) for one in FIELDS)


def test_json_is_read_as_the_fields_that_it_names():
    fields = ClientFields.from_json(DOCUMENT, description="Known from elsewhere.").clean()
    assert (fields.name, fields.homepage_url) == ("Wandering Reader", "https://app.example.net")
    assert (fields.type, fields.native_app, fields.require_pushed) == ("public", True, True)
    assert (fields.redirect_uris, fields.scopes) == (["https://app.example.net/callback"], {"memories:read"})
    assert (fields.description, fields.require_pkce, fields.access_token_lifetime) == (
        "Known from elsewhere.",
        False,
        None,
    )


@each(
    ("member", "value", "field", "told"),
    [
        ("client_name", 1, "name", "The member 'client_name' must be a string."),
        ("client_name", None, "name", "The member 'client_name' must be a string."),
        ("redirect_uris", "https://app.example.net/", "redirect_uris", "must be a list of strings."),
        ("redirect_uris", ["https://app.example.net/", 1], "redirect_uris", "must be a list of strings."),
        ("scope", ["memories:read"], "scopes", "must be a string of names"),
        ("token_endpoint_auth_method", "tls_client_auth", "type", "must be 'none' or 'client_secret_basic'"),
        ("jwks", "{}", "jwks", "must be an object with a list of keys."),
        ("application_type", True, "native_app", "must be 'native' or 'web'."),
        ("require_pushed_authorization_requests", "true", "require_pushed", "must be true or false."),
    ],
)
def test_a_member_of_another_type_is_refused_by_its_name(member, value, field, told):
    with pytest.raises(ClientError) as refused:
        ClientFields.from_json(DOCUMENT | {member: value})
    assert (refused.value.field, told in refused.value.sentence) == (field, True)


def test_a_client_cannot_say_what_only_people_may():
    said = DOCUMENT | {"require_pkce": True, "optional_scope": "memories:read", "access_token_lifetime": 5, "None": 1}
    assert ClientFields.from_json(said) == ClientFields.from_json(DOCUMENT)


def test_words_and_a_number_of_seconds():
    kind = BY_NAME["access_token_lifetime"].kind
    assert (kind.from_words("default"), kind.from_words("600")) == (None, 600)
    assert kind.from_json(600) == 600
    for wrong in ("6 0", "-1", "", "1e3", "9" * 10):
        with pytest.raises(ValueError, match="whole number"):
            kind.from_words(wrong)
    for wrong in (True, 1.5, "600", None):
        with pytest.raises(ValueError, match="whole number"):
            kind.from_json(wrong)
