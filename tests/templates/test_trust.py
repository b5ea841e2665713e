"""What people read of how far an app is known, and of what receives its answer."""

from app.clients.trust import Known, Place, Receiver, Trust
from tests.tables import each
from tests.templates.conftest import CLIENT

SITE = Receiver(Place.SITE, "claude.ai")
ELSEWHERE = Receiver(Place.SITE, "chatgpt.com")
COMPUTER = Receiver(Place.COMPUTER, "localhost:3118")
DEVICE = Receiver(Place.DEVICE, "cursor:")


@each(
    ("trust", "words"),
    [
        (
            Trust(Known.REGISTERED, "Acme", SITE),
            "registered by Acme The answer goes to claude.ai",
        ),
        (Trust(Known.REGISTERED, "Acme", COMPUTER), "goes to a program on this computer (localhost:3118)"),
        (Trust(Known.PROVED, "claude.ai", SITE), "proved to be claude.ai The answer goes to claude.ai"),
        (
            Trust(Known.CLAIMED, "Claude", SITE),
            "says it is “Claude”; nobody has checked that The answer goes to claude.ai",
        ),
        (Trust(Known.CLAIMED, "Claude", COMPUTER), "The answer goes to a program on this computer (localhost:3118)"),
        (
            Trust(Known.CLAIMED, "Cursor", DEVICE),
            "The answer goes to a program on this computer or phone that answers to cursor:",
        ),
        (
            Trust(Known.DESCRIBED, "openai.com", ELSEWHERE),
            "says it is openai.com; the answer goes to chatgpt.com; nobody has checked whose that is",
        ),
        (
            Trust(Known.DESCRIBED, "claude.ai", COMPUTER),
            "says it is claude.ai; the answer goes to a program on this computer; we cannot check which",
        ),
        (
            Trust(Known.DESCRIBED, "cursor.com", DEVICE),
            "says it is cursor.com; the answer goes to a program on this computer or phone that answers to cursor:;"
            " we cannot check which",
        ),
    ],
)
def test_both_screens_say_how_far_it_is_known(picker, consent, trust, words):
    client = CLIENT | {"trust": trust}
    for page in (picker(client=client), consent(client=client)):
        assert words in page.text
        assert len([one for one in page.all("strong") if "host" in one.get("class", "")]) >= 1


@each(
    ("trust", "is_doubted"),
    [
        (Trust(Known.REGISTERED, "Acme", SITE), False),
        (Trust(Known.PROVED, "claude.ai", SITE), False),
        (Trust(Known.DESCRIBED, "claude.ai", COMPUTER), True),
        (Trust(Known.CLAIMED, "Claude", SITE), True),
    ],
)
def test_what_nobody_has_checked_is_not_proved_by_a_secret(consent, trust, is_doubted):
    """Whoever registers itself may have a secret, and is as little known."""
    text = consent(client=CLIENT | {"trust": trust, "type": "confidential"}).text
    assert ("could pretend to be" in text) is is_doubted
