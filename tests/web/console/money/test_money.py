"""Money by hand and files of records, as the server answers: once, within limits, whole."""

import csv
import io
import re
from dataclasses import replace
from datetime import datetime

import pytest

from engine.core.course import Heard, Slice
from engine.core.roles import Role
from engine.flows.evn import register
from engine.flows.proof.proof import Verdict
from engine.web.console.pages.evn import exporting
from engine.web.console.wording import ZONE
from tests.flows.papers import printed_in
from tests.web.console.house import House
from tests.web.console.money.business import account, call, euros, settle_call
from tests.web.site import LANDLINE, MOBILE, PROFILE

NEW = "/console/transactions/new"
GIVEN = {"direction": "give", "reason": "goodwill"}


async def _balance(house: House, e164: str) -> int:
    known = await house.bench.ledger.find_account(PROFILE, e164)
    assert known is not None
    view = await house.bench.store.account(known.account_id)
    assert view is None or view.balance_micros == known.balance_micros
    return known.balance_micros


async def test_a_form_sent_twice_is_one_transaction(house: House) -> None:
    admin = house.people[Role.ADMIN]
    form = {**GIVEN, "number": "030 23125900", "amount": "12,50", "form_id": "f1"}
    for _ in range(2):
        answer = await house.ask("POST", NEW, admin, form)
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/console/customers/")
    assert await _balance(house, "+493023125900") == 12_500_000
    other = await house.ask("POST", NEW, admin, {**form, "amount": "13"})
    assert other.status == 422
    assert await _balance(house, "+493023125900") == 12_500_000


async def test_a_preview_changes_nothing(house: House) -> None:
    form = {**GIVEN, "number": "030 23125901", "amount": "1", "form_id": "f2"}
    answer = await house.ask(
        "POST", "/console/transactions/preview", house.people[Role.ADMIN], form
    )
    assert answer.status == 200
    assert "eröffnet" in await answer.text()
    assert await house.bench.ledger.find_account(PROFILE, "+493023125901") is None


async def test_a_manager_books_up_to_his_limit(house: House) -> None:
    manager = house.people[Role.MANAGER]
    await account(house, "+493023125902")
    form = {**GIVEN, "number": "+493023125902", "form_id": "f3"}
    for path in (NEW, "/console/transactions/preview"):
        beyond = await house.ask("POST", path, manager, {**form, "amount": "50,000001"})
        assert beyond.status == 422
    assert await _balance(house, "+493023125902") == 0
    assert (await house.ask("POST", NEW, manager, {**form, "amount": "50"})).status == 303
    assert await _balance(house, "+493023125902") == euros(50)


async def test_what_calls_hold_is_not_taken(house: House) -> None:
    account_id = await account(house, "+493023125903", euros(10))
    assert await house.bench.store.hold_amount(account_id, "call", euros(8))
    form = {
        "direction": "take",
        "reason": "fee",
        "number": "+493023125903",
        "amount": "3",
        "form_id": "f4",
    }
    denied = await house.ask("POST", NEW, house.people[Role.ADMIN], form)
    assert denied.status == 422
    assert "2,00" in await denied.text()
    assert await _balance(house, "+493023125903") == euros(10)


async def test_anothers_customer_gets_nothing(house: House) -> None:
    form = {**GIVEN, "account": house.foreign["account_id"], "amount": "5", "form_id": "f5"}
    answer = await house.ask("POST", NEW, house.people[Role.ADMIN], form)
    assert answer.status == 422
    theirs = await house.bench.ledger.account(house.foreign["account_id"])
    assert theirs is not None
    assert theirs.balance_micros == euros(5)


async def test_a_payment_in_suspense_is_settled_once(house: House) -> None:
    admin, path = house.people[Role.ADMIN], "/console/payments/suspense"
    before = await _balance(house, MOBILE)
    settle = f"{path}/{house.own['suspense_key']}/settle"
    form = {"number": MOBILE, "reason": "named in the reference"}
    assert (await house.ask("POST", settle, admin, form)).status == 303
    assert await _balance(house, MOBILE) == before + euros(15)
    assert (await house.ask("POST", settle, admin, form)).status == 404
    assert house.own["suspense_key"] not in await (await house.ask("GET", path, admin)).text()
    assert list(await house.bench.ledger.verify()) == []


async def test_a_number_that_is_taken_is_merged_only_when_confirmed(house: House) -> None:
    admin = house.people[Role.ADMIN]
    for posting in await house.bench.ledger.postings_after(house.own["account_id"], 0):
        await house.bench.store.apply(posting)
    mine, theirs = await _balance(house, LANDLINE), await _balance(house, MOBILE)
    path = f"/console/customers/{house.own['account_id']}/number"
    form = {"number": MOBILE, "reason": "two accounts", "form_id": "f6"}
    asked = await house.ask("POST", path, admin, form)
    assert asked.status == 409
    assert await _balance(house, MOBILE) == theirs
    merged = await house.ask("POST", path, admin, {**form, "merge": "yes"})
    assert merged.status == 303
    assert await _balance(house, MOBILE) == mine + theirs


async def test_a_number_taken_off_a_list_by_its_row_is_new_again(house: House) -> None:
    admin = house.people[Role.ADMIN]
    secret = await house.session(admin)
    page = await (await house.ask("GET", "/console/lists", secret=secret)).text()
    veiled = re.findall(r'name="veiled" value="([^"]+)"', page)
    assert len(veiled) == 2
    form = {"list": "stars", "veiled": veiled[0]}
    assert (
        await house.ask("POST", "/console/lists/remove", form=form, secret=secret)
    ).status == 303
    again = await (await house.ask("GET", "/console/lists", secret=secret)).text()
    assert len(re.findall(r'name="veiled"', again)) == 1
    elsewhere = await house.ask(
        "POST", "/console/lists/remove", admin, {**form, "veiled": veiled[1]}
    )
    assert elsewhere.status == 422


async def test_a_proof_from_the_page_is_genuine(house: House) -> None:
    path = f"/console/evn/{house.own['call_id']}/proof.json"
    answer = await house.ask("GET", path, house.people[Role.AUDITOR])
    assert house.bench.site.signer.check(await answer.read()) is Verdict.GENUINE


async def test_a_month_is_exported_for_ones_own_profile_alone(house: House) -> None:
    auditor = house.people[Role.AUDITOR]
    now_s = house.bench.site.clock.now().wall_ms // 1000
    month = f"{datetime.fromtimestamp(now_s, ZONE):%Y-%m}"
    path = f"/console/evn/month.csv?month={month}&profile="
    assert (await house.ask("GET", f"{path}bolt-eur", auditor)).status == 422
    text = await (await house.ask("GET", f"{path}{PROFILE}", auditor)).text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["charge"] for row in rows[-2:]] == ["19.90", "19.90"]
    assert LANDLINE not in text
    assert len(rows) > 6
    assert rows[-3]["outcome"].startswith(f"vollständig bis {month}-")
    assert [row["outcome"] for row in rows[-2:]] == [
        "Summe der Zeilen",
        "Anrufbuchungen des Monats",
    ]


@pytest.mark.parametrize(("more", "is_cut"), [(0, False), (-1, True)])
async def test_only_a_file_that_leaves_calls_out_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch, more: int, is_cut: bool
) -> None:
    auditor = house.people[Role.AUDITOR]
    now_s = house.bench.site.clock.now().wall_ms // 1000
    month = f"month.csv?month={datetime.fromtimestamp(now_s, ZONE):%Y-%m}&profile={PROFILE}"

    async def outcomes(path: str) -> list[str]:
        answer = await house.ask("GET", f"/console/evn/{path}", auditor)
        return [row["outcome"] for row in csv.DictReader(io.StringIO(await answer.text()))]

    all_calls = len(await outcomes("export.csv"))
    monkeypatch.setattr(register, "LINES_MOST", all_calls + more)
    ends = [register.CUT_SHORT] if is_cut else []
    assert (await outcomes("export.csv"))[all_calls + more :] == ends
    assert (await outcomes(month))[all_calls + more : -3] == ends


@pytest.mark.parametrize(("count", "is_cut"), [(4, False), (5, True)])
async def test_only_a_page_that_leaves_out_parts_of_a_call_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch, count: int, is_cut: bool
) -> None:
    for name in ("SLICES_MOST", "HEARD_MOST"):
        for room in ("engine.web.console.pages.evn.call", "engine.flows.proof.timeline"):
            monkeypatch.setattr(f"{room}.{name}", 4)
    record = call(house, "long-1", None)
    at_ms = [record.arrived_ms + n for n in range(count)]
    prompts = tuple(Heard(one, "caller", f"minutes_left-m{n + 11}") for n, one in enumerate(at_ms))
    slices = tuple(Slice(one, 1) for one in at_ms)
    long = replace(record, charged_s=0, charge_micros=0, prompts=prompts, slices=slices)
    await settle_call(house, long)
    page = await (await house.ask("GET", "/console/evn/long-1", house.people[Role.AUDITOR])).text()
    assert ("Von mehr als 4 Quotenscheiben" in page) is is_cut
    assert ("Von mehr als 4 Ansagen" in page) is is_cut
    shown = [n for n in range(count) if f"<code>minutes_left-m{n + 11}</code>" in page]
    assert shown == ([0, 1, 3, 4] if is_cut else [0, 1, 2, 3])


async def test_a_document_and_the_statistics_are_files(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = house.people[Role.AUDITOR]
    paper = await house.ask("GET", "/console/evn/export.pdf?charged=no", auditor)
    assert (await paper.read()).startswith(b"%PDF-")
    monkeypatch.setattr(exporting, "PAPER_ROWS_MOST", 3)
    cut = await house.ask("GET", "/console/evn/export.pdf", auditor)
    printed = printed_in(await cut.read())
    assert "nur die 3 neuesten" in printed
    for by in ("day", "weekday", "hour", "month", "service"):
        assert (await house.ask("GET", f"/console/statistics?by={by}", auditor)).status == 200
        answer = await house.ask("GET", f"/console/statistics/export.csv?by={by}", auditor)
        rows = list(csv.DictReader(io.StringIO(await answer.text())))
        assert sum(int(row["calls"]) for row in rows) == 6


async def test_only_the_operator_counts_what_is_due(house: House) -> None:
    for people, counted in ((house.people, False), (house.staff, True)):
        answer = await house.ask("GET", "/console/retention?count=yes", people[Role.OWNER])
        assert ("Jetzt fällig" in await answer.text()) is counted


async def test_staff_look_at_one_organisation_at_a_time(house: House) -> None:
    answer = await house.ask("GET", "/console/customers", house.staff[Role.OWNER])
    assert "Organisation auswählen" in await answer.text()
