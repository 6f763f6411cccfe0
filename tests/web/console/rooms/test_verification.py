"""Pages of verifications: what is shown of a number, its steps, what is used of the limits."""

from dataclasses import replace

import pytest

from engine.core.roles import Role
from engine.core.verification import CallStep, Failure, Mode, Rejection, Status, Verification
from engine.web.console.pages.verification.shown import steps
from engine.web.console.wording import languages
from tests.verification.cases import MOBILE, NOW_MS, verification
from tests.web.console.house import House
from tests.web.console.subjects.verification import MERCHANTS, PROVED, VERIFICATIONS, WAITS

OVER = replace(verification(), calls=1, step=CallStep.ENDED, call_ended_ms=NOW_MS + 9)
ANSWERED = replace(OVER, answered_ms=NOW_MS + 3)


@pytest.mark.parametrize(
    ("one", "taken"),
    [
        (verification(), "begun"),
        (replace(verification(), calls=1), "begun"),
        (replace(verification(), calls=1, step=CallStep.RINGING), "begun dialing ringing"),
        (OVER, "begun dialing ended"),
        (replace(OVER, code_told=True), "begun dialing ended"),
        (ANSWERED, "begun dialing ringing answered ended"),
        (
            replace(ANSWERED, code_told=True, status=Status.WRONG_CODE, ended_ms=NOW_MS + 20),
            "begun dialing ringing answered key_pressed code_spoken ended finished",
        ),
        (
            replace(ANSWERED, mode=Mode.PRESS, method=Mode.PRESS, status=Status.VERIFIED),
            "begun dialing ringing answered key_pressed ended finished",
        ),
        (replace(verification(), status=Status.REJECTED, ended_ms=NOW_MS), "begun finished"),
    ],
)
def test_steps_are_told_as_far_as_they_are_known(one: Verification, taken: str) -> None:
    assert [step.name for step in steps(one) if step.is_done] == taken.split()


def test_whatever_can_become_of_one_has_its_words() -> None:
    words = languages()["de"].words
    limits = ["per_number", "per_address", "per_prefix", "per_merchant", "in_all"]
    others = [*limits, "prefix_unproved", "merchant_unproved", "no_merchant"]
    for reason in (*Rejection, *Failure, *others):
        assert f"verification.reason_{reason}" in words
    for status in Status:
        assert f"verification.status_{status}" in words
    for step in ("begun", *CallStep, "finished"):
        assert f"verification.step_{step}" in words


async def _page(house: House, path: str, role: Role = Role.AUDITOR) -> str:
    answer = await house.ask("GET", path, house.people[role])
    assert answer.status == 200, path
    return await answer.text()


async def test_no_number_is_shown_in_full(house: House) -> None:
    for path in ("", f"/{PROVED}", f"/{WAITS}"):
        page = await _page(house, VERIFICATIONS + path, Role.OWNER)
        assert MOBILE not in page
        assert MOBILE[:-3] in page


async def test_the_list_is_filtered_and_ones_own(house: House) -> None:
    whole = await _page(house, VERIFICATIONS)
    assert whole.count(f'href="{VERIFICATIONS}/') == 3
    assert "schraube-1" not in whole
    found = await _page(house, f"{VERIFICATIONS}?status=verified")
    assert found.count(f'href="{VERIFICATIONS}/') == 1
    assert "0,15" in found
    assert "per_number" not in await _page(house, f"{VERIFICATIONS}?status=blocked")
    none = await _page(house, f"{VERIFICATIONS}?merchant=bolt-shop")
    assert f'href="{VERIFICATIONS}/' not in none


async def test_limits_tell_what_is_used(house: House) -> None:
    owners = await _page(house, f"{MERCHANTS}/shop", Role.OWNER)
    assert '<th scope="row">Dieser Händler</th><td class="number">3</td>' in owners
    assert '<th scope="row">Alle Händler zusammen</th><td class="number">–</td>' in owners
    assert "1 der letzten 1 Nummern sind bestätigt." in owners
    number = await _page(house, f"{VERIFICATIONS}/{PROVED}")
    assert '<th scope="row">Je Nummer</th><td class="number">0</td>' in number
    assert "Sicherung des Nummernbereichs" in number
    answer = await house.ask("GET", f"{MERCHANTS}/shop", house.staff[Role.OWNER])
    assert '<th scope="row">Alle Händler zusammen</th><td class="number">0</td>' in (
        await answer.text()
    )


async def test_without_the_store_terms_are_shown_all_the_same(house: House) -> None:
    house.bench.store.down = True
    page = await _page(house, f"{MERCHANTS}/shop")
    assert "Was verbraucht ist, lässt sich gerade nicht sagen." in page
    assert (await _page(house, f"{VERIFICATIONS}/{PROVED}")).count("Grenzen") == 0
