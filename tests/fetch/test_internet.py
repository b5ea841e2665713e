"""The real way to the world: what every other test here replaces."""

import os
import socket
import ssl
import threading
from queue import SimpleQueue

import pytest

from app.fetch import network
from app.fetch.network import Internet
from tests.fetch.conftest import URL


def test_an_app_asks_the_internet_unless_a_test_says_otherwise(app):
    assert isinstance(app.extensions["services"].fetcher.network, Internet)


def test_a_name_is_looked_up_as_it_is(monkeypatch):
    """With a final dot: not below the domains that a cluster or an office searches in."""
    asked = []

    def look(*arguments, **options):
        asked.append((arguments, options))
        six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2600::1", 443, 0, 0))
        four = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("45.45.45.1", 443))
        return [six, four, four]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    assert Internet().resolve("notes.example") == ["2600::1", "45.45.45.1"]
    assert asked == [(("notes.example.", 443), {"type": socket.SOCK_STREAM, "proto": socket.IPPROTO_TCP})]


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_connection_goes_to_that_address_and_tells_it(family, address, monkeypatch):
    with socket.create_server((address, 0), family=family) as server:
        monkeypatch.setattr(network, "PORT", server.getsockname()[1])
        with Internet().connect(address, 5) as connection:
            assert Internet().peer_of(connection) == address


def test_a_connection_is_not_waited_for_for_ever(monkeypatch):
    """A listener whose queue is full takes no more, and does not say so."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        monkeypatch.setattr(network, "PORT", server.getsockname()[1])
        came: SimpleQueue[type[Exception]] = SimpleQueue()
        threading.Thread(target=_connect_until_it_fails, args=(came,), daemon=True).start()
        assert came.get(timeout=10) is TimeoutError


def _connect_until_it_fails(came):
    waiting = []
    try:
        while True:
            waiting.append(Internet().connect("127.0.0.1", 0.2))
    except OSError as error:
        came.put(type(error))
    finally:
        for one in waiting:
            one.close()


def test_no_name_is_looked_up_to_connect(monkeypatch):
    def look(*_arguments, **_options):
        raise AssertionError("The name was looked up a second time.")

    monkeypatch.setattr(socket, "getaddrinfo", look)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(network, "PORT", server.getsockname()[1])
        Internet().connect("127.0.0.1", 5).close()


def test_only_port_443_is_asked():
    assert network.PORT == 443


def test_certificates_are_checked_for_the_host(monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    tls = Internet().tls
    assert tls.verify_mode is ssl.CERT_REQUIRED and tls.check_hostname and not tls.hostname_checks_common_name
    assert tls.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert tls.keylog_filename is None


def test_hosts_do_not_choose_how_much_we_compute():
    """Plain Diffie-Hellman has numbers of the host's own."""
    assert {cipher["kea"] for cipher in Internet().tls.get_ciphers()} <= {"kx-ecdhe", "kx-any"}


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"])
def test_no_variable_sends_us_through_a_proxy(name, hosts, fetch, monkeypatch):
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        threading.Thread(target=lambda: _accept(proxy, asked), daemon=True).start()
        monkeypatch.setitem(os.environ, name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        hosts.serve(URL, {"a": 1})
        assert fetch().members == {"a": 1}
    assert not asked.is_set()


def _accept(listener, asked):
    try:
        listener.accept()
    except OSError:
        return
    asked.set()
