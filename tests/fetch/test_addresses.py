"""Which addresses are on the public internet."""

from app.fetch.addresses import is_public, is_same
from tests.tables import each

_NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 100.100.100.200 127.0.0.1 127.1.2.3
    169.254.169.254 169.254.0.1 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.9 192.0.0.170 192.0.0.192 192.0.2.1
    192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 233.252.0.1
    239.255.255.255 240.0.0.1 255.255.255.254 255.255.255.255 168.63.129.16
    :: ::1 ::2 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8
    64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::168.63.129.16 64:ff9b:1::1 64:ff9b:1::8.8.8.8
    100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:3::1 2001:10::1 2001:20::1 2001:30::1
    2001:db8::1 2002::1 2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1
    fe80::1 fe80::1%eth0 febf::1 fec0::1 feff::1 ff02::1 ff0e::1 ffff::1
    2600::1%lo
""".split()
_PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.1.1 172.15.0.1
    172.32.0.1 192.0.1.1 192.167.1.1 192.169.0.1 198.17.0.1 198.20.0.1 223.255.255.255 168.63.129.17
    2001:200::1 2001:4860:4860::8888 2003::1 2600::1 2606:4700:4700::1111 2a00::1 2620:4f:7fff::1
    64:ff9b::8.8.8.8 64:ff9b::808:808
""".split()


@each("address", _NOT_PUBLIC)
def test_what_only_some_networks_reach_is_not_public(address):
    assert not is_public(address)


@each("address", _PUBLIC)
def test_what_everybody_reaches_is_public(address):
    assert is_public(address)


@each("text", ["", "localhost", "1.1.1", "1", "0x7f.1", "01.1.1.1", "1.1.1.1/32", "1.1.1.1:443", "[2600::1]"])
def test_what_is_no_address_is_not_public(text):
    assert not is_public(text)


def test_one_address_has_several_spellings():
    assert is_same("2600:0::1", "2600::1") and is_same("1.1.1.1", "1.1.1.1")
    assert not is_same("1.1.1.1", "1.1.1.2") and not is_same("1.1.1.1", "") and not is_same("1.1.1.1", "::ffff:1.1.1.1")
