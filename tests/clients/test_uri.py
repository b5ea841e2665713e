"""One parser for all addresses: what each rule makes of odd ones is what the parser of each made of them before.

The rows were recorded with the three parsers that there were. Four answers differ, none of which anybody can reach, as
such an address cannot be registered: the standard library's parser failed at ``https://[::1/`` and ``https://[h]:1``, and
left out a space or a line break at the ends.
"""

from app.clients.address_problems import find_origin_problem, find_redirect_uri_problem, find_web_address_problem
from app.clients.near_addresses import find_nearness
from app.clients.redirect_uris import host_of, is_registered, is_web
from app.clients.uri import Uri, cut
from app.oauth.journal.shown_parameters import has_user_name, shown_uri
from app.oauth.journal.uri_difference import compare
from tests.tables import each

KNOWN = "https://h/p?q=1"
LOOPBACK = [
    "http://127.0.0.1/",
    "http://127.0.0.1:9",
    "http://[::1]:8/",
    "http://localhost/cb?a=b",
    "http://127.0.0.1/a#x",
]
NEAR = ["https://h/x", "com.example.app:/z", "http://127.0.0.1:1/"]

#: (address, may be a redirect URI, may be a page's, may be an origin, is of the web, its host, is one of LOOPBACK whatever
#: the port, why it is near to NEAR, how many words tell it from KNOWN, how it is shown, whether it has a user name)
# fmt: off
ODD = [
    ('', False, False, False, False, ':', False, None, 2, '', False),
    ('a', False, False, False, False, ':', False, None, 2, 'a', False),
    ('/', False, False, False, False, ':', False, None, 2, '/', False),
    ('//', False, False, False, False, ':', False, None, 2, '//', False),
    ('//h', False, False, False, False, ':', False, None, 3, '//h', False),
    ('///p', False, False, False, False, ':', False, None, 2, '///p', False),
    (':', False, False, False, False, ':', False, None, 2, ':', False),
    (':x', False, False, False, False, ':', False, None, 2, ':x', False),
    ('http:', False, False, False, True, '', False, None, 2, 'http:', False),
    ('http:/', False, False, False, True, '', False, None, 2, 'http:/', False),
    ('http://', False, False, False, True, '', False, None, 2, 'http://', False),
    ('http:///p', False, False, False, True, '', False, None, 2, 'http:///p', False),
    ('https://h', True, True, True, True, 'h', False, 'same host', 2, 'https://h', False),
    ('https://h/', True, True, False, True, 'h', False, 'same host', 2, 'https://h/', False),
    ('https://h?q', True, True, False, True, 'h', False, 'same host', 2, 'https://h?q', False),
    ('https://h#f', False, False, False, True, 'h', False, None, 3, 'https://h#…', False),
    ('https://h/?#', False, False, False, True, 'h', False, None, 3, 'https://h/?#', False),
    ('HTTPS://H/p', False, False, False, True, 'H', False, None, 3, 'HTTPS://H/p', False),
    ('https://H.example/P', False, False, False, True, 'H.example', False, None, 3, 'https://H.example/P', False),
    ('https://u@h/', False, False, False, True, 'u@h', False, None, 3, 'https://h/', True),
    ('https://u:p@h:1/', False, False, False, True, 'u:p@h:1', False, None, 4, 'https://h:1/', True),
    ('https://h@', False, False, False, True, 'h@', False, None, 3, 'https://', True),
    ('https://@h/', False, False, False, True, '@h', False, None, 3, 'https://h/', True),
    ('https://h:', False, False, False, True, 'h:', False, None, 2, 'https://h:', False),
    ('https://h:0/', False, False, False, True, 'h:0', False, None, 3, 'https://h:0/', False),
    ('https://h:65535/x', True, True, False, True, 'h:65535', False, 'same host', 3, 'https://h:65535/x', False),
    ('https://h:65536/x', False, False, False, True, 'h:65536', False, None, 3, 'https://h:65536/x', False),
    ('https://a:b:c/', False, False, False, True, 'a:b:c', False, None, 4, 'https://a:b:c/', False),
    ('https://[::1]/', True, True, False, False, '[::1]', False, 'loopback', 3, 'https://[::1]/', False),
    ('https://[::1]:8/p?q', True, True, False, False, '[::1]:8', False, 'loopback', 3, 'https://[::1]:8/p?q', False),
    ('http://[::1]', True, True, True, False, '[::1]', False, 'loopback', 4, 'http://[::1]', False),
    ('https://[::1/', False, False, False, True, '[::1', False, None, 4, 'https://[::1/', False),
    ('https://::1/', False, False, False, True, '::1', False, None, 4, 'https://::1/', False),
    ('https://[h]:1', False, False, False, True, '[h]:1', False, None, 4, 'https://[h]:1', False),
    ('http://127.0.0.1', True, True, True, False, '127.0.0.1', True, 'loopback', 4, 'http://127.0.0.1', False),
    ('http://127.0.0.1:5000', True, True, True, False, '127.0.0.1:5000', True, 'loopback', 5, 'http://127.0.0.1:5000', False),
    ('http://127.0.0.1:05/', False, False, False, False, '127.0.0.1:05', False, None, 5, 'http://127.0.0.1:05/', False),
    ('http://127.0.0.1:70000/', False, False, False, False, '127.0.0.1:70000', False, None, 5, 'http://127.0.0.1:70000/', False),
    ('http://127.0.0.1#x', False, False, False, False, '127.0.0.1', False, None, 5, 'http://127.0.0.1#…', False),
    ('http://127.0.0.1/a#x', False, False, False, False, '127.0.0.1', True, None, 5, 'http://127.0.0.1/a#…', False),
    ('http://127.0.0.1?x', True, True, False, False, '127.0.0.1', False, 'loopback', 4, 'http://127.0.0.1?x', False),
    ('http://localhost:1/cb?a=b', True, True, False, False, 'localhost:1', True, 'loopback', 5, 'http://localhost:1/cb?a=…', False),
    ('HTTP://localhost/', False, False, False, False, 'localhost', False, None, 4, 'HTTP://localhost/', False),
    ('http://LOCALHOST/', False, False, False, False, 'LOCALHOST', False, None, 4, 'http://LOCALHOST/', False),
    ('http://127.0.0.1\n', False, False, False, True, '127.0.0.1\n', False, None, 4, 'http://127.0.0.1\n', False),
    ('http://127.0.0.1/\n', False, False, False, False, '127.0.0.1', False, None, 4, 'http://127.0.0.1/\n', False),
    ('com.example.app:/cb', True, False, False, False, 'com.example.app:', False, 'same scheme', 2, 'com.example.app:/cb', False),
    ('com.example.app://cb/x', True, False, False, False, 'com.example.app:', False, 'same scheme', 4, 'com.example.app://cb/x', False),
    ('com.example.app:cb', False, False, False, False, 'com.example.app:', False, None, 2, 'com.example.app:cb', False),
    ('app.example.com:8443/callback', False, False, False, False, 'app.example.com:', False, None, 2, '…/callback', False),
    ('com.example.app:', False, False, False, False, 'com.example.app:', False, None, 2, 'com.example.app:', False),
    ('1a://x', False, False, False, False, ':', False, None, 4, '1a://x', False),
    ('a b://x/y', False, False, False, False, ':', False, None, 4, 'a b://x/y', False),
    ('a_b:/x', False, False, False, False, ':', False, None, 2, 'a_b:/x', False),
    ('cursor://x', True, False, False, False, 'cursor:', False, None, 4, 'cursor://x', False),
    ('javascript:alert(1)', False, False, False, False, 'javascript:', False, None, 2, 'javascript:alert(1)', False),
    ('data:text/html,x', False, False, False, False, 'data:', False, None, 2, 'data:text/html,x', False),
    ('mailto:a@b', False, False, False, False, 'mailto:', False, None, 2, '…', False),
    ('https://h/a b', False, False, False, True, 'h', False, None, 2, 'https://h/a b', False),
    ('https://h/é', False, False, False, True, 'h', False, None, 2, 'https://h/é', False),
    ('https://h\\p', False, False, False, True, 'h\\p', False, None, 3, 'https://h\\p', False),
    ('https://h/%zz', False, False, False, True, 'h', False, None, 2, 'https://h/%zz', False),
    ('https://h/..', False, False, False, True, 'h', False, None, 2, 'https://h/..', False),
    ('https://h/%2e%2e/x', False, False, False, True, 'h', False, None, 2, 'https://h/%2e%2e/x', False),
    ('https://h/*', False, False, False, True, 'h', False, None, 2, 'https://h/*', False),
    ('https://h/?code=1', False, True, False, True, 'h', False, None, 2, 'https://h/?code=…', False),
    ('https://h/?x=1&state=2', False, True, False, True, 'h', False, None, 2, 'https://h/?x=…&state=…', False),
    ('https://h/[x]', False, False, False, True, 'h', False, None, 2, 'https://h/[x]', False),
    ('https://h.:1/', False, False, False, True, 'h.:1', False, None, 4, 'https://h.:1/', False),
    ('https://0x7f.1/', False, False, False, True, '0x7f.1', False, None, 3, 'https://0x7f.1/', False),
    ('https://1.2.3/', False, False, False, True, '1.2.3', False, None, 3, 'https://1.2.3/', False),
    ('https://a..b/', False, False, False, True, 'a..b', False, None, 3, 'https://a..b/', False),
    ('https://h?a?b', True, True, False, True, 'h', False, 'same host', 2, 'https://h?a?b', False),
    ('https://h/?a=b#c?d', False, False, False, True, 'h', False, None, 3, 'https://h/?a=…#…', False),
    ('?a', False, False, False, False, ':', False, None, 2, '?a', False),
    ('#f', False, False, False, False, ':', False, None, 3, '#…', False),
    ('?a#b', False, False, False, False, ':', False, None, 3, '?a#…', False),
    ('h/p?q#f', False, False, False, False, ':', False, None, 3, 'h/p?q#…', False),
    ('https://h/p//q', True, True, False, True, 'h', False, 'same host', 2, 'https://h/p//q', False),
    ('https://h//', True, True, False, True, 'h', False, 'same host', 2, 'https://h//', False),
    ('https://h/p;x=1', True, True, False, True, 'h', False, 'same host', 2, 'https://h/p;x=1', False),
    ('https://h/ ', False, False, False, True, 'h', False, None, 2, 'https://h/ ', False),
    (' https://h/', False, False, False, False, ':', False, None, 3, ' https://h/', False),
    ('https://ex%61mple.com/', False, False, False, True, 'ex%61mple.com', False, None, 3, 'https://ex%61mple.com/', False),
    ('https://münchen.example/', False, False, False, True, 'münchen.example', False, None, 3, 'https://münchen.example/', False),
    ('https://xn--mnchen-3ya.example/cb', True, True, False, True, 'xn--mnchen-3ya.example', False, None, 3, 'https://xn--mnchen-3ya.example/cb', False),
]
# fmt: on


@each("row", ODD, ids=lambda row: repr(row[0]))
def test_an_odd_address_is_taken_as_it_was(row):
    address = row[0]
    assert row[1:] == (
        find_redirect_uri_problem(address) is None,
        find_web_address_problem(address) is None,
        find_origin_problem(address) is None,
        is_web(address),
        host_of(address),
        is_registered(address, LOOPBACK, any_port=True),
        find_nearness(address, NEAR),
        len(compare(address, KNOWN).words),
        shown_uri(address, [KNOWN]),
        has_user_name(address),
    )


@each(
    ("address", "parts"),
    [
        ("https://u@h:1/p?q#f", ("https", "u@h:1", "/p", "q", "f")),
        ("https://h", ("https", "h", "", None, None)),
        ("https://h?#", ("https", "h", "", "", "")),
        ("com.example.app:/cb", ("com.example.app", None, "/cb", None, None)),
        ("//h/p", ("", "h", "/p", None, None)),
        ("a?b#c?d", ("", None, "a", "b", "c?d")),
        ("", ("", None, "", None, None)),
    ],
)
def test_an_address_is_cut_at_its_delimiters_and_put_together_again(address, parts):
    assert cut(address) == Uri(*parts)


def test_nothing_is_lost_by_cutting():
    for address, *_rest in ODD:
        scheme, authority, path, query, fragment = cut(address)
        again = scheme + ":" if scheme else ""
        again += "" if authority is None else "//" + authority
        again += path + ("" if query is None else "?" + query) + ("" if fragment is None else "#" + fragment)
        assert again == address
