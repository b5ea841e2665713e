"""Reading form-encoded parameters: once each, in UTF-8, and nothing repeated that came from outside."""

from app.oauth.parameters import missing, parse_parameters
from tests.tables import each


def test_names_and_values_are_form_decoded():
    """:rfc:`6749#appendix-B`."""
    parameters = parse_parameters(b"scope=a+b%20c&state=%C3%BC%2B&x%5Fy=1")
    assert parameters.values == {"scope": "a b c", "state": "ü+", "x_y": "1"}
    assert parameters.defects == {}


def test_an_empty_value_is_as_if_it_had_not_been_sent():
    """Parameters sent without a value MUST be treated as if they were omitted (:rfc:`6749#section-3.1`)."""
    parameters = parse_parameters(b"state=&scope&client_id=c")
    assert parameters.values == {"client_id": "c"}
    assert parameters.defects == {}
    assert missing(parameters, ["client_id", "state"]) == "state"
    assert missing(parameters, ["client_id"]) is None


@each("text", [b"", b"&", b"&&", b"=", b"=value", b"=&="])
def test_nothing_is_nothing(text):
    parameters = parse_parameters(text)
    assert (parameters.values, parameters.defects) == ({}, {})


@each("text", [b"scope=a&scope=b", b"scope=a&scope=a", b"scope=&scope=a", b"scope&scope", b"s%63ope=a&scope=b"])
def test_a_repeated_parameter_has_no_value(text):
    """MUST NOT be included more than once (:rfc:`6749#section-3.1`)."""
    parameters = parse_parameters(text)
    assert parameters.values == {}
    assert parameters.find_defect("scope") == "The parameter 'scope' appears more than once."


@each(
    ("value", "problem"),
    [
        (b"%FF", "is not UTF-8."),
        (b"%C3", "is not UTF-8."),
        (b"\xff", "is not UTF-8."),
        (b"%ED%A0%80", "is not UTF-8."),
        (b"a%00b", "contains a NUL character."),
        (b"a%0Ab", "contains a control character."),
        (b"a%0D%0Ab", "contains a control character."),
        (b"a%7Fb", "contains a control character."),
        (b"a%C2%85b", "contains a control character."),
        (b"a" * 4097, "is longer than 4096 characters."),
    ],
    ids=repr,
)
def test_a_value_that_cannot_be_meant_is_a_defect(value, problem):
    parameters = parse_parameters(b"client_id=c&scope=" + value)
    assert parameters.values == {"client_id": "c"}
    assert parameters.find_defect() == f"The parameter 'scope' {problem}"
    assert parameters.find_defect("client_id") is None


def test_state_may_hold_any_character_but_nul():
    assert parse_parameters(b"state=a%0D%0A%09b").values == {"state": "a\r\n\tb"}
    assert parse_parameters(b"state=a%00b").find_defect("state") == "The parameter 'state' contains a NUL character."


def test_the_longest_value_is_taken():
    assert parse_parameters(b"state=" + b"a" * 4096).values["state"] == "a" * 4096


@each("name", ["code", "device_code", "refresh_token", "token"])
def test_what_is_wrong_with_a_credential_is_told_by_its_name(name):
    assert (
        parse_parameters(f"{name}=a&{name}=b".encode()).find_defect()
        == f"The parameter '{name}' appears more than once."
    )


def test_a_name_that_we_do_not_know_is_not_repeated():
    parameters = parse_parameters(b"%3Cscript%3E=1&%3Cscript%3E=2")
    assert parameters.find_defect() == "A parameter appears more than once."


def test_a_name_that_is_not_utf8_is_a_defect():
    assert parse_parameters(b"%FF=1&client_id=c").find_defect() == "A parameter name is not UTF-8."


def test_too_many_parameters_are_not_looked_at():
    parameters = parse_parameters(b"&".join(b"p%d=1" % number for number in range(101)))
    assert parameters.values == {}
    assert parameters.find_defect() == "There are more than 100 parameters."


def test_a_hundred_parameters_are_read():
    assert len(parse_parameters(b"&".join(b"p%d=1" % number for number in range(100))).values) == 100
