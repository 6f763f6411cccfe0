"""Tracking calls: a month of them by three sources, one of those with few callers."""

from dataclasses import replace
from datetime import timedelta

from playwright.async_api import Page

from engine.core.analytics.collector import Collector, Program
from engine.core.localtime import DAY_MS, HOUR_MS
from engine.core.tracked import Outcome, TrackedCall
from tests.web.console.house import MASTERS, OTHERS, House, Row
from tests.web.site import ORGANISATION

TRACKED = "/console/tracked"
READERS = f"{MASTERS} manager coordinator auditor"
WRITERS = f"{MASTERS} coordinator"
NUMBER = "+493023125701"
SOURCES = {"Webseite": 24, "Portal": 12, "Messe": 3}
"""How many calls each source has in the last month, and half of them in the one before."""
TERMS = {"callers_least": "5", "key_months": "1", "mails": "a@example.org", "lang": "de"}
SITE = Collector(
    collector_id="",
    organisation="",
    program=Program.MATOMO,
    place="3",
    url="https://matomo.sternlicht.example/matomo.php",
    number="",
    secret="0123456789abcdef0123456789abcdef",
)
COLLECTORS = f"{TRACKED}/collectors"
COLLECTOR = {"program": "ga4", "place": "G-AB12CD34EF", "secret": "api-secret-of-theirs"}

ROWS = {
    ("GET", TRACKED): Row(READERS),
    ("GET", f"{TRACKED}/report.csv"): Row(READERS),
    ("GET", f"{TRACKED}/calls"): Row(READERS),
    ("GET", f"{TRACKED}/terms"): Row(READERS),
    ("POST", f"{TRACKED}/terms"): Row(WRITERS, TERMS),
    ("GET", COLLECTORS): Row(READERS),
    ("POST", COLLECTORS): Row(WRITERS, COLLECTOR),
    ("POST", f"{COLLECTORS}/{{collector_id}}/delete"): Row(WRITERS),
}


async def seed(house: House) -> None:
    """Calls of ours, some of them missed, and one of another organisation."""
    now_ms = house.bench.site.clock.now().wall_ms
    tracked, collecting = house.bench.site.tracked, house.bench.site.collecting
    for name, whose, ids in (("c1", ORGANISATION, house.own), ("c2", OTHERS, house.foreign)):
        await collecting.add(replace(SITE, collector_id=name, organisation=whose))
        ids["collector_id"] = name
    for source, count in SOURCES.items():
        for n in range(count + count // 2):
            days = 1 + n % 25 if n < count else 35 + n % 20
            arrived_ms = now_ms - days * DAY_MS + (n % 9) * HOUR_MS // 2
            caller = f"+493023125{1 + n % 8}{len(source):02}" if n % 3 else f"+4915228817{n:03}"
            await tracked.keep(call(f"{source}.{n}", source, arrived_ms, n), caller)
    await tracked.keep(call("theirs", "Anzeige", now_ms, 0, OTHERS), "+4989999980001")


def call(
    call_id: str, source: str, arrived_ms: int, n: int, organisation: str = ORGANISATION
) -> TrackedCall:
    """A call; of every four the last was missed, each time in another way."""
    missed = (Outcome.ABANDONED, Outcome.BUSY, Outcome.FAILED)[n // 4 % 3]
    is_missed = n % 4 == 3
    return TrackedCall(
        call_id=call_id,
        organisation=organisation,
        number=NUMBER,
        source=source,
        arrived_ms=arrived_ms,
        answered_ms=None if is_missed else arrived_ms + 4_000 + n * 500,
        ended_ms=arrived_ms + (20_000 if is_missed else 95_000 + n * 7_000),
        outcome=missed if is_missed else Outcome.ANSWERED,
        target=0,
    )


async def _month(house: House, page: Page, origin: str) -> bool:
    """The month before by weekday, with where callers called from."""
    _, today = house.bench.site.numbering.now()
    last = today.replace(day=1) - timedelta(days=1)
    await page.goto(f"{origin}{TRACKED}?by=weekday&from={last.replace(day=1)}&to={last}")
    return True


async def _refused(house: House, page: Page, origin: str) -> bool:
    await page.goto(f"{origin}{TRACKED}/terms")
    await page.locator("#mails").fill("nobody")
    await page.locator("main form button").click()
    await page.get_by_role("alert").wait_for()
    return True


async def _unknown_place(house: House, page: Page, origin: str) -> bool:
    await page.goto(f"{origin}{COLLECTORS}")
    await page.locator("#place").fill("UA-1234-1")
    await page.locator("#secret").fill("a-secret-of-theirs")
    await page.locator("main form.narrow button").click()
    await page.get_by_role("alert").wait_for()
    return True


SCENES = {
    "tracked-month": _month,
    "tracked-terms-refused": _refused,
    "tracked-collector-refused": _unknown_place,
}
