"""What is kept of an address that anybody may have sent: nothing secret, nobody's name, and at no great cost."""

from time import process_time

import pytest

from app.oauth.journal.log import MOST_FAILURES
from app.oauth.journal.shown_parameters import shown_uri

CALLBACK = "https://notebook.acme.example/callback"


@pytest.mark.parametrize("sent", ["alice@acme.io", "alice%40acme.io", "alice%2540acme.io"])
def test_an_address_of_somebody_is_left_out_however_it_is_encoded(sent):
    assert shown_uri(f"{CALLBACK}/{sent}/done", [CALLBACK]) == f"{CALLBACK}/…/done"
    assert shown_uri(f"{CALLBACK}?{sent}", [CALLBACK]) == f"{CALLBACK}?…"


@pytest.mark.parametrize("before", ["/", "?", ""], ids=["path", "query", "no address at all"])
def test_the_longest_addresses_of_a_stranger_are_read_quickly(before):
    """They are read while the records are written, and on SQLite everybody else who writes waits for that."""
    sent = (f"https://a.example{before}" if before else "") + "a" * 1980
    begun = process_time()
    for _ in range(MOST_FAILURES):
        shown_uri(sent, [CALLBACK])
    assert process_time() - begun < 1
