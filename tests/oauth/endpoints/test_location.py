"""An answer goes to the redirect URI as it is registered, byte for byte, whatever its scheme."""

import http.client
import re
from urllib.parse import urlsplit

import pytest

from app.accounts.organizations import create_organization
from app.clients.address_problems import find_redirect_uri_problem
from app.clients.registration import register_client
from app.config import settings
from app.extensions import db
from tests.actors import Browser
from tests.integrator import Integrator
from tests.tables import each

URIS = [
    "https://app.acme.example/callback",
    "https://app.acme.example",
    "https://app.acme.example:8443/",
    "https://app.acme.example/a//b///c",
    "https://app.acme.example//",
    "https://app.acme.example/Caf%c3%a9/Caf%C3%A9/%7e~%2f%2F%41",
    "https://app.acme.example/;v=1/it's/(a)/!$&+,=:@",
    "https://app.acme.example/cb?",
    "https://app.acme.example/cb?a=1&",
    "https://app.acme.example/cb?empty=",
    "https://app.acme.example/cb?empty=&flag",
    "https://app.acme.example/cb?q=a+b%20c&plus=%2B&x=%c3%A9&at=@:/?",
    "https://app.acme.example/cb?next=https://other.example/x?y",
    "https://xn--bcher-kva.example/cb",
    "https://[2001:db8::1]:8443/cb",
    "http://127.0.0.1:8400/cb",
    "http://[::1]:8400/cb",
    "com.case.app:/cb",
    "com.case.app:///cb",
    "com.case.app:////cb",
    "com.case.app://HOST.Example/cb",
    "com.case.app://Host.Example:Port/cb",
    "com.case.app://callback",
    "com.case.app://callback?",
    "com.case.app:/Cb/%c3%A9;a='b'?x=a+b%20c&empty=",
]


@each("uri", URIS)
def test_an_app_may_register_it(uri):
    """Else nothing would be shown below."""
    assert find_redirect_uri_problem(uri) is None


def assert_goes_to(response, uri: str, *names: str) -> None:
    """The redirect has the URI in front as it is, and then the parameters, once and in OAuth's own form."""
    assert response.status_code in (302, 303), response.text
    location = response.headers["Location"]
    assert location.startswith(uri), location
    added = location.removeprefix(uri)
    separator = "&" if "?" in uri else "?"
    assert re.fullmatch(re.escape(separator) + "&".join(f"{name}=[^&]*" for name in names), added), location


_CODE = ("code", "state", "iss")
_ERROR = ("error", "error_description", "error_uri", "state", "iss")


@each("uri", URIS)
def test_an_answer_goes_there_byte_for_byte(register, signed_in, uri):
    """:rfc:`6749#section-4.1.2`; what Werkzeug makes of a ``Location`` is another address to a native app."""
    answer = signed_in.get(register(uri).authorize_url(scope="memories:everything"))
    assert_goes_to(answer, uri, *_ERROR)


@each("uri", URIS[-4:])
def test_so_does_every_other_answer(register, browser, alice, uri):
    client = register(uri)
    # What is wrong with a request is told after the sign-in, when the request is opened again.
    page = client.start(browser, scope="memories:everything")
    refused = browser.follow_once(browser.submit(page, email=alice.email, password=alice.password))
    assert_goes_to(refused, uri, *_ERROR)
    # Cancel, on both screens.
    picker = client.start(browser)
    assert_goes_to(browser.submit(picker, press="Cancel"), uri, *_ERROR)
    consent = browser.follow(browser.submit(client.start(browser), press="Continue", selection="all"))
    assert_goes_to(browser.submit(consent, press="Cancel"), uri, *_ERROR)
    # The decision, which replays the request.
    consent = browser.follow(browser.submit(client.start(browser), press="Continue", selection="all"))
    assert_goes_to(browser.submit(consent, press="Authorize"), uri, *_CODE)
    # With the consent there is no screen, nor after a sign-in on the way.
    answer = browser.get(client.authorize_url())
    assert_goes_to(answer, uri, *_CODE)
    other = Browser(browser.client.application)
    signed_in = other.submit(client.start(other), email=alice.email, password=alice.password)
    assert_goes_to(other.follow_once(signed_in), uri, *_CODE)
    # And the code is good for exactly that address.
    code = re.search(r"[?&]code=([^&]*)", answer.headers["Location"])[1]
    assert client.exchange(code).status_code == 200


@pytest.mark.parametrize("uri", ["com.case.app:///cb", "com.case.app://HOST.Example/cb?x=a+b%20%c3%A9"])
def test_it_is_so_on_the_wire(server, uri):
    """Through gunicorn, which has the last word on what is sent."""
    with server.app.app_context():
        organization = create_organization("Case")
        client, _ = register_client(
            db.session(),
            settings(),
            organization=organization,
            name="Case",
            type="public",
            redirect_uris=[uri],
            scopes=["memories:read"],
        )
        client_id = client.client_id
        db.session.commit()
    browser = Browser(server.app)
    client = Integrator(server.app, client_id, None, uri, "memories:read")
    page = browser.sign_up("dora@home.example", "the password of D.D.")
    assert page.status_code == 303
    cookie = browser.client.get_cookie("reliquary", domain="127.0.0.1")
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request(
        "GET", client.authorize_url(scope="memories:everything"), headers={"Cookie": f"reliquary={cookie.value}"}
    )
    answer = connection.getresponse()
    assert answer.status == 302
    assert answer.getheader("Location").startswith(f"{uri}{'&' if '?' in uri else '?'}error=invalid_scope&")
    connection.close()
