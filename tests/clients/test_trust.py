"""How far an app is known, and what receives its answer."""

from app.clients.models import DOCUMENT, DYNAMIC, Client
from app.clients.trust import Known, Place, find_trust, say_claim
from tests.tables import each


def trust_of(client_id: str, redirect_uri: str, origin: str = DOCUMENT):
    return find_trust(Client(client_id=client_id, origin=origin, name="Claude"), redirect_uri)


@each(
    ("document", "receiver"),
    [
        ("https://claude.ai/oauth/client.json", "https://claude.ai/api/mcp/auth_callback"),
        ("https://claude.ai/oauth/client.json", "https://api.claude.ai/callback"),
        # A certificate is for a host, whatever its port.
        ("https://claude.ai/oauth/client.json", "https://claude.ai:8443/callback"),
        ("https://claude.ai:443/client.json", "https://claude.ai/callback"),
        # Below a public suffix, of its private part too, each name has one owner.
        ("https://alice.github.io/client.json", "https://alice.github.io/callback"),
        ("https://alice.github.io/client.json", "https://app.alice.github.io/callback"),
        ("https://alice.co.uk/client.json", "https://alice.co.uk/callback"),
        # An exception of the list, and a name in another script.
        ("https://www.ck/client.json", "https://www.ck/callback"),
        ("https://xn--bcher-kva.example/client.json", "https://xn--bcher-kva.example/callback"),
    ],
)
def test_a_site_that_describes_the_app_and_gets_its_answer_is_proved(document, receiver):
    trust = trust_of(document, receiver)
    assert trust.known is Known.PROVED
    assert f"https://{trust.by}/" in document.replace(":443", "")
    assert trust.receiver.place is Place.SITE


@each(
    ("document", "receiver"),
    [
        ("https://claude.ai/client.json", "https://claude.com/callback"),
        ("https://claude.ai/client.json", "https://evilclaude.ai/callback"),
        ("https://claude.ai/client.json", "https://claude.ai.evil.example/callback"),
        # Above the document's host, and beside it.
        ("https://docs.claude.ai/client.json", "https://claude.ai/callback"),
        ("https://docs.claude.ai/client.json", "https://api.claude.ai/callback"),
        ("https://docs.claude.ai/client.json", "https://evildocs.claude.ai/callback"),
        # What stands before a host is no host.
        ("https://claude.ai@evil.example/client.json", "https://claude.ai/callback"),
        # Anybody may have a name there, so nobody is it.
        ("https://github.io/client.json", "https://github.io/callback"),
        ("https://github.io/client.json", "https://evil.github.io/callback"),
        ("https://co.uk/client.json", "https://evil.co.uk/callback"),
        ("https://vercel.app/client.json", "https://evil.vercel.app/callback"),
        ("https://xn--55qx5d.cn/client.json", "https://evil.xn--55qx5d.cn/callback"),
        ("https://com/client.json", "https://com/callback"),
        ("https://intranet/client.json", "https://intranet/callback"),
        # A public suffix lies between: whoever owns the upper one does not own the lower.
        ("https://amazonaws.com/client.json", "https://evil.s3.amazonaws.com/callback"),
        ("https://amazonaws.com/client.json", "https://s3.amazonaws.com/callback"),
        # An address of a machine is nobody's name.
        ("https://203.0.113.5/client.json", "https://203.0.113.5/callback"),
        ("https://[2001:db8::1]/client.json", "https://[2001:db8::1]/callback"),
        # Not a host as it could be registered.
        ("https://claude.ai./client.json", "https://claude.ai./callback"),
        ("https://Claude.ai/client.json", "https://Claude.ai/callback"),
        # Nobody has a certificate for these.
        ("https://claude.ai/client.json", "http://claude.ai/callback"),
        ("https://claude.ai/client.json", "claude.ai://claude.ai/callback"),
        ("https://localhost/client.json", "http://localhost:3118/callback"),
        ("https://127.0.0.1/client.json", "http://127.0.0.1:3118/callback"),
        ("https://claude.ai/client.json", ""),
    ],
)
def test_nothing_else_is_proved(document, receiver):
    assert trust_of(document, receiver).known is Known.DESCRIBED


def test_who_registered_itself_is_never_proved():
    trust = trust_of("https://claude.ai/client.json", "https://claude.ai/callback", DYNAMIC)
    assert (trust.known, trust.by) == (Known.CLAIMED, "Claude")


@each(
    ("uri", "place", "name"),
    [
        ("https://claude.ai/callback", Place.SITE, "claude.ai"),
        ("https://claude.ai:8443/callback", Place.SITE, "claude.ai:8443"),
        ("https://xn--80ak6aa92e.com/callback", Place.SITE, "xn--80ak6aa92e.com"),
        ("https://203.0.113.5/callback", Place.SITE, "203.0.113.5"),
        ("http://127.0.0.1:3118/callback", Place.COMPUTER, "127.0.0.1:3118"),
        ("http://127.0.0.1/callback", Place.COMPUTER, "127.0.0.1"),
        ("http://localhost:3118/callback", Place.COMPUTER, "localhost:3118"),
        ("http://[::1]:3118/callback", Place.COMPUTER, "[::1]:3118"),
        ("https://127.0.0.1.evil.example/", Place.SITE, "127.0.0.1.evil.example"),
        ("https://localhost.evil.example:8400/", Place.SITE, "localhost.evil.example:8400"),
        ("https://127.0.0.10/", Place.SITE, "127.0.0.10"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", Place.DEVICE, "cursor:"),
        # What follows the slashes of a private scheme is anything its app likes.
        ("com.example.app://claude.ai/callback", Place.DEVICE, "com.example.app:"),
    ],
)
def test_what_receives_the_answer(uri, place, name):
    receiver = trust_of("https://claude.ai/client.json", uri).receiver
    assert (receiver.place, receiver.name) == (place, name)


@each("mark", ['"', "“", "”", "„", "‟", "«", "»", "＂", "〞", "〝", "〟", "「", "」", "″", "ʺ", "˝"])
def test_a_name_does_not_end_the_quotation_it_stands_in(mark):
    """A name that brings its own quotation marks would go on in our words: says it is “Claude”; proved to be claude.ai."""
    name = f"Claude{mark}. Proved to be claude.ai. {mark}It"
    client = Client(client_id="client_1", origin=DYNAMIC, name=name)
    assert find_trust(client, "https://evil.example/").by == "Claude’. Proved to be claude.ai. ’It"
    assert str(say_claim(client, name)).count("”") == 1
    assert mark == "“" or mark == "”" or mark not in str(say_claim(client, name))


def test_an_apostrophe_in_a_name_stays():
    client = Client(client_id="client_1", origin=DYNAMIC, name="Joe's ‘Best’ App")
    assert find_trust(client, "https://app.example/").by == "Joe's ‘Best’ App"
