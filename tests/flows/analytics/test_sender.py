"""Collectors are told of calls, over HTTP and straight to the programs alike."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engine.core.analytics.collector import OLD_MS, Collector, Program
from engine.errors import CallerError
from engine.flows.analytics.collecting import Collecting
from engine.flows.analytics.rules import OLD, PAUSES_MS
from engine.flows.analytics.sender import BATCH, HitSender
from engine.flows.analytics.words import problem_in
from engine.flows.payments.seals import Seal
from engine.ports.analytics import Standing
from engine.ports.webhooks.post import Post, Reply
from engine.post.http import HttpPost
from tests.fakes.analytics.memory import MemoryCollectors
from tests.fakes.analytics.programs import (
    GA4_PLACE,
    GA4_SECRET,
    MATOMO_SITE,
    MATOMO_TOKEN,
    Programs,
    ProgramsPost,
)
from tests.flows.statement.months import HandClock
from tests.ports.ledger.tracked.conftest import NUMBER, at, call, missed

ARRIVED_MS = at("2026-11-22 09:00:00")
SEAL = Seal(b"0123456789abcdef0123456789abcdef")


@dataclass
class Scene:
    """Both programs, who is told, and a sender."""

    programs: Programs
    collectors: MemoryCollectors
    collecting: Collecting
    sender: HitSender
    clock: HandClock
    url: str

    def ga4(self, **changed: str) -> Collector:
        return self._collector("ga", Program.GA4, GA4_PLACE, GA4_SECRET, changed)

    def matomo(self, **changed: str) -> Collector:
        own = {"url": f"{self.url}/matomo.php", **changed}
        return self._collector("ma", Program.MATOMO, MATOMO_SITE, MATOMO_TOKEN, own)

    def _collector(
        self, name: str, program: Program, place: str, secret: str, changed: dict[str, str]
    ) -> Collector:
        made = Collector(
            collector_id=name, organisation="acme", program=program, place=place, url="",
            number="", secret=secret,
        )  # fmt: skip
        return replace(made, **changed)  # type: ignore[arg-type]  # texts alone are changed

    async def standing(self) -> Standing:
        [one] = await self.collecting.of("acme")
        return one


@pytest.fixture(params=["straight", "http"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """Nobody is told of anything yet."""
    clock, collectors = HandClock(ARRIVED_MS + 60_000), MemoryCollectors()
    programs = Programs(lambda: clock.wall_ms // 1000)
    collecting = Collecting(collectors, SEAL, loopback=True)

    async def answer(asked: web.Request) -> web.Response:
        reply = programs.take(asked.raw_path, await asked.read())
        if reply.status is None:
            assert asked.transport is not None
            asked.transport.abort()
        return web.Response(status=reply.status or 500, text=reply.answer)

    app = web.Application()
    app.router.add_post("/{tail:.*}", answer)
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}"
        http = HttpPost(loopback=True, timeout_s=5)
        post: Post = http if request.param == "http" else ProgramsPost(programs)
        sender = HitSender(collectors, post, SEAL, clock, f"{url}/mp/collect")
        yield Scene(programs, collectors, collecting, sender, clock, url)
        await http.close()


async def test_google_is_told_of_each_call_and_of_nobody(scene: Scene) -> None:
    await scene.collecting.add(scene.ga4())
    await scene.collectors.queue(call("c1", source="  Fair\n2026 "))
    await scene.collectors.queue(missed("c2"))
    assert await scene.sender.look()
    assert not await scene.sender.look()
    first, second = sorted(scene.programs.events, key=lambda event: str(event["call_outcome"]))
    assert (first["call_outcome"], first["call_length"]) == ("abandoned", "0")
    assert (second["call_outcome"], second["call_length"]) == ("answered", "30-119 s")
    assert (second["call_source"], second["call_channel"]) == ("Fair 2026", "phone")
    assert first["client_id"] != second["client_id"]
    told = await scene.standing()
    assert (told.sent, told.waiting, told.given_up, told.problem) == (2, 0, 0, "")


async def test_matomo_is_told_of_many_calls_at_once_in_their_order(scene: Scene) -> None:
    await scene.collecting.add(scene.matomo())
    for number in range(BATCH + 1):
        arrived = f"2026-11-22 08:{59 - number:02}:30"
        await scene.collectors.queue(call(f"c{number}", arrived))
    assert [await scene.sender.look() for _ in range(3)] == [True, True, False]
    assert scene.programs.requests == 2
    times = [int(action["cdt"]) for action in scene.programs.actions]
    assert times == sorted(times)
    assert len({action["_id"] for action in scene.programs.actions}) == BATCH + 1
    assert {time % 60 for time in times} == {0}
    action = scene.programs.actions[0]
    assert (action["e_c"], action["e_a"], action["e_n"]) == (
        "phone", "answered", "website (30-119 s)",
    )  # fmt: skip
    assert (await scene.standing()).sent == BATCH + 1


async def test_only_calls_to_the_number_that_was_named_are_told(scene: Scene) -> None:
    await scene.collecting.add(scene.matomo(number=NUMBER))
    await scene.collectors.queue(call("c1"))
    await scene.collectors.queue(call("c2", number="+493023125002"))
    await scene.collectors.queue(call("c3", organisation="bolt"))
    assert await scene.sender.look()
    assert len(scene.programs.actions) == 1


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(503), Reply(429), Reply(None, "no answer in HTTP")]
)
async def test_what_was_not_taken_waits_and_the_collector_rests(scene: Scene, reply: Reply) -> None:
    await scene.collecting.add(scene.matomo())
    await scene.collectors.queue(call("c1"))
    scene.programs.replies = [reply, reply]
    for pause_ms in PAUSES_MS[:2]:
        assert await scene.sender.look()
        assert not await scene.sender.look()
        assert (await scene.standing()).waiting == 1
        scene.clock.wall_ms += pause_ms - 1
        assert not await scene.sender.look()
        scene.clock.wall_ms += 1
    assert (await scene.standing()).problem
    assert await scene.sender.look()
    told = await scene.standing()
    assert (told.sent, told.waiting, told.problem) == (1, 0, "")


async def test_what_is_refused_for_good_is_not_told_again(scene: Scene) -> None:
    await scene.collecting.add(scene.ga4())
    await scene.collectors.queue(call("c1"))
    scene.programs.replies = [Reply(403)]
    assert await scene.sender.look()
    assert not await scene.sender.look()
    told = await scene.standing()
    assert (told.sent, told.given_up, told.problem) == (0, 1, "HTTP 403")


async def test_a_site_that_matomo_does_not_know_is_a_problem(scene: Scene) -> None:
    await scene.collecting.add(scene.matomo(place="8"))
    await scene.collectors.queue(call("c1"))
    assert await scene.sender.look()
    told = await scene.standing()
    assert (told.sent, told.given_up) == (0, 1)
    assert told.problem.startswith("1 not taken")
    assert problem_in("de", told.problem).startswith("1 abgewiesen: Gibt es die Website dort")


@pytest.mark.parametrize("is_superuser", [False, True])
async def test_of_many_calls_only_those_that_matomo_refuses_are_given_up(
    scene: Scene, is_superuser: bool
) -> None:
    await scene.collecting.add(scene.matomo())
    for queued in (call("c1"), missed("c2"), call("c3")):
        await scene.collectors.queue(queued)
    scene.programs.refuses, scene.programs.is_superuser = "abandoned", is_superuser
    assert await scene.sender.look()
    assert not await scene.sender.look()
    told = await scene.standing()
    assert (told.sent, told.given_up, told.waiting) == (2, 1, 0)
    assert told.problem.startswith("1 not taken")
    assert [action["e_a"] for action in scene.programs.actions] == ["answered", "answered"]


async def test_who_never_answers_is_asked_for_a_day_and_no_longer(scene: Scene) -> None:
    await scene.collecting.add(scene.matomo())
    await scene.collectors.queue(call("c1"))
    scene.programs.replies = [Reply(500)] * 100
    tries = 0
    while scene.clock.wall_ms < ARRIVED_MS + OLD_MS + PAUSES_MS[-1]:
        tries += await scene.sender.look()
        scene.clock.wall_ms += 60_000
    assert scene.programs.requests == tries - 1 < 20
    told = await scene.standing()
    assert (told.waiting, told.given_up, told.problem) == (0, 1, OLD)


async def test_a_secret_of_another_house_is_a_problem(scene: Scene) -> None:
    other = Collecting(scene.collectors, Seal(b"another house's secret, long enough"))
    await other.add(scene.ga4())
    await scene.collectors.queue(call("c1"))
    assert await scene.sender.look()
    told = await scene.standing()
    assert (told.given_up, scene.programs.requests) == (1, 0)
    assert "secret" in told.problem
    assert GA4_SECRET not in repr(scene.collectors.held)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"place": "UA-1234-1"}, "place"),
        ({"secret": ""}, "secret"),
        ({"secret": "with a space"}, "secret"),
        ({"url": "https://example.org/"}, "url"),
    ],
)
async def test_what_is_no_property_is_refused(
    scene: Scene, changed: dict[str, str], field: str
) -> None:
    with pytest.raises(CallerError) as refused:
        await scene.collecting.add(scene.ga4(**changed))
    assert refused.value.field == field
    assert await scene.collecting.of("acme") == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"place": "0"}, "place"),
        ({"url": ""}, "url"),
        ({"url": "https://10.0.0.1/matomo.php"}, "url"),
        ({"url": "http://matomo.example.org/matomo.php"}, "url"),
        ({"url": "https://matomo.example.org/matomo.php?x=1"}, "url"),
        ({"url": "https://matomo.example.org/matomo"}, "url"),
    ],
)
async def test_what_is_no_matomo_is_refused(
    scene: Scene, changed: dict[str, str], field: str
) -> None:
    with pytest.raises(CallerError) as refused:
        await scene.collecting.add(scene.matomo(**changed))
    assert refused.value.field == field
    with pytest.raises(CallerError):
        await Collecting(scene.collectors, SEAL).add(scene.matomo())
