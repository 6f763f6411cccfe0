"""Who is counted as one, and how often one may ask."""

from dataclasses import dataclass

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from engine.web.guard import UNTRUSTED, Guard
from engine.web.rates import Limit, Rates

THRICE = Limit(3, 60)


@dataclass
class HandTime:
    """A monotonic time that stands until it is moved."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def seen(proxies: int, *lines: str) -> str:
    """Whom a guard behind so many proxies counts, by the header lines of a request."""
    headers = CIMultiDict([("X-Forwarded-For", line) for line in lines])
    return Guard(proxies).address(make_mocked_request("GET", "/", headers))


@pytest.mark.parametrize(
    ("proxies", "lines", "address"),
    [
        (1, ["203.0.113.9"], "203.0.113.9"),
        (1, ["10.0.0.1, 203.0.113.9"], "203.0.113.9"),
        (1, ["10.0.0.1", "203.0.113.9"], "203.0.113.9"),
        (2, ["10.0.0.1", "203.0.113.9", "192.0.2.1"], "203.0.113.9"),
        (2, ["10.0.0.1, 203.0.113.9", "192.0.2.1"], "203.0.113.9"),
        (2, ["192.0.2.1"], UNTRUSTED),
        (1, [], UNTRUSTED),
        (1, ["somebody"], UNTRUSTED),
    ],
)
def test_who_asks_is_whom_the_outermost_proxy_saw(
    proxies: int, lines: list[str], address: str
) -> None:
    assert seen(proxies, *lines) == address


def test_who_has_a_network_is_counted_as_one() -> None:
    home = seen(1, "2001:db8:1:2::1")
    assert seen(1, "2001:DB8:1:2:ffff::7") == home
    assert seen(1, "2001:db8:1:3::1") != home
    assert seen(1, "::ffff:203.0.113.9") == seen(1, "203.0.113.9")
    assert seen(1, "203.0.113.10") != seen(1, "203.0.113.9")


def test_a_window_begins_with_its_first_hit_and_ends() -> None:
    time = HandTime()
    rates = Rates(time)
    told = []
    for _ in range(4):
        told.append(rates.hit(THRICE, "a"))
        time.now_s += 10
    assert [(one.granted, one.left, one.reset_s) for one in told] == [
        (True, 2, 60),
        (True, 1, 50),
        (True, 0, 40),
        (False, 0, 30),
    ]
    assert rates.hit(THRICE, "b").granted
    assert rates.hit(Limit(1, 60), "a").granted
    time.now_s = 1060
    assert rates.hit(THRICE, "a").left == 2


def test_the_table_keeps_who_came_last() -> None:
    rates = Rates(HandTime(), names_most=2)
    for name in ("a", "b", "a", "c"):
        rates.hit(THRICE, name)
    assert rates.hit(THRICE, "a").left == 0
    assert rates.hit(THRICE, "b").left == 2
