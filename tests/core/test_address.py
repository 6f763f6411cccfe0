"""Where a customer may let us ask: public addresses, by https."""

import pytest

from engine.core.address import check_url, is_loopback, is_public
from engine.errors import CallerError

PUBLIC = (
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
)
NOT_PUBLIC = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:101:101::",
    "2001:0:4136:e378::1",
    "3fff::1",
    "4000::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)
    assert not is_loopback(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_addresses_of_this_machine(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.org",
        "https://www.example.org:8443/a/b?c=d&e=%2F",
        "https://1.1.1.1/hook",
        "https://[2606:4700:4700::1111]/",
        "HTTPS://WWW.EXAMPLE.ORG/",
    ],
)
def test_urls_that_are_taken(url: str) -> None:
    check_url(url, loopback=False)
    check_url(url, loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "www.example.org",
        "https://",
        "https:///path",
        "https://www.example.org:0/",
        "https://www.example.org:99999/",
        "https://[::1",
        "https://user@www.example.org/",
        "https://user:word@www.example.org/",
        "https://www.example.org/#part",
        "https://www.example.org/a b",
        "https://www.example.org\\@10.0.0.1/",
        "https://www.example.org/\r\nX-Evil: 1",
        "https://www.exämple.org/",
        "https://fe80::1%25eth0/",
        "https://" + "a" * 1000,
        "https://a..example.org/",
        "https://..../",
        "https://" + "a" * 64 + ".example.org/",
        "http://www.example.org/",
        "http://10.0.0.1/",
        "ftp://www.example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fe80::1]/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    for loopback in (False, True):
        with pytest.raises(CallerError) as caught:
            check_url(url, loopback=loopback)
        assert caught.value.field == "url"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/", "http://localhost/", "https://localhost/", "https://[::1]:9/"]
)
def test_this_machine_is_named_only_for_trials(url: str) -> None:
    check_url(url, loopback=True)
    with pytest.raises(CallerError):
        check_url(url, loopback=False)
