"""Whose request it is: the address that a trusted proxy tells, without what is no part of it."""

import socket

import pytest
from flask import Flask, request
from msgspec import structs

from app import create_app
from app.http.addresses import plain_address, say_hidden
from app.http.doors import PAGE
from app.limits.networks import network_of
from app.limits.table import STRANGER_SIGN_INS
from tests.actors import Browser
from tests.tables import each

#: As proxies write it -> the address.
WRITTEN = [
    ("192.0.2.52", "192.0.2.52"),
    ("192.0.2.52:40000", "192.0.2.52"),
    (" 192.0.2.52:40000 ", "192.0.2.52"),
    ('"192.0.2.52:40000"', "192.0.2.52"),
    ("2001:db8::1", "2001:db8::1"),
    ("2001:DB8:0::1", "2001:db8::1"),
    ("[2001:db8::1]", "2001:db8::1"),
    ("[2001:db8::1]:4711", "2001:db8::1"),
    ("::ffff:192.0.2.52", "192.0.2.52"),
    ("[::ffff:192.0.2.52]:4711", "192.0.2.52"),
    ("fe80::1%eth0", "fe80::1"),
    ("unknown", None),
    ("_hidden", None),
    ("_hidden:4711", None),
    ("", None),
    ("localhost:80", None),
    ("192.0.2.999", None),
    ("192.0.2.52:port", None),
    ("[192.0.2.52", None),
    ("x" * 10_000, None),
]


@each(("written", "address"), WRITTEN)
def test_an_address_is_read_without_its_port(written, address):
    assert plain_address(written) == address


@pytest.fixture
def behind_one(settings) -> Flask:
    """An app behind one proxy, which says whose request it is."""
    return _behind(settings, 1)


@pytest.fixture
def behind_two(settings) -> Flask:
    """An app behind two, of which the first says whose request it is, and the second that it is the first's."""
    return _behind(settings, 2)


def _behind(settings, proxies: int) -> Flask:
    proxied = create_app(structs.replace(settings, trusted_proxies=proxies))
    proxied.add_url_rule("/address", view_func=lambda: request.remote_addr, door=PAGE)
    return proxied


@each(("written", "address"), [pair for pair in WRITTEN if pair[0]])
def test_a_request_through_a_proxy_has_its_address_or_the_proxys(behind_one, written, address):
    """Nothing else reaches the limits, the list of sessions, or the database."""
    sent = {"X-Forwarded-For": f"198.51.100.1, {written}"}
    answer = behind_one.test_client().get("/address", headers=sent, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert answer.text == (address or "10.0.0.1")


@each("before", ['"', "\\", '"198.51.100.1', '"\\', '"a, b", "', "192.0.2.1,", ", , ", '"198.51.100.1%', "x" * 5000])
def test_nothing_that_a_stranger_sends_along_hides_what_the_proxy_says(behind_one, before):
    """nginx writes behind it on the same line, HAProxy on another, and the server joins the two."""
    for between in (", ", ","):
        sent = {"X-Forwarded-For": f"{before}{between}192.0.2.52"}
        answer = behind_one.test_client().get("/address", headers=sent, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
        assert answer.text == "192.0.2.52"


@each(
    ("sent", "address"),
    [
        ("192.0.2.1", "10.0.0.1"),
        ("192.0.2.1, 192.0.2.2", "192.0.2.1"),
        ("198.51.100.1, 192.0.2.1, 192.0.2.2", "192.0.2.1"),
        ('"198.51.100.1, 192.0.2.1, 192.0.2.2', "192.0.2.1"),
        ("192.0.2.1, unknown", "192.0.2.1"),
        ("unknown, 192.0.2.2", "10.0.0.1"),
        (None, "10.0.0.1"),
    ],
)
def test_behind_two_the_first_of_them_says_whose_request_it_is(behind_two, sent, address):
    headers = {} if sent is None else {"X-Forwarded-For": sent}
    answer = behind_two.test_client().get("/address", headers=headers, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert answer.text == address


def test_another_port_is_no_way_around_a_limit(app, settings, alice, apps_in_use):
    """As Azure's gateway writes it: each connection has another port."""
    proxied = create_app(structs.replace(settings, trusted_proxies=1))
    attempts = STRANGER_SIGN_INS.most
    browser = Browser(proxied)
    page = browser.get("/sign-in")
    answers = []
    for number in range(attempts + 1):
        browser._environ = {"HTTP_X_FORWARDED_FOR": f"192.0.2.52:{40000 + number}"}
        answers.append(browser.submit(page, email="nobody@example.com", password="a wrong password").status_code)
    assert answers[:-1] == [400] * attempts and answers[-1] == 429
    browser._environ = {"HTTP_X_FORWARDED_FOR": "192.0.2.53:40000"}
    assert browser.submit(page, email="nobody@example.com", password="a wrong password").status_code == 400


def test_a_session_is_listed_with_the_address_alone(app, settings, alice):
    proxied = create_app(structs.replace(settings, trusted_proxies=1))
    browser = Browser(proxied)
    browser._environ = {"HTTP_X_FORWARDED_FOR": "[2001:db8::52]:4711"}
    browser.sign_in(alice.email, alice.password)
    assert "<bdi>2001:db8::52</bdi>" in browser.get("/account/sessions/").text


def test_a_customers_network_is_one_address_however_it_is_written():
    assert network_of(plain_address("[2001:db8::1]:1")) == network_of(plain_address("2001:db8::2")) == "2001:db8::/64"


@each(("family", "proxies", "is_told"), [("AF_UNIX", 0, True), ("AF_UNIX", 1, False), ("AF_INET", 0, False)])
def test_a_start_says_where_all_people_would_be_one_address(family, proxies, is_told):
    with socket.socket(getattr(socket, family)) as listener, socket.socket() as other:
        said = say_hidden([other, listener], proxies)
    assert (said is not None and "TRUSTED_PROXIES is 0" in said) == is_told
