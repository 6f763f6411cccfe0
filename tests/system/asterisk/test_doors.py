"""What must stay shut: strangers, transfers, users without rights; and whose clock counts."""

import asyncio
import time
from dataclasses import replace

import aiohttp
import pytest

from engine.asterisk.ari import api
from engine.asterisk.ari.http import AriError, AriHttp
from engine.asterisk.process import authorization
from engine.core.events import CallArrived, LegAnswered, LegEnded, LegLeft
from tests.far_end import Party
from tests.switchboard import DID, AsteriskBench, Plant, order
from tests.system.asterisk.scenes import talk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_stranger_reaches_nobody(real_bench: AsteriskBench) -> None:
    stranger = await Party.open(real_bench.plant.asterisk.access.sip_port)
    try:
        pai = "P-Asserted-Identity: <sip:+4915112345678@ims.de>"
        dialog = await stranger.call(DID, pai)
        await dialog.until(lambda d: d.final)
        assert dialog.final == 401
        await real_bench.ear.quiet(CallArrived, 0.1)
    finally:
        stranger.close()


async def test_an_agents_phone_cannot_call(real_bench: AsteriskBench) -> None:
    dialog = await real_bench.anna.call(DID, caller="anna")
    await dialog.until(lambda d: d.final)
    assert dialog.final in (401, 404)
    await real_bench.ear.quiet(CallArrived, 0.1)


async def test_a_phone_registers_with_its_secret_and_is_reached(real_bench: AsteriskBench) -> None:
    call = await real_bench.arrive()
    assert await real_bench.anna.register("agent-berta", "wrong") == 403
    assert await real_bench.anna.register("agent-berta", "secret") == 200
    try:
        dial = order(call, "PJSIP/agent-berta")
        await real_bench.telephony.dial(dial)
        assert (await real_bench.ear.next(LegAnswered)).leg == dial.leg
    finally:
        assert await real_bench.anna.register("agent-berta", "secret", expires_s=0) == 200


async def test_transfers_are_refused_from_either_side(real_bench: AsteriskBench) -> None:
    scene = await talk(real_bench)
    for side in (scene.caller_side, scene.agent_side):
        side.request("REFER", "Refer-To: <sip:+4990999@127.0.0.1>")
        await side.until(lambda d: any(m.code and m.method == "REFER" for m in d.messages))
        (answer,) = [m for m in side.messages if m.code and m.method == "REFER"]
        assert answer.code == 603
    await real_bench.ear.quiet(LegLeft, 0.1)


async def test_a_call_that_takes_anothers_place_is_ended(real_bench: AsteriskBench) -> None:
    scene = await talk(real_bench)
    side = scene.caller_side
    remote_tag = side.remote.split("tag=")[1].split(";")[0]
    replaces = f"Replaces: {side.call_id};to-tag={remote_tag};from-tag={side.tag}"
    intruder = await real_bench.carrier.call(DID, replaces, "Require: replaces")
    await intruder.until(lambda d: d.ended_at)
    assert (await real_bench.ear.next(LegLeft)).leg == scene.call


async def test_only_events_of_use_are_sent(real_bench: AsteriskBench) -> None:
    seen: list[str] = []
    socket = real_bench.telephony._intake._socket
    hear = socket._listener.on_message
    socket._listener = replace(
        socket._listener, on_message=lambda raw: (seen.append(str(raw)), hear(raw))[1]
    )
    scene = await talk(real_bench)
    await real_bench.caller_hangs_up(scene.call)
    await real_bench.ear.next(LegEnded)
    kinds = {api.msgspec.json.decode(raw, type=api.Event).type for raw in seen}
    assert kinds <= set(api.EVENTS)
    assert len(seen) <= 16


@pytest.mark.parametrize(
    ("user", "password", "method", "status"),
    [
        ("groschen", "wrong", "GET", 401),
        ("nobody", "", "GET", 401),
        ("groschen-monitor", "monitor", "GET", 200),
        ("groschen-monitor", "monitor", "POST", 403),
    ],
)
async def test_users_may_what_they_may(
    shared_plant: Plant, user: str, password: str, method: str, status: int
) -> None:
    access = shared_plant.asterisk.access
    if password == "monitor":
        password = access.ari_monitor_password
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{access.ari_url}/bridges") as answer,
    ):
        assert answer.status == status


async def test_dangerous_functions_are_shut(real_bench: AsteriskBench) -> None:
    call = await real_bench.arrive()
    access = real_bench.plant.asterisk.access
    async with AriHttp(access.ari_url, authorization(access)) as http:
        for name in ("SHELL(id)", "FILE(/etc/passwd)", "DB(a/b)"):
            with pytest.raises(AriError) as refused:
                await http.channels_get_channel_vars(call, variables=(name,))
            assert refused.value.status >= 400


async def test_times_are_those_of_the_wire(real_bench: AsteriskBench) -> None:
    scene = await talk(real_bench)
    answered = real_bench.ear.told(LegAnswered)
    apart = [
        event.at_ms - 1000 * side.answered_at
        for event, side in zip(answered, (scene.caller_side, scene.agent_side), strict=True)
    ]
    assert all(-30 < ms < 30 for ms in apart)
    began = time.time()
    await real_bench.caller_hangs_up(scene.call)
    left = await real_bench.ear.next(LegLeft)
    assert -5 < left.at_ms - 1000 * began < 30


async def test_a_legs_deadline_can_be_moved_again_and_again(real_bench: AsteriskBench) -> None:
    scene = await talk(real_bench)
    for _ in range(4):
        await real_bench.telephony.set_deadline(scene.call, 300)
        await asyncio.sleep(0.15)
    began = time.time()
    await real_bench.telephony.set_deadline(scene.call, 300)
    ended = await real_bench.ear.next(LegEnded)
    assert 295 <= ended.at_ms - 1000 * began < 400
