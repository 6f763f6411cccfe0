"""Who calls, as the network says it, and that nobody is shown what he withheld."""

from dataclasses import replace

import pytest

from engine.core.events import CallArrived, LegAnswered, LegFailed, LegFailure
from engine.core.identity import SignalledIdentity
from tests.switchboard import DID, AsteriskBench, order
from tests.system.asterisk.scenes import AT_ONCE, talk

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER = "+33612345678"


@pytest.mark.parametrize(
    ("headers", "asserted", "privacy"),
    [
        ((), (), ""),
        (("P-Asserted-Identity: <sip:+336@ims.fr>",), ("<sip:+336@ims.fr>",), ""),
        (
            ("P-Asserted-Identity: <sip:+336@ims.fr>", "Privacy: id"),
            ("<sip:+336@ims.fr>",),
            "id",
        ),
        (
            ('P-Asserted-Identity: "Doe, J" <sip:+336@ims.fr>, <tel:+336>', "Privacy: id;user"),
            ('"Doe, J" <sip:+336@ims.fr>', "<tel:+336>"),
            "id;user",
        ),
        (
            ("P-Asserted-Identity: <sip:+336@ims.fr>", "P-Asserted-Identity: <tel:+337>"),
            ("<sip:+336@ims.fr>", "<tel:+337>"),
            "",
        ),
        (
            ('P-Asserted-Identity: "${SHELL(id)}$[1+1]" <sip:+336@ims.fr>',),
            ('"${SHELL(id)}$[1+1]" <sip:+336@ims.fr>',),
            "",
        ),
    ],
)
async def test_headers_arrive_as_they_were_sent(
    real_bench: AsteriskBench, headers: tuple[str, ...], asserted: tuple[str, ...], privacy: str
) -> None:
    await real_bench.arrive(*headers, caller=CALLER)
    identity = real_bench.ear.told(CallArrived)[0].identity
    assert (identity.asserted, identity.privacy) == (asserted, privacy)
    assert f"<sip:{CALLER}@" in identity.from_user


async def test_a_withheld_number_is_marked_and_an_anonymous_one_is_not_known(
    real_bench: AsteriskBench,
) -> None:
    pai = f"P-Asserted-Identity: <sip:{CALLER}@ims.fr>"
    await real_bench.arrive(pai, "Privacy: id", caller="anonymous")
    await real_bench.arrive(caller="anonymous")
    withheld, unknown = (arrived.identity for arrived in real_bench.ear.told(CallArrived))
    assert withheld.presentation.startswith("prohib")
    assert withheld.asserted == (f"<sip:{CALLER}@ims.fr>",)
    # Without P-Asserted-Identity Asterisk calls it allowed: presentation alone tells nothing.
    assert unknown == SignalledIdentity(
        from_user=unknown.from_user, presentation="allowed_not_screened"
    )


async def test_neither_side_is_shown_the_other(real_bench: AsteriskBench) -> None:
    pai = f"P-Asserted-Identity: <sip:{CALLER}@ims.fr>"
    scene = await talk(real_bench, pai, "Privacy: id", caller=CALLER)
    await real_bench.telephony.whisper(scene.call, scene.agent, "p1", (real_bench.short,))
    await real_bench.telephony.part(scene.bridge, (scene.call, scene.agent))
    await real_bench.telephony.join(scene.call, "b2", (scene.call, scene.agent))
    to_agent = "".join(m.text for m in scene.agent_side.messages if not m.sent)
    assert CALLER.removeprefix("+") not in to_agent
    assert scene.agent_side.invite.header("From").startswith(f'"Service" <sip:{DID}@')
    assert "P-Asserted-Identity" not in to_agent
    requests = {m.method for m in scene.agent_side.messages if not m.sent and not m.code}
    assert requests == {"INVITE", "ACK"}
    to_caller = "".join(m.text for m in scene.caller_side.messages if not m.sent)
    assert "anna" not in to_caller


async def test_an_outside_number_is_dialled_by_the_trunk_with_the_services_number(
    real_bench: AsteriskBench,
) -> None:
    pai = f"P-Asserted-Identity: <sip:{CALLER}@ims.fr>"
    call = await real_bench.arrive(pai, "Privacy: id", caller=CALLER)
    real_bench.carrier.on_invite = lambda dialog: dialog.answer(200, media=True)
    dial = order(call, "PJSIP/+4930123456@trunk-carrier")
    await real_bench.telephony.dial(dial)
    await real_bench.ear.next(LegAnswered, leg=dial.leg)
    outgoing = await real_bench.carrier.incoming.get()
    assert outgoing.invite.first_line.startswith("INVITE sip:+4930123456@127.0.0.1")
    assert f"<sip:{DID}@" in outgoing.invite.header("P-Asserted-Identity")
    assert CALLER.removeprefix("+") not in outgoing.invite.text


async def test_a_shown_name_cannot_write_headers(real_bench: AsteriskBench) -> None:
    call = await real_bench.arrive()
    endpoint = await real_bench.agent(AT_ONCE)
    nasty = replace(
        order(call, endpoint), caller_name='Evil" <sip:x>\r\nX-Evil: 1', caller_number='1"<2>;3'
    )
    await real_bench.telephony.dial(nasty)
    await real_bench.ear.next(LegAnswered)
    invite = (await real_bench.anna.incoming.get()).invite
    assert invite.header("From").startswith('"Evil sipxX-Evil 1" <sip:123@')
    assert not invite.headers("X-Evil")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (403, LegFailure.REJECTED),
        (404, LegFailure.WRONG_NUMBER),
        (408, LegFailure.NO_ANSWER),
        (410, LegFailure.WRONG_NUMBER),
        (480, LegFailure.NO_ANSWER),
        (484, LegFailure.WRONG_NUMBER),
        (486, LegFailure.BUSY),
        (488, LegFailure.UNREACHABLE),
        (500, LegFailure.NETWORK),
        (503, LegFailure.NETWORK),
        (600, LegFailure.BUSY),
        (603, LegFailure.REJECTED),
    ],
)
async def test_failures_are_told_apart(
    real_bench: AsteriskBench, code: int, reason: LegFailure
) -> None:
    call = await real_bench.arrive()
    real_bench.anna.on_invite = lambda dialog: dialog.answer(code)
    await real_bench.telephony.dial(order(call, "PJSIP/agent-anna"))
    failed = await real_bench.ear.next(LegFailed)
    assert (failed.reason, failed.sip_code) == (reason, code)


@pytest.mark.parametrize("endpoint", ["PJSIP/agent-berta", "PJSIP/agent-nobody", "SIP/x"])
async def test_a_phone_that_is_not_there_is_unreachable(
    real_bench: AsteriskBench, endpoint: str
) -> None:
    call = await real_bench.arrive()
    await real_bench.telephony.dial(order(call, endpoint))
    assert (await real_bench.ear.next(LegFailed)).reason is LegFailure.UNREACHABLE
    assert (await real_bench.telephony.facts(call, (call,)))[0].alive
