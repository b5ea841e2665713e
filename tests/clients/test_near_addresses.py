"""Which address may be registered at a click: none that leads to a host which no admin has typed."""

import pytest

from app.clients.near_addresses import Nearness, find_nearness
from tests.tables import each

HTTPS, IPV6, PRIVATE = "https://app.example/callback", "https://[2001:db8::1]/callback", "com.example.app:/callback"
REGISTERED = (HTTPS, IPV6, PRIVATE)


@each(
    ("uri", "nearness"),
    [
        ("https://app.example/Callback/", Nearness.SAME_HOST),
        ("https://app.example/", Nearness.SAME_HOST),
        ("https://app.example", Nearness.SAME_HOST),
        ("https://app.example/callback?tenant=1", Nearness.SAME_HOST),
        # The port is not part of the host; the page shows it.
        ("https://app.example:8443/callback", Nearness.SAME_HOST),
        ("https://[2001:db8::1]:8443/cb", Nearness.SAME_HOST),
        ("com.example.app:/other", Nearness.SAME_SCHEME),
        ("com.example.app://anything/other", Nearness.SAME_SCHEME),
        ("http://127.0.0.1:5000/callback", Nearness.LOOPBACK),
        ("http://localhost/cb", Nearness.LOOPBACK),
        ("http://[::1]:1/cb", Nearness.LOOPBACK),
        ("https://localhost:3000/cb", Nearness.LOOPBACK),
    ],
)
def test_an_address_of_a_registered_scheme_and_host_or_on_loopback_is_near(uri, nearness):
    assert find_nearness(uri, REGISTERED) == nearness


@each(
    "uri",
    [
        "https://evil.example/callback",
        "https://app.example.evil.example/callback",
        "https://evilapp.example/callback",
        "https://sub.app.example/callback",
        "https://example/callback",
        "https://app.example./callback",
        "https://APP.example/callback",
        "HTTPS://app.example/callback",
        "https://app.example@evil.example/callback",
        "https://evil.example@app.example/callback",
        "https://app.example:x@evil.example/callback",
        "https://app.example%40evil.example/callback",
        "https://evil.example\\@app.example/callback",
        "https://evil.example#@app.example/callback",
        "https://app.example:443@evil.example/",
        "https://app.example:/callback",
        "https://app.example:99999/callback",
        "https:app.example/callback",
        "https:///app.example/callback",
        "//app.example/callback",
        "http://app.example/callback",
        "ftp://app.example/callback",
        "javascript://app.example/%0aalert(1)",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://аpp.example/callback",
        "https://app。example/callback",
        "https://app.example\u200b/callback",
        "https://xn--pp-7kc.example/callback",
        "https://*.app.example/callback",
        "https://app.example/../callback",
        "https://app.example/%2e%2e/callback",
        "https://app.example/callback#fragment",
        "https://app.example/callback?code=1",
        "https://app.example/…",
        "https://…@app.example/callback",
        "https://app.example/call back",
        "https://app.example/\ncallback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://evil.example@127.0.0.1/callback",
        "http://localhost.evil.example/callback",
        "http://localhost./callback",
        "http://LOCALHOST/callback",
        "http://127.1/callback",
        "http://2130706433/callback",
        "http://0x7f.0.0.1/callback",
        "http://127.0.0.2/callback",
        "http://0.0.0.0/callback",
        "http://[::ffff:127.0.0.1]/callback",
        "http://[0:0:0:0:0:0:0:1]/callback",
        "localhost:5000/callback",
        "com.example.app2:/callback",
        "com.example:/callback",
        "com.Example.app:/callback",
        "example.app:/callback",
        "cursor://callback",
        "",
        " https://app.example/callback",
        "https://app.example/" + "x" * 1980,
        "https://app.example/" + "x" * 10_000,
    ],
)
def test_whatever_looks_like_it_and_is_another_is_not(uri):
    assert find_nearness(uri, REGISTERED) is None


@pytest.mark.parametrize("uri", ["https://app.example/other", "com.example.app:/other"])
def test_without_a_registered_address_only_loopback_is_near(uri):
    assert find_nearness(uri, []) is None
    assert find_nearness("http://127.0.0.1/cb", []) == Nearness.LOOPBACK


@each(
    ("registered", "uri"),
    [
        ("http://app.example/callback", "https://app.example/callback"),
        ("https://user@app.example/callback", "https://app.example/other"),
        ("https://app.example/callback#x", "https://app.example/other"),
        ("javascript:alert(1)", "javascript:alert(2)"),
        ("https://APP.EXAMPLE/callback", "https://app.example/other"),
    ],
)
def test_what_would_not_be_registered_today_vouches_for_nothing(registered, uri):
    assert find_nearness(uri, [registered]) is None
