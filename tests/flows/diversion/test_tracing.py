"""What is told ahead of a call to a number of the stock, step by step, in both languages."""

from pathlib import Path
from typing import Any

import pytest

from engine.core.call import Now
from engine.core.diversion.caps import Caps, Cost
from engine.core.diversion.route import CallerClass, Forwarding, Policy, Tracking, Verdict
from engine.core.events import CallAdmitted, Event
from engine.core.imagined import Imagined, Step
from engine.core.numbers.number import Status
from engine.core.numbers.source import Source
from engine.flows.config.problems import Mark
from engine.flows.dialplan.tracing import said, steps_of
from engine.flows.dialplan.words import LANGUAGES, sentence
from engine.flows.diversion.directory import Directory
from engine.forwarding import machine
from engine.forwarding.call import ForwardingCall
from engine.forwarding.deciding import SHARE_MS
from engine.ports.numbers import Commit
from engine.speech.catalogue import read_catalogues
from tests.core.premium_driver import stock_of
from tests.fakes.tracked.memory import MemoryTracked
from tests.flows.diversion.test_directory import Office, StillClock
from tests.forwarding import cases as toll_free
from tests.forwarding.cases import CALLERS, SECOND, TARGET, US, forwarding
from tests.tracking import cases as channel
from tests.tracking.cases import CALLER, DEALER, MOBILE, SOURCE, span, target, tracking

MONDAY, SUNDAY = "2026-11-23T10:00", "2026-11-22T10:00"
CATALOGUES = read_catalogues(Path(__file__).parents[3] / "sounds")


class Traced:
    """The books with one number in them, and calls to it that nobody makes."""

    def __init__(self, number: str) -> None:
        self.office = Office()
        self.number = number
        self.directory = Directory(
            self.office.numbers,
            self.office.routes,
            self.office.forwarded,
            MemoryTracked(),
            StillClock(),
        )

    async def steps(
        self, caller: str = "", at: str = MONDAY, *, books: bool = True, **others: Any
    ) -> tuple[Step, ...]:
        asked = Imagined(dialled=self.number, at_ms=0, caller=caller, **others)
        directory = self.directory if books else None
        return await steps_of(asked, at, 0, stock_of(), lambda _sent: None, directory)


async def forwarded(terms: Forwarding | None = None, **changes: Any) -> Traced:
    traced = Traced(toll_free.NUMBER)
    await traced.office.has(toll_free.number(**changes))
    if terms is not None:
        await traced.office.routes.put(toll_free.route(terms))
    return traced


async def tracked(terms: Tracking | None = None) -> Traced:
    traced = Traced(channel.NUMBER)
    await traced.office.has(channel.number())
    if terms is not None:
        route = channel.found(terms).route
        assert route is not None
        await traced.office.routes.put(route)
    return traced


def named(steps: tuple[Step, ...], name: str) -> dict[str, object]:
    [step] = [step for step in steps if step.name == name]
    return dict(step.values)


def names(steps: tuple[Step, ...]) -> list[str]:
    return [step.name for step in steps]


def told(steps: tuple[Step, ...], lang: str) -> list[str]:
    return [sentence(step, LANGUAGES[lang], said(step, CATALOGUES)) for step in steps]


CAPS = (
    "Caps: 10 conversations at once, 600 min a day, 6000 a month (America/New_York; "
    "assumed: nothing is used up)"
)


async def test_a_forwarded_call_from_its_number_to_its_end() -> None:
    traced = await forwarded(forwarding(TARGET, SECOND, ring_timeout_s=20))
    steps = await traced.steps(US)
    assert told(steps, "en")[2:] == [
        "Forwarding: the number of acme, state: active",
        "Route: version 1",
        "Caller: +14155550xxx",
        "Policy for callers from the US: put through",
        CAPS,
        "Target 1: +12125550142, for 20 s; it is shown the caller (+14155550xxx)",
        "Target 2: +13125550143, for 20 s; it is shown the caller (+14155550xxx)",
        "If none answers: the caller goes on hearing ringing until he hangs up",
        "If +12125550142 answers:",
        "The call is answered, both are joined",
        "240:00  Hung up (normal)",
        "240:00  End: 14400 s talked",
    ]
    german = told(steps, "de")
    assert german[2] == "Weiterleitung: die Nummer von acme, Stand: geschaltet"
    assert german[-4] == "Nimmt +12125550142 ab:"
    assert US not in str(steps)


@pytest.mark.parametrize("caller_class", [None, *CallerClass])
@pytest.mark.parametrize("verdict", list(Verdict))
async def test_the_policy_decides_as_it_does_for_a_real_call(
    caller_class: CallerClass | None, verdict: Verdict
) -> None:
    shown = caller_class or CallerClass.UNIDENTIFIED
    traced = await forwarded(forwarding(policy=Policy(**{shown.value: verdict})))
    withheld = shown is CallerClass.US_WITHHELD
    steps = await traced.steps(US if withheld else CALLERS.get(shown, ""), withheld=withheld)
    assert named(steps, "policy") == {"caller_class": shown.value, "verdict": verdict.value}
    if verdict is Verdict.THROUGH:
        assert names(steps)[-1] == "talk_ended"
        shows_caller = named(steps, "target")["shows_caller"]
        assert shows_caller is (shown not in NAMELESS)
    else:
        assert names(steps)[-1] == "rings_on"
        assert named(steps, "rings_on")["outcome"] == "not_let_through"
        assert "target" not in names(steps)
    assert len(told(steps, "de")) == len(told(steps, "en"))


NAMELESS = (CallerClass.US_WITHHELD, CallerClass.SERVICE, CallerClass.UNIDENTIFIED)
"""Of whom the target is shown the number that was called."""


async def test_a_withheld_number_is_told_nowhere() -> None:
    steps = await (await forwarded(forwarding())).steps(US, withheld=True)
    assert named(steps, "caller_number") == {"number": None, "withheld": True}
    assert named(steps, "target")["shown"] == toll_free.NUMBER
    assert US[:9] not in str(steps)


async def test_a_cap_of_costs_is_told_and_ends_a_call() -> None:
    cost = Cost(currency="USD", minute_micros=(8_500,), a_day_micros=30_000, a_month_micros=10**6)
    steps = await (await forwarded(forwarding(caps=Caps(cost=cost)))).steps(US)
    assert named(steps, "talk_ended")["talk_s"] == 180
    sentence_told = "Costs: 0.03 USD a day at most, 1.00 a month; a minute costs, by target: 0.0085"
    assert sentence_told in told(steps, "en")
    assert named(steps, "cost")["minute"] == ("0.0085",)
    assert len(told(steps, "de")) == len(steps)


async def test_caps_end_a_call() -> None:
    steps = await (await forwarded(forwarding(caps=Caps(minutes_a_day=5)))).steps(US)
    assert named(steps, "caps")["minutes_a_day"] == 5
    assert named(steps, "talk_ended")["talk_s"] == 300


async def test_minutes_are_held_a_share_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int | None] = []
    step = machine.step

    def noting(call: ForwardingCall, event: Event, now: Now) -> Any:
        if isinstance(event, CallAdmitted) and call.joined_ms is not None:
            held.append(event.left_ms)
        return step(call, event, now)

    monkeypatch.setattr(machine, "step", noting)
    steps = await (await forwarded(forwarding(caps=Caps(minutes_a_day=5)))).steps(US)
    assert named(steps, "talk_ended")["talk_s"] == 300
    assert held[:2] == [2 * SHARE_MS, 300_000]


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.ACTIVE])
async def test_a_number_that_takes_no_calls_is_turned_away(status: Status) -> None:
    steps = await (await forwarded(forwarding(), status=status)).steps(US)
    assert named(steps, "holder")["status"] == status.value
    assert named(steps, "hung_up") == {"reason": "unallocated"}
    assert "policy" not in names(steps)
    assert told(steps, "de")[-1] == "Aufgelegt (unallocated)"


async def test_why_a_number_leads_nowhere() -> None:
    none = await forwarded()
    assert named(await none.steps(US), "route") == {"state": "none", "version": None}
    others = await forwarded(forwarding(), organisation="bolt")
    assert named(await others.steps(US), "route")["state"] == "none"
    deleted = await forwarded(forwarding())
    await deleted.office.routing.delete("acme", toll_free.NUMBER, 1, "owner")
    assert named(await deleted.steps(US), "route") == {"state": "deleted", "version": 2}
    circle = await forwarded(forwarding(toll_free.OTHER_NUMBER))
    back = toll_free.route(forwarding(toll_free.NUMBER), number=toll_free.OTHER_NUMBER)
    await circle.office.routes.put(back)
    assert named(await circle.steps(US), "route")["state"] == "loops"
    for traced in (none, others, deleted, circle):
        steps = await traced.steps(US)
        assert named(steps, "rings_on")["outcome"] == "no_route"
        assert "Nobody is called (there is no target)" in told(steps, "en")[-1]


async def test_a_tracked_call_tells_its_source_to_the_dealer() -> None:
    traced = await tracked(tracking(target(DEALER), target(MOBILE), whisper=True))
    source = Source(source_id="a", organisation="acme", e164=channel.NUMBER, name=SOURCE, version=1)
    await traced.office.numbers.commit(Commit(sources=(source,), author="owner", at_ms=0))
    steps = await traced.steps(CALLER)
    assert told(steps, "de")[2:] == [
        "Anruf-Tracking: die Nummer von acme, Stand: geschaltet, Quelle Messe",
        "Route: Fassung 1",
        "Anrufer: +4915228817xxx",
        "Zeiten: 2026-11-23 10:00 (Europe/Berlin): an der Reihe +493023125200, +4915228817386",
        "Ziel 1: +493023125200, 30 s lang; es sieht den Anrufer (+4915228817xxx)",
        "Ziel 2: +4915228817386, 30 s lang; es sieht den Anrufer (+4915228817xxx)",
        "Nimmt keines ab: der Anruf endet unangenommen",
        "Aufgelegt (no_answer)",
        "Nimmt +493023125200 ab:",
        "Ziel hört: Ein Anruf über: Messe.",
        "Der Anruf wird angenommen, beide werden verbunden",
        "240:00  Aufgelegt (normal)",
        "240:00  Ende: 14400 s gesprochen",
    ]
    assert "Target hears: Ein Anruf über: Messe." in told(steps, "en")


async def test_whose_time_it_is_by_the_clocks_of_the_route() -> None:
    dealers = (target(DEALER, span(0, 10, 18)), target(MOBILE, span(6, 0, 24)))
    traced = await tracked(tracking(*dealers, timezone="Europe/Berlin"))
    monday, sunday = await traced.steps(CALLER), await traced.steps(CALLER, SUNDAY)
    assert (named(monday, "duty")["on"], named(monday, "duty")["off"]) == ((DEALER,), (MOBILE,))
    assert named(sunday, "target")["target"] == MOBILE
    early = await traced.steps(CALLER, "2026-11-23T09:59")
    assert named(early, "duty")["on"] == ()
    assert names(early)[-1] == "rings_on"
    assert "on duty nobody; not +493023125200, +4915228817386" in told(early, "en")[5]
    zoned = await traced.steps(CALLER, "2026-11-23T09:00+00:00")
    assert named(zoned, "duty") == named(monday, "duty")


async def test_without_books_nobody_knows_whose_number_it_is() -> None:
    for number in (toll_free.NUMBER, channel.NUMBER):
        steps = await Traced(number).steps(US, books=False)
        assert names(steps) == ["number", "trunk", "books_needed"]
        assert told(steps, "en")[-1].endswith("a draft has none")
        assert told(steps, "de")[-1].endswith("ein Entwurf hat keine")


async def test_a_number_that_the_stock_has_not_is_nobodys() -> None:
    for number in (toll_free.NUMBER, channel.NUMBER, "110"):
        steps = await Traced(number).steps(US)
        assert names(steps) == ["number", "trunk", "nobody"]


async def test_the_operators_own_dialplan_goes_first() -> None:
    traced = await forwarded(forwarding())
    sent: list[str] = []

    def taken_at(number: str) -> Mark:
        sent.append(number)
        return Mark("a.conf", 2, 1)

    asked = Imagined(dialled=toll_free.NUMBER, at_ms=0)
    steps = await steps_of(asked, "", 0, stock_of(), taken_at, traced.directory)
    assert names(steps) == ["number", "trunk", "own_dialplan"]
    assert sent == [toll_free.NUMBER]
