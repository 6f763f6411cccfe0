"""Addresses of the store: every kind is understood, no password is shown."""

import pytest

from engine.errors import CallerError
from engine.store.address import StoreAddress, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("valkey://db", StoreAddress(kind="server", hosts=(("db", 6379),))),
        ("redis://db:7000/3", StoreAddress(kind="server", hosts=(("db", 7000),), db=3)),
        ("valkey://[::1]:7000?db=2", StoreAddress(kind="server", hosts=(("::1", 7000),), db=2)),
        (
            "valkeys://[::1]?ca=/etc/ca.pem",
            StoreAddress(kind="server", tls=True, hosts=(("::1", 6379),), ca="/etc/ca.pem"),
        ),
        (
            "valkey://kim:p%40ss@db",
            StoreAddress(kind="server", hosts=(("db", 6379),), username="kim", password="p@ss"),
        ),
        (
            "unix:///var/run/a%20b.sock?db=1",
            StoreAddress(kind="unix", path="/var/run/a b.sock", db=1),
        ),
        (
            "sentinel://:pw@s1,s2:5000/main?db=4",
            StoreAddress(
                kind="sentinel",
                hosts=(("s1", 26379), ("s2", 5000)),
                master="main",
                db=4,
                password="pw",
            ),
        ),
        (
            "clusters://n1,n2:7001",
            StoreAddress(kind="cluster", tls=True, hosts=(("n1", 6379), ("n2", 7001))),
        ),
    ],
)
def test_each_kind_is_understood(text: str, expected: StoreAddress) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "db:6379",
        "http://:secret@db",
        "valkey://",
        "valkey://:secret@a,b",
        "valkey://:secret@db:port",
        "valkey://:secret@db:70000",
        "valkey://:secret@db/sixteen",
        "valkey://:secret@db/16",
        "valkey://:secret@db?timeout=1",
        "unix://",
        "sentinel://:secret@s1,s2",
        "cluster://:secret@n1?db=1",
    ],
)
def test_a_faulty_address_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(CallerError) as caught:
        parse_address(text)
    assert "secret" not in str(caught.value)


def test_a_password_by_another_way_is_used_where_the_line_has_none() -> None:
    assert parse_address("valkey://db", "secret").password == "secret"
    assert parse_address("valkey://:own@db", "secret").password == "own"


def test_no_representation_shows_the_password() -> None:
    assert "secret" not in repr(parse_address("valkey://kim:secret@db"))
