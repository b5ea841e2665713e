"""Which redirect URIs may be registered, and which requested ones match them (RFC 9700 section 2.1)."""

import pytest

from app.clients.address_problems import find_redirect_uri_problem, find_web_address_problem
from app.clients.redirect_uris import MAX_REDIRECT_URIS, find_redirect_uri_problems, host_of, is_registered
from tests.tables import each

CALLBACK = "https://app.example.com/callback"


@each(
    "uri",
    [
        CALLBACK,
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com:8443/callback",
        "https://app.example.com/callback?tenant=7&next=%2Fhome",
        "https://app.example.com/a,b/https://x?of=a,https://b.example",
        "https://app.example.com/a/%C3%BC/@me/~x/;v=1/.well-known/...",
        "https://xn--bcher-kva.example/callback",
        "https://intranet/callback",
        "https://under_score.example/callback",
        "https://93.184.216.34/callback",
        "https://[2001:db8::1]/callback",
        "https://localhost.evil.com/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:8000/callback",
        "http://[::1]:8000/callback",
        "http://localhost:65535/callback",
        "com.example.app:/callback",
        "com.example.app://callback",
        "com.example.app-2.x:/",
        "https://app.example.com/" + "x" * (2000 - len("https://app.example.com/")),
    ],
)
def test_proper_uri_may_be_registered(uri):
    assert find_redirect_uri_problem(uri) is None


@each(
    ("uri", "says"),
    [
        ("", "empty"),
        ("https://app.example.com/" + "x" * 1977, "longer than 2000 characters"),
        ("/callback", "does not start with a scheme"),
        ("//app.example.com/callback", "does not start with a scheme"),
        ("app.example.com/callback", "does not start with a scheme"),
        ("1https://app.example.com/callback", "does not start with a scheme"),
        # wildcards
        ("https://*.example.com/callback", "wildcards are not allowed"),
        ("https://app.example.com/*", "wildcards are not allowed"),
        ("https://app.example.com/callback,https://b.example/callback", "another address after “,”"),
        ("https://app.example.com,https://b.example", "another address after “,”"),
        ("http://localhost:5000/callback;http://localhost:5001/callback", "another address after “;”"),
        ("https://app.example.com/callback?*", "wildcards are not allowed"),
        # fragments
        ("https://app.example.com/callback#", "fragment"),
        ("https://app.example.com/callback#token", "fragment"),
        # user names
        ("https://user@app.example.com/callback", "user name"),
        ("https://user:pass@app.example.com/callback", "user name"),
        ("https://app.example.com:443@evil.com/callback", "user name"),
        ("https://@app.example.com/callback", "user name"),
        ("com.example.app://user@callback", "user name"),
        # schemes
        ("javascript:alert(1)", "scheme “javascript:”"),
        ("javascript://app.example.com/%0Aalert(1)", "scheme “javascript:”"),
        ("data:text/html,hello", "scheme “data:”"),
        ("file:///etc/passwd", "scheme “file:”"),
        ("vbscript:x", "scheme “vbscript:”"),
        ("blob:https://app.example.com/1", "scheme “blob:”"),
        ("about:blank", "scheme “about:”"),
        ("ftp://app.example.com/callback", "scheme “ftp:”"),
        ("ws://app.example.com/callback", "scheme “ws:”"),
        ("mailto:a.example", "scheme “mailto:”"),
        ("urn:ietf:wg:oauth:2.0:oob", "scheme “urn:”"),
        ("myapp:/callback", "scheme “myapp:”"),
        ("myapp://callback", "scheme “myapp:”"),
        ("localhost:8000/callback", "scheme “localhost:”"),
        ("HTTPS://app.example.com/callback", "write “https:”"),
        ("Https://app.example.com/callback", "write “https:”"),
        ("JavaScript:alert(1)", "write “javascript:”"),
        ("com.Example.app:/callback", "write “com.example.app:”"),
        ("com..app:/callback", "scheme “com..app:”"),
        ("com.:/callback", "scheme “com.:”"),
        # private schemes
        ("com.example.app:", "ends after its scheme"),
        ("com.example.app://", "ends after its scheme"),
        ("com.example.app:callback", "needs a slash"),
        ("app.example.com:8443/callback", "needs a slash"),
        ("com.example.app://[callback", "bracket"),
        ("com.example.app:/../callback", "“..” in its path"),
        ("com.example.app:/callback?code=1", "“code” in its query"),
        # plain http
        ("http://app.example.com/callback", "uses http"),
        ("http://localhost.evil.com/callback", "uses http"),
        ("http://127.0.0.1.evil.com/callback", "uses http"),
        ("http://127.0.0.2/callback", "uses http"),
        ("http://0.0.0.0/callback", "uses http"),
        ("http://192.168.0.1/callback", "uses http"),
        ("http://[::2]/callback", "uses http"),
        ("http://app.localhost/callback", "uses http"),
        # no host
        ("https:/app.example.com/callback", "needs two slashes"),
        ("https:app.example.com/callback", "needs two slashes"),
        ("https:", "needs two slashes"),
        ("https://", "has no host"),
        ("https:///callback", "has no host"),
        ("https://:8443/callback", "has no host"),
        ("https://?query", "has no host"),
        # hosts
        ("https://App.example.com/callback", "capital letters in its host"),
        ("http://LOCALHOST/callback", "capital letters in its host"),
        ("https://app.example.com./callback", "ends with a dot"),
        ("http://127.0.0.1./callback", "ends with a dot"),
        ("http://localhost./callback", "ends with a dot"),
        ("https://app..example.com/callback", "not a name"),
        ("https://.example.com/callback", "not a name"),
        ("https://-app.example.com/callback", "not a name"),
        ("https://app-.example.com/callback", "not a name"),
        ("https://app%2eexample.com/callback", "not a name"),
        ("https://app;script-src/callback", "not a name"),
        ("https://app,evil.com/callback", "not a name"),
        ("https://" + "a" * 64 + ".example/callback", "not a name"),
        ("https://" + "a." * 127 + "example/callback", "not a name"),
        ("http://127.1/callback", "full IPv4 address"),
        ("http://2130706433/callback", "full IPv4 address"),
        ("http://0x7f.0.0.1/callback", "full IPv4 address"),
        ("http://0x7f000001/callback", "full IPv4 address"),
        ("http://017700000001/callback", "full IPv4 address"),
        ("http://127.0.0.01/callback", "full IPv4 address"),
        ("https://256.1.1.1/callback", "full IPv4 address"),
        ("http://[0:0:0:0:0:0:0:1]/callback", "shortest form"),
        ("https://[2001:DB8::1]/callback", "capital letters in its host"),
        ("https://[fe80::1%25eth0]/callback", "shortest form"),
        ("https://[::1/callback", "cannot be read"),
        ("https://::1/callback", "has no host"),
        ("https://[]/callback", "shortest form"),
        ("https://[::1]x/callback", "cannot be read"),
        ("https://bücher.example/callback", "“ü”"),
        ("https://аpp.example.com/callback", "ASCII form"),
        ("https://app。example.com/callback", "ASCII form"),
        # ports
        ("https://app.example.com:/callback", "no port"),
        ("https://app.example.com:0/callback", "port that is not"),
        ("https://app.example.com:65536/callback", "port that is not"),
        ("https://app.example.com:70000/callback", "port that is not"),
        ("https://app.example.com:0443/callback", "port that is not"),
        ("https://app.example.com:-1/callback", "port that is not"),
        ("https://app.example.com:abc/callback", "port that is not"),
        ("https://app.example.com:80:90/callback", "port that is not"),
        ("http://127.0.0.1:0/callback", "port that is not"),
        # paths that browsers rewrite
        ("https://app.example.com/a/../callback", "“..” in its path"),
        ("https://app.example.com/./callback", "“..” in its path"),
        ("https://app.example.com/..", "“..” in its path"),
        ("https://app.example.com/%2e%2e/callback", "“..” in its path"),
        ("https://app.example.com/.%2E/callback", "“..” in its path"),
        ("https://app.example.com/%2E/callback", "“..” in its path"),
        ("https://app.example.com\\callback", "backslash"),
        ("https:\\\\app.example.com/callback", "backslash"),
        ("https://app.example.com\\@evil.com/callback", "backslash"),
        # characters
        ("https://app.example.com/call back", "a space"),
        (" https://app.example.com/callback", "a space"),
        ("https://app.example.com/callback ", "a space"),
        ("https://app.example.com/callback\t", "a tab or a line break"),
        ("java\tscript:alert(1)", "a tab or a line break"),
        ("https://app.example.com/callback\n", "a tab or a line break"),
        ("https://app.example.com/\r\nSet-Cookie:x", "a tab or a line break"),
        ("https://app.example.com/callback\x00", "control character"),
        ("\x01https://app.example.com/callback", "control character"),
        ("https://app.example.com/\x7f", "control character"),
        ("https://app.example.com/\u2028", "control character"),
        ("https://app.example.com/\u202ecallback", "control character"),
        ("https://app.example.com/\udcff", "control character"),
        ("https://app.example.com/ü", "percent escapes"),
        ('https://app.example.com/"', "cannot hold"),
        ("https://app.example.com/<script>", "cannot hold"),
        ("https://app.example.com/{id}", "cannot hold"),
        ("https://app.example.com/`", "cannot hold"),
        ("https://app.example.com/a|b^c", "cannot hold"),
        ("https://app.example.com/%", "hexadecimal"),
        ("https://app.example.com/%zz", "hexadecimal"),
        ("https://app.example.com/callback?x[]=1", "bracket outside its host"),
        ("https://app.example.com/[x]", "bracket outside its host"),
        # queries that the answer would repeat
        ("https://app.example.com/callback?code=1", "“code” in its query"),
        ("https://app.example.com/callback?a=b&state", "“state” in its query"),
        ("https://app.example.com/callback?%69ss=x", "“iss” in its query"),
        ("https://app.example.com/callback?error=x", "“error” in its query"),
    ],
)
def test_improper_uri_is_refused_with_what_is_wrong_with_it(uri, says):
    problem = find_redirect_uri_problem(uri)

    assert problem is not None
    assert says in problem
    assert problem.endswith(".")


def test_sentence_names_the_uri():
    assert find_redirect_uri_problem("http://app.example.com/a").startswith("“http://app.example.com/a” uses http")


def test_sentence_shows_nothing_that_cannot_be_seen_and_cuts_what_is_long():
    problem = find_redirect_uri_problem("https://app.example.com/\x1b[31m" + "x" * 3000)

    assert problem.isprintable()
    assert len(problem) < 300


def test_list_may_not_be_empty():
    assert len(find_redirect_uri_problems([])) == 1


def test_list_may_hold_twenty():
    uris = [f"https://app.example.com/{number}" for number in range(MAX_REDIRECT_URIS)]

    assert find_redirect_uri_problems(uris) == []
    assert find_redirect_uri_problems([*uris, CALLBACK]) == ["There are 21 redirect URIs; 20 is the most."]


def test_list_names_each_wrong_and_each_repeated_uri_once():
    wrong, plain = "https://*.example.com", "http://example.com"
    problems = find_redirect_uri_problems([CALLBACK, wrong, CALLBACK, plain, wrong, CALLBACK])

    assert [sum(uri in problem for problem in problems) for uri in (wrong, plain, CALLBACK)] == [2, 1, 1]
    assert sum("more than once" in problem for problem in problems) == 2


# -- what matches -------------------------------------------------------------------------------------


@each(
    "requested",
    [
        "https://app.example.com/callback/",
        "https://app.example.com/callback?",
        "https://app.example.com/callback?x=1",
        "https://app.example.com/callback#",
        "https://app.example.com/Callback",
        "https://app.example.com/callbac",
        "https://app.example.com/callback/more",
        "https://app.example.com/x/../callback",
        "https://app.example.com/call%62ack",
        "https://app.example.com:443/callback",
        "https://app.example.com:8443/callback",
        "https://APP.example.com/callback",
        "HTTPS://app.example.com/callback",
        "http://app.example.com/callback",
        "https://evil.example.com/callback",
        "https://user@app.example.com/callback",
        "https://app.example.com/callback\n",
        " https://app.example.com/callback",
        "",
    ],
)
@pytest.mark.parametrize("any_port", [False, True])
def test_requested_uri_must_be_the_registered_one_character_for_character(requested, any_port):
    assert is_registered(CALLBACK, [CALLBACK], any_port=any_port)
    assert not is_registered(requested, [CALLBACK], any_port=any_port)


LOOPBACK = ["http://127.0.0.1:5000/callback", "http://[::1]/callback", "http://localhost:1/callback?x=1"]


@each(
    "requested",
    [
        "http://127.0.0.1:49152/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:65535/callback",
        "http://[::1]:49152/callback",
        "http://localhost:49152/callback?x=1",
    ],
)
def test_port_of_a_loopback_uri_varies_where_it_may(requested):
    """RFC 8252 section 7.3: the server MUST allow any port to be specified at the time of the request."""
    assert is_registered(requested, LOOPBACK, any_port=True)
    assert not is_registered(requested, LOOPBACK, any_port=False)


@each(
    "requested",
    [
        "http://127.0.0.1:49152/Callback",
        "http://127.0.0.1:49152/callback/",
        "http://127.0.0.1:49152/callback?x=1",
        "http://127.0.0.1:49152/callback#x",
        "http://127.0.0.1:49152/",
        "http://127.0.0.1:49152",
        "http://127.0.0.2:49152/callback",
        "http://127.1:49152/callback",
        "http://localhost:49152/callback",
        "http://localhost.evil.com:49152/callback?x=1",
        "http://127.0.0.1.evil.com:5000/callback",
        "http://127.0.0.1:5000@evil.com/callback",
        "http://127.0.0.1:5000.evil.com/callback",
        "http://user@127.0.0.1:5000/callback",
        "https://127.0.0.1:49152/callback",
        "http://[::1]:49152/callback?x=1",
        "http://[0::1]:49152/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:05000/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:999999/callback",
        "http://127.0.0.1:٥٠٠٠/callback",
        "http://127.0.0.1:49152/callback\n",
        "HTTP://127.0.0.1:49152/callback",
    ],
)
def test_nothing_but_the_port_varies(requested):
    assert not is_registered(requested, LOOPBACK, any_port=True)


def test_port_varies_on_loopback_alone():
    assert not is_registered("https://app.example.com:99/callback", [CALLBACK], any_port=True)
    assert not is_registered("https://127.0.0.1:99/callback", ["https://127.0.0.1/callback"], any_port=True)
    assert not is_registered("http://intranet:99/cb", ["http://intranet/cb"], any_port=True)
    assert not is_registered("com.example.app://a:9/", ["com.example.app://a:8/"], any_port=True)


# -- what a page says of it ---------------------------------------------------------------------------


@each(
    ("uri", "host"),
    [
        (CALLBACK, "app.example.com"),
        ("https://app.example.com:8443/callback", "app.example.com:8443"),
        ("http://127.0.0.1:5000/callback", "127.0.0.1:5000"),
        ("http://[::1]:5000/callback", "[::1]:5000"),
        ("com.example.app:/callback", "com.example.app:"),
        ("com.example.app://callback", "com.example.app:"),
        ("com.evil.app://accounts.google.com/callback", "com.evil.app:"),
    ],
)
def test_the_host_that_a_person_reads(uri, host):
    assert find_redirect_uri_problem(uri) is None
    assert host_of(uri) == host


@pytest.mark.parametrize(
    "address", ["https://app.example.com", "http://localhost:3000/about", "https://a.example/?code=1"]
)
def test_homepage_may_be_a_web_address(address):
    assert find_web_address_problem(address) is None


@each(
    "address",
    ["http://a.example", "javascript:alert(1)", "com.example.app:/", "a.example", "https://u@a.example", "x y"],
)
def test_homepage_may_be_nothing_else(address):
    assert find_web_address_problem(address)
