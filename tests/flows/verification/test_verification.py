"""Verifications from the wish to the end, on a switch, a store and books in memory."""

import asyncio

import pytest

from engine.core.events import LegFailure
from engine.core.instant import write_time
from engine.core.inventory import OnInvalid
from engine.core.verification import CallStep, Mode, Rejection, Status
from engine.errors import CallerError, RemoteError
from engine.flows.live import Live
from engine.flows.verification.verifier import Created
from engine.verification.rules import Rejected
from engine.verification.session import Unfit
from tests.fakes.clock import virtually
from tests.flows.verification.people import shop, spoken_to
from tests.verification.cases import FIFTEEN_CENTS, MOBILE, OWN, merchant


@virtually
async def test_a_spoken_code_typed_into_the_form_proves_the_number() -> None:
    async with shop() as s:
        s.person(presses="1", presses_after_ms=2_000)
        begun = await s.begins()
        leg = await s.leg()
        assert leg.dialled is not None
        assert leg.dialled.caller_number == OWN
        seen = [step async for step in _steps(s, begun.verification_id, CallStep.CODE_SPOKEN)]
        assert seen == [CallStep.ANSWERED, CallStep.KEY_PRESSED, CallStep.CODE_SPOKEN]
        verifier = s.house.verifiers["e1"]
        wrong = await verifier.check("acme", begun.verification_id, "000000")
        assert (wrong.fits, wrong.tries_left) == (False, 4)
        code = spoken_to(leg)
        right = await verifier.check("acme", begun.verification_id, f"{code[:3]} {code[3:]}")
        assert right.fits
        ended = await s.ended(begun)
        assert (ended.status, ended.method) == (Status.VERIFIED, Mode.SPEAK)
        (entry,) = s.house.verifications.entries
        assert entry.postings[0].account == "merchant:shop"
        assert entry.postings[0].micros == -FIFTEEN_CENTS
        (told,) = s.told()
        assert told == {
            "verification_id": begun.verification_id,
            "merchant": "shop",
            "test": False,
            "reference": "order 7",
            "status": "verified",
            "reason": None,
            "method": "speak",
            "ended": write_time(ended.ended_ms or 0),
            "charge": "0.15",
            "currency": "EUR",
        }
        again = await verifier.check("acme", begun.verification_id, code)
        assert (again.fits, again.refused) == (False, "verified")
        assert len(s.house.verifications.entries) == 1


async def _steps(s, verification_id, last):  # type: ignore[no-untyped-def]  # a test's own
    """Each step of the call that a page sees, up to `last`."""
    seen = []
    async for verification in s.house.verifiers["e1"].watch(verification_id):
        if verification.step not in (CallStep.DIALING, *seen):
            seen.append(verification.step)
            yield verification.step
        if verification.step is last:
            return


@virtually
async def test_the_code_on_the_form_keyed_in_proves_the_number() -> None:
    async with shop() as s:
        created = await s.asks(mode=Mode.KEYPAD)
        assert isinstance(created, Created)
        assert created.code is not None
        s.person(presses="1000000")
        leg = await s.leg()
        await s.house.until(lambda: leg.heard[-2:] and "code_wrong" in leg.heard[-2][1])
        s.house.switch.press(leg.leg, "12#" + created.code)
        ended = await s.ended(created.verification)
        assert (ended.status, ended.tries_left) == (Status.VERIFIED, 4)
        refused = await s.house.verifiers["e1"].check("acme", ended.verification_id, created.code)
        assert refused.refused == "verified"


@virtually
async def test_one_key_is_enough_where_the_merchant_wants_no_more() -> None:
    async with shop() as s:
        s.person(presses="1")
        ended = await s.ended(await s.begins(mode=Mode.PRESS))
        assert (ended.status, ended.method) == (Status.VERIFIED, Mode.PRESS)


@virtually
async def test_a_mailbox_hears_no_code_and_proves_nothing() -> None:
    async with shop() as s:
        for mode in Mode:
            s.person(hangs_up_after_ms=60_000)
            ended = await s.ended(await s.begins(mode=mode))
            assert (ended.status, ended.reason) == (Status.FAILED, "machine")
        heard = [name for leg in s.house.switch.legs.values() for _, name in leg.heard]
        assert not [name for name in heard if "code_" in name]
        assert s.house.verifications.entries == []


@virtually
async def test_busy_rings_again_later_with_success() -> None:
    async with shop() as s:
        s.person(fails_with=LegFailure.BUSY)
        begun = await s.begins(mode=Mode.PRESS)
        await s.leg()
        await asyncio.sleep(30)
        assert (await s.now(begun)).status is Status.QUEUED
        s.person(presses="1")
        ended = await s.ended(begun)
        assert (ended.status, ended.calls) == (Status.VERIFIED, 2)
        first, second = await s.leg(), await s.leg(call_n=2)
        assert first is not second
        assert len(s.told()) == 1


@pytest.mark.parametrize(
    ("failure", "status", "reason", "calls"),
    [
        (LegFailure.BUSY, Status.FAILED, "busy", 3),
        (LegFailure.NO_ANSWER, Status.FAILED, "no_answer", 3),
        (LegFailure.REJECTED, Status.FAILED, "rejected", 1),
        (LegFailure.UNREACHABLE, Status.FAILED, "unreachable", 1),
        (LegFailure.NETWORK, Status.FAILED, "network", 1),
        (LegFailure.WRONG_NUMBER, Status.REJECTED, "invalid", 1),
    ],
)
def test_a_failed_call_is_told_once_and_costs_nothing(
    failure: LegFailure, status: Status, reason: str, calls: int
) -> None:
    @virtually
    async def main() -> None:
        async with shop() as s:
            s.person(fails_with=failure)
            ended = await s.ended(await s.begins())
            assert (ended.status, ended.reason, s.dialled) == (status, reason, calls)
            assert len(s.told()) == 1
            assert s.house.verifications.entries == []

    main()


@virtually
async def test_nobody_answers_and_the_leg_rings_no_longer_than_allowed() -> None:
    async with shop(merchant(calls=1)) as s:
        s.person(answers_after_ms=None)
        began_ms = s.house.now_ms()
        ended = await s.ended(await s.begins())
        assert ended.reason == "no_answer"
        assert (await s.leg()).ended_ms == began_ms + 30_000


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("112", Rejection.SERVICE),
        ("0900 1 123456", Rejection.SERVICE),
        ("032 221234567", Rejection.SERVICE),
        ("+43 664 1234567", Rejection.FOREIGN),
    ],
)
def test_what_must_not_be_called_is_over_at_once(typed: str, kind: Rejection) -> None:
    @virtually
    async def main() -> None:
        async with shop() as s:
            created = await s.asks(to=typed)
            assert isinstance(created, Created)
            assert created.rejected is not None
            assert (created.verification.status, created.verification.reason) == (
                Status.REJECTED,
                kind,
            )
            await asyncio.sleep(60)
            assert (s.dialled, len(s.told())) == (0, 1)

    main()


@virtually
async def test_a_wrong_number_may_be_corrected_or_is_the_end() -> None:
    async with shop() as s:
        wrong = await s.asks(to="049 151 12345678")
        assert isinstance(wrong, Rejected)
        assert wrong.suggestion == "+49 1511 2345678"
        assert s.told() == []
    async with shop(merchant(on_invalid=OnInvalid.END)) as s:
        ended = await s.begins(to="049 151 12345678")
        assert (ended.status, ended.reason, s.dialled) == (Status.REJECTED, "invalid", 0)
        assert len(s.told()) == 1


@virtually
async def test_cancelled_it_stops_ringing_and_is_told() -> None:
    async with shop() as s:
        s.person(answers_after_ms=20_000)
        begun = await s.begins()
        leg = await s.leg()
        await asyncio.sleep(5)
        verifier = s.house.verifiers["e1"]
        with pytest.raises(CallerError):
            await verifier.cancel("other", begun.verification_id)
        await verifier.cancel("acme", begun.verification_id)
        ended = await s.ended(begun)
        assert ended.status is Status.CANCELLED
        assert (leg.ended_by, leg.answered) == ("engine", False)
        assert isinstance(await verifier.cancel("acme", begun.verification_id), Unfit)


@virtually
async def test_cancelled_by_another_engine_it_asks_nothing_once_answered() -> None:
    async with shop() as s:
        await s.house.start_engine("e2")
        s.person(answers_after_ms=10_000, presses="1")
        begun = await s.begins()
        await s.leg()
        await asyncio.sleep(2)
        await s.house.verifiers["e2"].cancel("acme", begun.verification_id)
        ended = await s.ended(begun)
        assert ended.status is Status.CANCELLED
        leg = await s.leg()
        assert leg.ended_by == "engine"
        assert leg.ended_ms is not None
        assert leg.ended_ms - leg.heard[0][0] < 1_000


@virtually
async def test_called_again_the_same_code_is_spoken() -> None:
    async with shop() as s:
        s.person(presses="1")
        begun = await s.begins()
        await s.house.until(lambda: not s.house.live() and s.dialled == 1)
        await s.house.verifiers["e1"].call_again("acme", begun.verification_id)
        second = await s.leg(call_n=2)
        await s.house.until(lambda: not second.alive)
        await asyncio.sleep(1)
        code = spoken_to(second)
        assert code == spoken_to(await s.leg())
        assert (await s.house.verifiers["e1"].check("acme", begun.verification_id, code)).fits


@virtually
async def test_its_life_ends() -> None:
    async with shop() as s:
        s.person(presses="1")
        ended = await s.ended(await s.begins())
        assert ended.status is Status.EXPIRED
        assert ended.ended_ms is not None
        assert 600_000 <= ended.ended_ms - ended.created_ms < 602_000
        assert s.house.verifications.entries == []


@virtually
async def test_wrong_codes_are_counted_and_end_it() -> None:
    async with shop(merchant(tries=2)) as s:
        s.person(presses="1")
        begun = await s.begins()
        await s.house.until(lambda: not s.house.live() and s.dialled == 1)
        verifier = s.house.verifiers["e1"]
        for _ in range(2):
            assert not (await verifier.check("acme", begun.verification_id, "x")).fits
        ended = await s.ended(begun)
        assert ended.status is Status.WRONG_CODE
        right = spoken_to(await s.leg())
        assert not (await verifier.check("acme", begun.verification_id, right)).fits
        assert s.house.verifications.entries == []


@virtually
async def test_of_many_codes_at_once_no_more_are_compared_than_may_be() -> None:
    async with shop(merchant(tries=3)) as s:
        s.person(presses="1")
        begun = await s.begins()
        await s.house.until(lambda: not s.house.live() and s.dialled == 1)
        verifier = s.house.verifiers["e1"]
        answers = await asyncio.gather(
            *(verifier.check("acme", begun.verification_id, f"{n:06}") for n in range(15)),
        )
        assert sum(not answer.refused for answer in answers) == 3
        assert (await s.now(begun)).status is Status.WRONG_CODE


@virtually
async def test_an_engine_dies_before_the_answer_and_nothing_is_charged() -> None:
    async with shop() as s:
        await s.house.start_engine("e2")
        s.person(answers_after_ms=20_000, presses="1")
        begun = await s.begins(engine="e2")
        await s.leg()
        await asyncio.sleep(5)
        await s.house.kill_engine("e2")
        ended = await s.ended(begun)
        assert (ended.status, ended.reason, s.dialled) == (Status.FAILED, "network", 1)
        assert s.house.verifications.entries == []
        assert len(s.told()) == 1


@virtually
async def test_an_engine_dies_while_a_key_is_asked_for_and_another_asks_again() -> None:
    async with shop() as s:
        await s.house.start_engine("e2")
        s.person(presses="1", presses_after_ms=12_000)
        begun = await s.begins(engine="e2", mode=Mode.PRESS)
        await s.house.until(lambda: any(leg.heard for leg in s.house.switch.legs.values()))
        await s.house.kill_engine("e2")
        ended = await s.ended(begun)
        assert (ended.status, s.dialled) == (Status.VERIFIED, 1)
        assert len(s.house.verifications.entries) == 1


@virtually
async def test_a_call_lost_without_a_trace_is_ended_by_time() -> None:
    async with shop() as s:
        s.person(answers_after_ms=None)
        begun = await s.begins()
        await s.leg()
        await s.house.kill_engine("e1")
        s.house.data.empty()
        await s.house.start_engine("e1")
        ended = await s.ended(begun)
        assert (ended.status, ended.reason) == (Status.FAILED, "network")


@virtually
async def test_what_cannot_be_counted_is_not_called() -> None:
    async with shop() as s:
        s.house.stores["e1"].down = True
        with pytest.raises(RemoteError):
            await s.asks()
        s.house.stores["e1"].down = False
        s.house.verifications.down = True
        with pytest.raises(RemoteError):
            await s.asks()
        s.house.verifications.down = False
        await asyncio.sleep(5)
        assert s.dialled == 0


@virtually
async def test_books_that_are_away_are_told_when_they_are_back() -> None:
    async with shop() as s:
        s.person(fails_with=LegFailure.REJECTED)
        begun = await s.begins()
        s.house.verifications.down = True
        await asyncio.sleep(20)
        s.house.verifications.down = False
        assert (await s.ended(begun)).reason == "rejected"


@virtually
async def test_a_live_call_shows_the_number_cut() -> None:
    async with shop() as s:
        s.person(answers_after_ms=None)
        begun = await s.begins()
        await s.leg()
        await asyncio.sleep(1)
        (seen,) = await Live(s.house.store, s.house.clock).calls()
        assert (seen.service, seen.caller) == ("Beispielladen", f"{MOBILE[:-3]}xxx")
        await s.house.verifiers["e1"].cancel("acme", begun.verification_id)
        await s.ended(begun)


@pytest.mark.parametrize(
    ("field", "value"),
    [("merchant", "nobody"), ("organisation", "other"), ("lang", "fr"), ("reference", "x" * 201)],
)
def test_a_wish_that_does_not_fit_names_its_field(field: str, value: str) -> None:
    @virtually
    async def main() -> None:
        async with shop() as s:
            with pytest.raises(CallerError) as refusal:
                await s.asks(**{field: value})
            assert refusal.value.field == ("merchant" if field == "organisation" else field)

    main()
