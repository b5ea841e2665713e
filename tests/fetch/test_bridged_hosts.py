"""The hosts of a test are the same to a server in processes of its own."""

import pytest

from app.fetch import Why
from tests.bridged_hosts import VARIABLE, BridgedHosts, bridged
from tests.fetch.conftest import PUBLIC, URL


@pytest.fixture
def far_away(hosts, fetcher, monkeypatch):
    """The app asks as such a server would."""
    with bridged(hosts) as told:
        monkeypatch.setattr(fetcher, "network", BridgedHosts(int(told[VARIABLE])))
        yield


def test_a_server_elsewhere_asks_the_hosts_of_the_test(far_away, hosts, fetch):
    hosts.serve(URL, {"a": 1})
    assert fetch().members == {"a": 1}
    assert (hosts.lookups, hosts.connections, hosts.requests) == (["notes.example"], ["45.45.45.1"], [URL])


def test_it_is_told_what_there_is_not(far_away, hosts, refusal):
    assert refusal().why is Why.UNKNOWN_HOST
    hosts.host("notes.example", PUBLIC)
    hosts.peers[PUBLIC] = "127.0.0.1"
    assert refusal().why is Why.NOT_PUBLIC
