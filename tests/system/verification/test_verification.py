"""Real calls on a real Asterisk prove numbers, or tell why they do not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from engine.core.verification import Mode, Status
from tests.system.verification.scenes import Person, Scenes, code_in, heard, shop
from tests.verification.cases import FIFTEEN_CENTS, OWN

INVITED_WITHIN_MS = 1_000
Play = Callable[[Scenes], Awaitable[None]]
PLAYS: dict[str, Play] = {}


def scene(play: Play) -> Callable[..., Awaitable[None]]:
    """A test whose scene is played beside the others."""
    PLAYS[play.__name__] = play

    async def test(played: "dict[str, asyncio.Task[None]]") -> None:
        await played[play.__name__]

    test.__name__, test.__doc__ = play.__name__, play.__doc__
    return pytest.mark.timeout(180)(pytest.mark.asyncio(loop_scope="module")(test))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator["dict[str, asyncio.Task[None]]"]:
    """Every scene, under way."""
    async with shop(tmp_path_factory.mktemp("shop")) as scenes:
        tasks = {}
        for name, play in PLAYS.items():
            tasks[name] = asyncio.ensure_future(play(scenes))
            if name == "test_the_call_is_placed_within_a_second":
                await asyncio.wait({tasks[name]})
        yield tasks
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def failed(
    s: Scenes, person: Person, status: Status, reason: str, calls: int, mode: Mode = Mode.SPEAK
) -> None:
    """The verification fails for this reason after so many calls, and is free."""
    await person.is_verified(mode)
    ended = await person.ended()
    assert (ended.status, ended.reason, ended.calls) == (status, reason, calls)
    assert len(person.phone.legs) == calls
    assert await s.charged(ended) == 0


@scene
async def test_the_call_is_placed_within_a_second(s: Scenes) -> None:
    """Played before all others: what is measured is one call's way."""
    person = s.person()
    person.phone.rings_on()
    begun = await person.is_verified(Mode.SPEAK)
    leg = await person.phone.called()
    assert 0 <= leg.invite_at_ms - person.asked_at_ms < INVITED_WITHIN_MS
    await person.verifier.cancel("acme", begun.verification_id)
    await leg.ended()


@scene
async def test_a_code_is_spoken_and_typed(s: Scenes) -> None:
    """The code is read from what the phone heard."""
    person = s.person()
    person.phone.answers(after_s=0.5, press="1", press_after_s=2)
    begun = await person.is_verified(Mode.SPEAK)
    leg = await person.phone.called()
    assert OWN in leg.invite.header("From")
    await leg.ended(60)
    prompts = await asyncio.to_thread(heard, leg)
    code = code_in(prompts)
    assert len(code) == begun.code_digits
    assert prompts[-1] == "verify_goodbye"
    checked = await person.verifier.check("acme", begun.verification_id, code)
    assert checked.fits
    ended = await person.ended()
    assert (ended.status, ended.method) == (Status.VERIFIED, Mode.SPEAK)
    assert await s.charged(ended) == FIFTEEN_CENTS


@scene
async def test_a_code_is_spoken_in_english(s: Scenes) -> None:
    person = s.person()
    person.phone.answers(press="1", press_after_s=1)
    begun = await person.is_verified(Mode.SPEAK, "en")
    leg = await person.phone.called()
    await leg.ended(60)
    code = code_in(await asyncio.to_thread(heard, leg, "en"))
    assert (await person.verifier.check("acme", begun.verification_id, code)).fits


@scene
async def test_the_code_of_the_form_is_keyed_in(s: Scenes) -> None:
    person = s.person()
    person.phone.answers(press="1", press_after_s=1)
    await person.is_verified(Mode.KEYPAD)
    assert person.begun is not None
    assert person.begun.code is not None
    leg = await person.phone.called()
    await leg.answered()
    await asyncio.sleep(3)
    await leg.dtmf("000000")
    await asyncio.sleep(4)
    await leg.dtmf(person.begun.code)
    ended = await person.ended()
    assert (ended.status, ended.tries_left) == (Status.VERIFIED, 4)
    await leg.ended()
    prompts = await asyncio.to_thread(heard, leg)
    assert prompts.count("enter_code") >= 1
    assert "code_wrong" in prompts
    assert "number_verified" in prompts


@scene
async def test_one_key_confirms(s: Scenes) -> None:
    person = s.person()
    person.phone.answers(press="1", press_after_s=1)
    await person.is_verified(Mode.PRESS)
    ended = await person.ended()
    assert (ended.status, ended.method) == (Status.VERIFIED, Mode.PRESS)
    assert await s.charged(ended) == FIFTEEN_CENTS


@scene
async def test_a_mailbox_hears_no_code(s: Scenes) -> None:
    person = s.person()
    person.phone.voicemail(after_s=0.5, hang_up_after_s=50)
    await failed(s, person, Status.FAILED, "machine", 1)
    (leg,) = person.phone.legs
    await leg.ended()
    prompts = await asyncio.to_thread(heard, leg)
    assert prompts.count("verify_press") == 2
    assert "code_is" not in prompts


@scene
async def test_busy_is_told(s: Scenes) -> None:
    person = s.person()
    person.phone.busy()
    await failed(s, person, Status.FAILED, "busy", 2)


@scene
async def test_busy_and_then_not(s: Scenes) -> None:
    person = s.person()
    person.phone.busy()
    await person.is_verified(Mode.PRESS)
    await (await person.phone.called()).ended()
    person.phone.answers(press="1", press_after_s=1)
    ended = await person.ended()
    assert (ended.status, ended.calls) == (Status.VERIFIED, 2)


@scene
async def test_nobody_answers(s: Scenes) -> None:
    person = s.person()
    person.phone.rings_on()
    await failed(s, person, Status.FAILED, "no_answer", 2)


@scene
async def test_not_available_now(s: Scenes) -> None:
    person = s.person()
    person.phone.unavailable()
    await failed(s, person, Status.FAILED, "no_answer", 2)


@scene
async def test_a_dead_number_is_a_wrong_one(s: Scenes) -> None:
    person = s.person()
    person.phone.refuses(404)
    await failed(s, person, Status.REJECTED, "invalid", 1)


@scene
async def test_declined(s: Scenes) -> None:
    person = s.person()
    person.phone.declines(after_s=0.5)
    await failed(s, person, Status.FAILED, "rejected", 1)


@scene
async def test_a_network_that_fails(s: Scenes) -> None:
    person = s.person()
    person.phone.refuses(503)
    await failed(s, person, Status.FAILED, "network", 1)


@scene
async def test_hung_up_before_the_key(s: Scenes) -> None:
    person = s.person()
    person.phone.answers(hang_up_after_s=1)
    await failed(s, person, Status.FAILED, "rejected", 1, Mode.KEYPAD)


@scene
async def test_cancelled_it_stops_ringing(s: Scenes) -> None:
    person = s.person()
    person.phone.rings_on()
    begun = await person.is_verified(Mode.SPEAK)
    leg = await person.phone.called()
    await asyncio.sleep(1)
    await person.verifier.cancel("acme", begun.verification_id)
    ended = await leg.ended()
    assert (ended.by, ended.sip_code) == ("engine", 487)
    assert (await person.ended()).status is Status.CANCELLED


@scene
async def test_its_engine_dies_and_another_asks_again(s: Scenes) -> None:
    """The key is pressed when the second engine has the call: it is proved and charged once."""
    async with s.other_engine() as run:
        person = s.person(run)
        person.phone.answers(press="1", press_after_s=14)
        await person.is_verified(Mode.PRESS)
        leg = await person.phone.called()
        await leg.answered()
        await asyncio.sleep(1)
    assert s.run.verifier is not None
    person.verifier = s.run.verifier
    ended = await person.ended()
    assert (ended.status, ended.calls) == (Status.VERIFIED, 1)
    assert len(person.phone.legs) == 1
    assert await s.charged(ended) == FIFTEEN_CENTS
    await leg.ended()
    assert (await asyncio.to_thread(heard, leg)).count("verify_confirm") >= 1
