"""The outside world against a plain Asterisk: what the rig claims to see and hear is so."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests.rig.audio.handsets import Handsets
from tests.rig.audio.recording import Recording
from tests.rig.audio.speechlike import write_prompt
from tests.rig.ear import Ear
from tests.rig.outside import OutsideWorld
from tests.rig.sip.asterisk import Asterisk, free_port
from tests.rig.sip.far_side import far_side
from tests.rig.sip.legs import LegOverError

pytestmark = pytest.mark.asyncio(loop_scope="module")

DIALPLAN = """
[in]
exten => greet,1,Progress()
 same => n,Playback({tariff},noanswer)
 same => n,Answer()
 same => n,Playback({welcome})
 same => n,Dial(PJSIP/phone/sip:${{EXTEN}}@PHONES,20)
 same => n,Hangup()
exten => _to_.,1,Dial(PJSIP/phone/sip:${{EXTEN:3}}@PHONES,20)
 same => n,Hangup(${{HANGUPCAUSE}})
exten => number,1,Dial(PJSIP/+4930999@trunk,20)
 same => n,Hangup(${{HANGUPCAUSE}})
exten => registered,1,Dial(PJSIP/reg,20)
 same => n,Hangup(${{HANGUPCAUSE}})
exten => brief,1,Dial(PJSIP/phone/sip:${{EXTEN}}@PHONES,1)
 same => n,Hangup(19)
"""


@dataclass
class Lab:
    """An outside world and, where the engine would stand, a plain Asterisk."""

    world: OutsideWorld
    far: Asterisk
    prompts: dict[str, Path]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    prompts = {
        "tariff": write_prompt(folder / "tariff.wav", "Der Preis ist ein Euro pro Minute"),
        "welcome": write_prompt(folder / "welcome.wav", "Herzlich willkommen"),
    }
    sip_port = free_port(kind=socket.SOCK_DGRAM)
    sounds = {name: path.with_suffix("") for name, path in prompts.items()}
    world = OutsideWorld(folder / "outside", engine_port=sip_port, registrations={"reg": "secret"})
    far = far_side(
        folder / "far",
        sip_port=sip_port,
        network_port=world.network_port,
        phones_port=world.phones_port,
        extensions=DIALPLAN.format(**sounds),
    )
    async with far, world:
        yield Lab(world, far, prompts)


async def test_a_call_is_heard_as_it_was(lab: Lab) -> None:
    agent = lab.world.agent("greet")
    agent.answers(0.2)
    call = await lab.world.call("greet")
    leg = await agent.called()
    joined_ms = await leg.answered()
    await asyncio.sleep(0.8)
    await call.speak(None)
    await asyncio.sleep(0.2)
    spoken_again_ms = await call.speak(call.tone_hz)
    await asyncio.sleep(0.5)
    await call.hang_up()
    await asyncio.gather(call.ended(), leg.ended())

    ear = Ear(call.recording, lab.world.tones_hz)
    (tariff, welcome) = ear.hits(lab.prompts)
    assert (tariff[0], welcome[0]) == ("tariff", "welcome")
    assert tariff[1].whole
    assert welcome[1].whole
    # Early media before the answer, the welcome right after it.
    assert call.progress_at_ms is not None
    assert call.answered_at_ms is not None
    assert abs(call.recording.at_ms(tariff[1].at_s) - call.progress_at_ms) < 60
    assert abs(call.recording.at_ms(welcome[1].at_s) - call.answered_at_ms) < 60
    # The agent's first sound, to 20 ms of when it was spoken.
    ((begin_s, end_s),) = ear.talk(leg.tone_hz)
    assert leg.spoke_at_ms is not None
    assert call.recording.at_ms(begin_s) == pytest.approx(leg.spoke_at_ms, abs=20)
    assert 0 <= call.recording.at_ms(begin_s) - joined_ms < 60
    hung_up_ms = (await call.ended()).at_ms
    assert call.recording.at_ms(end_s) == pytest.approx(hung_up_ms, abs=40)
    # What the agent heard of the caller, with the pause in it.
    first, second = Ear(leg.recording).talk(call.tone_hz)
    assert second[0] - first[1] == pytest.approx(0.2, abs=0.05)
    assert spoken_again_ms is not None
    assert leg.recording.at_ms(second[0]) == pytest.approx(spoken_again_ms, abs=20)


async def test_keys_arrive_both_ways(lab: Lab) -> None:
    agent = lab.world.agent("keys")
    agent.answers(press="1", press_after_s=0.2)
    call = await lab.world.call("to_keys")
    leg = await agent.called()
    await call.answered()
    await asyncio.sleep(0.6)
    await call.dtmf("42#")
    await asyncio.sleep(0.8)
    await leg.hang_up()
    ended = await call.ended()
    assert (ended.by, ended.sip_code, ended.cause) == ("engine", None, 16)
    assert (await leg.ended()).by == "outside"
    assert [key.digit for key in call.keys] == ["1"]
    assert [key.digit for key in leg.keys] == ["4", "2", "#"]


async def test_a_transfer_is_refused_to_both_sides(lab: Lab) -> None:
    agent = lab.world.agent("refer")
    agent.answers()
    call = await lab.world.call("to_refer")
    leg = await agent.called()
    await call.answered()
    assert await call.refer("sip:+4990012345@127.0.0.1") == 603
    assert await leg.refer("sip:+4990012345@127.0.0.1") == 603
    assert not call.is_over
    await call.hang_up()
    await asyncio.gather(call.ended(), leg.ended())


@pytest.mark.parametrize(
    ("code", "onward", "cause"),
    [(486, 486, 17), (480, 480, 19), (503, 503, 34), (404, 404, 1), (603, 403, 21)],
)
async def test_a_refusal_is_seen_by_both_sides(
    lab: Lab, code: int, onward: int, cause: int
) -> None:
    agent = lab.world.agent("refuses")
    agent.refuses(code)
    call = await lab.world.call("to_refuses")
    leg = await agent.called()
    assert (await leg.ended()).sip_code == code
    assert (await leg.ended()).by == "outside"
    with pytest.raises(LegOverError) as over:
        await call.answered()
    assert over.value.ended == await call.ended()
    assert over.value.ended.by == "engine"
    assert (over.value.ended.sip_code, over.value.ended.cause) == (onward, cause)


async def test_a_phone_in_a_call_is_busy(lab: Lab) -> None:
    agent = lab.world.agent("busy")
    agent.answers()
    first = await lab.world.call("to_busy")
    await first.answered()
    second = await lab.world.call("to_busy", name="second")
    assert (await second.ended()).sip_code == 486
    await first.hang_up()
    await first.ended()
    assert not [leg for leg in agent.legs[-2:] if not (await leg.ended())]


async def test_a_number_that_no_phone_has_is_not_found(lab: Lab) -> None:
    call = await lab.world.call("to_nobody")
    assert (await call.ended()).sip_code == 404


async def test_a_call_that_rings_on_is_cancelled(lab: Lab) -> None:
    agent = lab.world.agent("brief")
    agent.rings_on()
    call = await lab.world.call("brief")
    leg = await agent.called()
    ended = await leg.ended()
    assert (ended.by, ended.sip_code) == ("engine", 487)
    assert (await call.ended()).sip_code == 480
    given_up = await lab.world.call("to_brief")
    await agent.called()
    await given_up.hang_up()
    assert (await given_up.ended()).by == "outside"
    assert (await given_up.ended()).sip_code == 487


async def test_an_outside_number_and_a_registered_phone_are_reached(lab: Lab) -> None:
    await lab.world.registered("reg")
    for extension, name in (("number", "+4930999"), ("registered", "reg")):
        agent = lab.world.agent(name)
        agent.voicemail(0.0, hang_up_after_s=0.3)
        call = await lab.world.call(extension)
        leg = await agent.called()
        await call.answered()
        assert (await call.ended()).by == "engine"
        assert (await leg.ended()).by == "outside"
        assert Ear(call.recording).talk(agent.tone_hz)
        port = lab.world.network_port if extension == "number" else lab.world.phones_port
        assert leg.invite.start_line.startswith(f"INVITE sip:{name}@127.0.0.1:{port}")


async def test_identity_headers_are_sent_and_shown(lab: Lab) -> None:
    agent = lab.world.agent("identity")
    agent.refuses(486)
    asserted = ["+4915112345678", "<tel:+4915112345679>"]
    call = await lab.world.call(
        "to_identity",
        pai=asserted,
        privacy="id",
        headers={"Diversion": "<sip:+4930777@x.invalid>"},
    )
    leg = await agent.called()
    await asyncio.gather(call.ended(), leg.ended())
    sent = call.invite
    assert f"@127.0.0.1:{lab.world.network_port}" in sent.header("Contact")
    assert sent.header("From").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert sent.header("Privacy") == "id"
    assert sent.header("Diversion") == "<sip:+4930777@x.invalid>"
    assert "+4915112345678@" in sent.header("P-Asserted-Identity")
    assert sent.header("P-Asserted-Identity").endswith(", <tel:+4915112345679>")
    assert not any("49151" in message.text for message in leg.messages)

    shown = await lab.world.call("to_identity", from_user="+4915112345678")
    leg = await agent.called()
    await asyncio.gather(shown.ended(), leg.ended())
    assert shown.invite.header("From").startswith("<sip:+4915112345678@")
    assert shown.invite.values("P-Asserted-Identity") == []
    assert any("+4915112345678" in message.text for message in leg.messages)


async def test_a_packet_lies_on_the_tape_when_it_came(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        async with Handsets(tmp_path) as handsets:
            began_ms = time.time_ns() // 1_000_000
            port = await handsets.open("leg")
            before_ms = time.time_ns() / 1e6
            line.sendto(b"\x80\x08" + bytes(10) + b"\x2a" * 160, ("127.0.0.1", port))
            after_ms = time.time_ns() / 1e6
            await asyncio.sleep(0.1)
            ended_ns = await handsets.close("leg", tmp_path / "leg.rtp")
    recording = Recording.from_packets(
        tmp_path / "leg.rtp", tmp_path / "leg.wav", began_ms, ended_ns
    )
    (heard,) = np.flatnonzero(np.diff(recording.samples() != 0, prepend=False))[::2]
    assert before_ms - 1 <= recording.at_ms(heard / 8000) <= after_ms + 1


async def test_a_world_left_in_mid_call_hangs_up(lab: Lab, tmp_path: Path) -> None:
    async with OutsideWorld(tmp_path, engine_port=free_port(kind=socket.SOCK_DGRAM)) as world:
        call = await world.call("+4930123")
        with contextlib.suppress(TimeoutError):
            await call.answered(0.1)
    assert call.is_over
    assert call.recording.path.exists()
