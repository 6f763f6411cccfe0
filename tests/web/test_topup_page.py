"""The page in the frame: what it shows, in which language, who may frame it, what it may run."""

import re
import shutil
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from engine.core.inventory import BillingProfile
from engine.core.money import Rounding
from engine.core.rating import Increment, Rate
from engine.core.tariff import Line
from engine.errors import EngineError
from engine.payments.registry import PROVIDERS
from engine.web.server import make_app
from engine.web.topup import wording
from engine.web.topup.offers import Reach, minutes_bought, reach
from engine.web.topup.wording import languages
from tests.web.site import (
    EMBEDDER,
    ORGANISATION,
    ORIGIN,
    PROFILE,
    Client,
    open_site,
    service,
    site_inventory,
    tariff,
)

PAGE = f"/topup/{PROFILE}"


def words(html: str) -> str:
    """What is read, without tags, blanks as one."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).replace("\xa0", " ").split())


def assert_plain_policy(answer: ClientResponse, ancestors: str) -> None:
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == ancestors
    assert "X-Frame-Options" not in answer.headers
    assert "Set-Cookie" not in answer.headers


async def test_the_page_tells_what_each_amount_buys(client: Client) -> None:
    answer = await client.get(PAGE, params={"lang": "de"})
    told = words(await answer.text())
    assert answer.status == 200
    assert "20 € + 2 € Bonus 11 Minuten vom Festnetz 7 bis 11 Minuten vom Handy" in told
    assert "50 € + 7,50 € Bonus 28 Minuten vom Festnetz" in told
    assert "Starlight +49 30 23125001 Festnetz 1,99 € je Minute" in told
    assert "je Anruf 0,10 €" in told


async def test_the_page_speaks_english(client: Client) -> None:
    answer = await client.get(PAGE, params={"lang": "en"})
    html = await answer.text()
    assert '<html lang="en">' in html
    assert "€20 + €2 bonus 11 minutes from a landline" in words(html)


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr,de;q=0.5,en;q=0.7", "en"),
        ("en;q=0,de;q=0.1", "de"),
        ("fr", "de"),
        ("", "de"),
        (";q=,;;q=x,en;q=0.3", "en"),
    ],
)
async def test_the_browser_says_the_language(client: Client, accepted: str, lang: str) -> None:
    answer = await client.get(PAGE, headers={"Accept-Language": accepted})
    assert f'<html lang="{lang}">' in await answer.text()


async def test_only_the_profiles_sites_may_frame_it(client: Client) -> None:
    assert_plain_policy(await client.get(PAGE), f"'self' {EMBEDDER}")


async def test_nothing_in_the_page_is_script_or_style(client: Client) -> None:
    html = await (await client.get(PAGE)).text()
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", html)


async def test_only_configured_providers_are_shown(client: Client) -> None:
    html = await (await client.get(PAGE)).text()
    assert re.findall(r'name="provider" value="([^"]*)"', html) == ["scripted", "manual"]


async def test_a_number_in_the_address_is_filled_in_as_text(client: Client) -> None:
    answer = await client.get(PAGE, params={"number": '"><script>alert(1)</script>030'})
    html = await answer.text()
    assert "<script>alert" not in html
    assert 'value="&#34;&gt;&lt;script' in html


async def test_an_unknown_profile_has_no_page(client: Client) -> None:
    for path in ("/topup/nobody", "/topup/nobody/snippet"):
        answer = await client.get(path)
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


async def test_where_nothing_can_be_paid_the_page_says_so(
    empty_books: Path, tmp_path: Path
) -> None:
    bare = BillingProfile(name="bare", organisation=ORGANISATION, currency="EUR")
    file = tmp_path / "ledger.db"
    shutil.copy(empty_books, file)
    async with (
        open_site(file, site_inventory(bare)) as bench,
        TestClient(TestServer(make_app(bench.site))) as client,
    ):
        answer = await client.get("/topup/bare", params={"lang": "en"})
        html = await answer.text()
    assert "Nothing can be topped up here" in html
    assert "<form" not in html
    assert_plain_policy(answer, "'self'")


async def test_style_and_script_are_kept_by_their_content(client: Client) -> None:
    html = await (await client.get(PAGE)).text()
    found = re.findall(r'(?:src|href)="(/topup/static/[^"]+)"', html)
    assert len(found) == 2
    for path in found:
        answer = await client.get(path)
        assert answer.status == 200
        assert answer.content_type in ("text/css", "text/javascript")
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
    assert (await client.get("/topup/static/page.html")).status == 404


async def test_the_snippet_is_a_frame_that_checks_who_speaks(client: Client) -> None:
    answer = await client.get(f"{PAGE}/snippet", params={"lang": "en"})
    text = await answer.text()
    assert answer.content_type == "text/plain"
    assert f'src="{ORIGIN}/topup/{PROFILE}?lang=en"' in text
    assert f'event.origin !== "{ORIGIN}"' in text
    assert "event.source !== frame.contentWindow" in text


# --- minutes ------------------------------------------------------------------------------


def rate(price_micros: int, fee_micros: int = 0, longest_min: int = 60) -> Rate:
    return Rate(
        price_micros=price_micros,
        first_price_micros=None,
        first_minutes=None,
        increment=Increment(60, 60),
        connect_fee_micros=fee_micros,
        rounding=Rounding(),
        max_call_minutes=longest_min,
    )


@pytest.mark.parametrize(
    ("priced", "micros", "minutes"),
    [
        (rate(1_990_000), 22_000_000, 11),
        (rate(1_990_000), 21_890_000, 11),
        (rate(1_990_000), 21_889_999, 10),
        (rate(1_990_000, 120_000), 22_000_000, 10),
        (rate(1_000_000, longest_min=10), 25_000_000, 25),
        (rate(1_000_000, 500_000, longest_min=10), 22_000_000, 20),
        (rate(1_000_000), -1, 0),
        (rate(0), 5_000_000, None),
    ],
)
def test_minutes_are_those_that_are_charged(priced: Rate, micros: int, minutes: int | None) -> None:
    assert minutes_bought(priced, micros) == minutes


def test_the_reach_is_from_the_dearest_to_the_cheapest_service() -> None:
    lines = [
        service("a", "+493023125000", tariff(1_000_000, 1_000_000)),
        service("b", "+493023125001", tariff(1_000_000, 2_000_000)),
        service("c", "+493023125002", tariff(0, 0)),
    ]
    assert reach(lines, Line.MOBILE, 10_000_000) == Reach(5, 10)
    assert reach(lines, Line.LANDLINE, 10_000_000) == Reach(10, 10)
    assert reach(lines[2:], Line.MOBILE, 10_000_000) is None


# --- texts --------------------------------------------------------------------------------


def test_money_is_written_as_its_readers_expect() -> None:
    german, english = languages()["de"], languages()["en"]
    assert german.money(1_234_567_890_000, "EUR") == "1.234.567,89\xa0€"
    assert english.money(1_234_567_890_000, "EUR") == "€1,234,567.89"
    assert german.money(-1_500_000, "EUR") == "−1,50\xa0€"
    assert english.money(1_234_500, "GBP") == "£1.2345"
    assert german.money(5_000_000, "CHF") == "5,00\xa0CHF"
    assert english.money(5_000_000, "CHF") == "CHF\xa05.00"
    assert german.round_money(20_000_000, "EUR") == "20\xa0€"
    assert german.round_money(7_500_000, "EUR") == "7,50\xa0€"
    assert german.round_money(1_004_000, "EUR") == "1,004\xa0€"


def test_every_provider_has_a_name_that_people_know() -> None:
    for texts_of_one in languages().values():
        assert {f"provider_{name}" for name in PROVIDERS} <= set(texts_of_one.words)
    assert languages()["de"].provider("stripe") == "Kredit- oder Debitkarte"
    assert languages()["de"].provider("newcomer") == "Newcomer"


def test_one_minute_is_one() -> None:
    assert languages()["de"].minutes(Reach(1, 1)) == "1 Minute"
    assert languages()["en"].minutes(Reach(0, 1)) == "0 to 1 minutes"
    assert languages()["en"].minutes(None) == "free of charge"


@pytest.mark.parametrize("english", ["a: one", "a: one {count}\nb: two", "a: [one]", "a: ''"])
def test_texts_that_differ_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, english: str
) -> None:
    (tmp_path / "de.yaml").write_text("a: eins\nb: zwei\n")
    (tmp_path / "en.yaml").write_text(english)
    monkeypatch.setattr(wording, "FOLDER", tmp_path)
    with pytest.raises(EngineError):
        languages.__wrapped__()
