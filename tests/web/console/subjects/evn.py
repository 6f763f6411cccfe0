"""Call records."""

from dataclasses import replace

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.course import Fate, Heard, Slice, Stay
from tests.web.console.house import MASTERS, OTHERS, House, Row
from tests.web.console.money.business import (
    PRICE_MICROS,
    account,
    call,
    euros,
    refused,
    settle_call,
)

ONE = "/console/evn/{call_id}"
READERS = f"{MASTERS} manager auditor"

ROWS = {
    ("GET", "/console/evn"): Row(READERS),
    ("GET", "/console/evn/export.csv"): Row(READERS),
    ("GET", "/console/evn/export.pdf"): Row(READERS),
    ("GET", "/console/evn/month.csv"): Row(READERS),
    ("GET", ONE): Row(READERS),
    ("GET", f"{ONE}/proof.json"): Row(READERS),
    ("GET", f"{ONE}/proof.pdf"): Row(READERS),
    ("POST", f"{ONE}/reveal"): Row(f"{MASTERS} manager", {"reason": "complaint"}),
}


SAID = (
    ("caller", "welcome", -39_900, 1_400),
    ("caller", "minutes_left-m7", -38_480, 2_600),
    ("caller", "tariff-p1990000-EUR-conversation-a0", -35_860, 9_700),
    ("caller", "please_wait-m1", -26_100, 6_200),
    ("agent", "whisper_agent-r1-s420-Sternlicht", -5_000, 4_900),
    ("caller", "agent_lost_trying_next", 180_100, 3_400),
    ("agent", "whisper_agent-r1-s240-Sternlicht", 192_000, 4_800),
    ("caller", "warning_caller-s60", 380_000, 3_100),
    ("agent", "warning_agent-s60", 380_000, 2_800),
    ("caller", "money_ended_caller", 440_050, 5_200),
)
"""Who heard what when, from the joining, and how long (ms)."""


def told_whole(record: CallRecord) -> CallRecord:
    """The call with two agents one after the other, twenty seconds apart, and all that was said and
    held; what was said last was cut, and the agent did not hear it at all."""
    joined_ms = record.ended_ms - record.talk_ms - 20_000
    prompts = [
        Heard(joined_ms + at - 40, who, key, Fate.WHOLE, joined_ms + at, joined_ms + at + ms, "de")
        for who, key, at, ms in SAID
    ]
    prompts[-1] = prompts[-1]._replace(fate=Fate.CUT)
    prompts.append(Heard(record.ended_ms + 40, "agent", "money_ended_agent", Fate.UNHEARD))
    held = [
        Slice(joined_ms + at, n * PRICE_MICROS, joined_ms + at + reach)
        for n, at, reach in ((1, -39_950, 99_950), (3, 15_000, 165_000), (5, 135_000, 185_000),
                             (7, 260_000, 180_000))
    ]  # fmt: skip
    return replace(
        record,
        arrived_ms=joined_ms - 40_000,
        answered_ms=joined_ms - 100,
        joined_ms=joined_ms,
        agents=("anna", "jörg"),
        prompts=tuple(prompts),
        slices=tuple(held),
        stays=(
            Stay("anna", joined_ms, joined_ms + 180_000),
            Stay("jörg", joined_ms + 200_000, record.ended_ms),
        ),
    )


async def seed(house: House) -> None:
    """A call here, some refused ones, and a call elsewhere."""
    ours = await account(house, "+4915228817111", euros(30), key="evn")
    long = told_whole(
        replace(
            call(house, "1796083400.7", ours, 7),
            e164="+4915228817111",
            disposition=Disposition.MONEY_ENDED,
        )
    )
    await settle_call(house, long)
    house.own["call_id"] = long.call_id
    for n, reason in enumerate((Refusal.CLOSED, Refusal.PIN_WRONG, Refusal.CALLER_BLOCKED)):
        await settle_call(house, refused(house, f"1796083500.{n}", reason))
    theirs = refused(house, "1796083600.1", Refusal.CLOSED)
    await settle_call(house, replace(theirs, organisation=OTHERS, profile="bolt-eur"))
    house.foreign["call_id"] = theirs.call_id
