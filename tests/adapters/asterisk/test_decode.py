"""Recorded messages of a real Asterisk, in the engine's words."""

import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from engine.asterisk.ari import api
from engine.asterisk.decode import (
    IDENTITY_VARIABLES,
    event_of,
    failure_of,
    identity_of,
    milliseconds,
    sip_code_of,
    values_of,
)
from engine.asterisk.legs import (
    Arrival,
    Files,
    Intruder,
    Leg,
    Legs,
    Offer,
    Outcome,
    Playback,
    Replaced,
)
from engine.core.events import LegFailure
from engine.ports.telephony import CallEvent

RECORDINGS = Path(__file__).parents[2] / "recordings"


def replayed(name: str, legs: Legs) -> Iterable[Outcome]:
    """What a recording means to an engine that gave the orders of it."""
    for line in lines_of(name):
        event = event_of(line)
        assert event is not None
        for outcome in legs.take(event):
            yield outcome
            if isinstance(outcome, Arrival):
                _order_everything(legs, outcome.leg)


def _order_everything(legs: Legs, call: str) -> None:
    legs.legs[call].subscribed = True
    for number in range(4):
        legs.legs[f"{call}-a{number}"] = Leg(call, dialled=True, subscribed=True)
    legs.begin_playback(f"{call}-p1", Playback(call, call))
    legs.begin_playback(f"{call}-p2", Playback(call, call, snoop=f"{call}-p2-snoop"))
    legs.begin_playback(f"{call}-p3", Playback(call, call, stopped=True))


def short(outcome: Outcome) -> str:
    """An outcome as one readable line without the parts that differ from run to run."""
    if not isinstance(outcome, CallEvent):
        return type(outcome).__name__
    event, call = outcome.event, outcome.call_id
    facts = [getattr(event, field.name) for field in fields(event) if field.name != "at_ms"]
    return " ".join([type(event).__name__, *(str(f).removeprefix(call) or "caller" for f in facts)])


def lines_of(name: str) -> list[str]:
    return (RECORDINGS / f"{name}.jsonl").read_text().splitlines()


def test_a_conversation_is_told_in_its_order() -> None:
    assert [short(outcome) for outcome in replayed("conversation", Legs())] == [
        "Offer",
        "Arrival",
        "PlaybackEnded -p1 True",
        "LegAnswered caller",
        "LegRinging -a1",
        "LegAnswered -a1",
        "LegJoined caller -b1",
        "LegJoined -a1 -b1",
        "SnoopReady",
        "PlaybackEnded -p2 True",
        "SnoopDone",
        "DigitPressed caller 1",
        "LegLeft caller -b1",
        "LegLeft -a1 -b1",
        "PlaybackEnded -p3 False",
        "LegJoined caller -b2",
        "LegJoined -a1 -b2",
        "LegLeft caller -b2",
        "LegEnded caller",
        "LegLeft -a1 -b2",
        "LegEnded -a1",
    ]


def test_failures_are_told_with_their_reasons() -> None:
    assert [short(outcome) for outcome in replayed("failures", Legs())] == [
        "Offer",
        "Arrival",
        "LegFailed -a0 busy 486",
        "LegFailed -a1 rejected 603",
        "LegFailed -a2 wrong_number 404",
        "LegRinging -a3",
        "LegFailed -a3 no_answer 480",
        "PlaybackEnded -p1 False",
        "PlaybackEnded -p2 False",
        "SnoopDone",
        "PlaybackEnded -p3 False",
        "LegEnded caller",
    ]


def test_a_prompt_is_told_as_its_first_file_starts() -> None:
    """Three prompts of the same and of other files; nothing was heard of the second file."""
    legs = Legs()
    files = Files(("sound:a", "sound:a", "sound:b", "sound:a"), (0, 2, 3))
    legs.begin_playback("p", Playback("call", "call", files=files))
    told = [
        legs.take(
            api.PlaybackStarted(
                type="PlaybackStarted",
                timestamp="2026-11-21T22:28:02.003+0000",
                playback=api.Playback(
                    id="p", media_uri=f"sound:{name}", target_uri="channel:call", state="playing"
                ),
            )
        )
        for name in ("a", "b", "strange", "a", "a")
    ]
    assert [[short(outcome) for outcome in each] for each in told] == [
        ["PromptStarted p 0"], ["PromptStarted p 1"], [], ["PromptStarted p 2"], [],
    ]  # fmt: skip


def test_events_of_strangers_are_passed_over() -> None:
    outcomes: list[Outcome] = []
    legs = Legs()
    for line in lines_of("conversation"):
        event = event_of(line)
        if event is not None and event.type not in ("CallBroadcast", "StasisStart"):
            outcomes += legs.take(event)
    assert outcomes == []
    assert legs == Legs()


def test_times_are_those_of_the_recording() -> None:
    lines = lines_of("conversation")
    told = [o.event.at_ms for o in replayed("conversation", Legs()) if isinstance(o, CallEvent)]
    assert told == sorted(told)
    assert milliseconds(json.loads(lines[0])["timestamp"]) <= told[0]


def test_an_end_without_subscription_is_told_when_the_application_is_left() -> None:
    legs = Legs()
    lines = lines_of("conversation")
    outcomes = [o for line in lines if (event := event_of(line)) for o in legs.take(event)]
    ended = [short(o) for o in outcomes if isinstance(o, CallEvent) and "Ended" in short(o)]
    assert ended == ["LegEnded caller", "LegEnded -a1"]


def test_a_channel_that_takes_the_place_of_another_is_an_intruder() -> None:
    start = next(line for line in lines_of("conversation") if "StasisStart" in line)
    said = json.loads(start)
    said["args"], said["replace_channel"] = [], {**said["channel"], "id": "the-one-before"}
    event = event_of(json.dumps(said))
    assert event is not None
    assert Legs().take(event) == [Intruder(said["channel"]["id"])]


def test_a_late_channel_state_or_playback_of_an_ended_leg_is_nothing() -> None:
    legs = Legs()
    list(replayed("conversation", legs))
    again = [o for o in replayed("conversation", legs) if not isinstance(o, Offer | Arrival)]
    assert again
    for line in lines_of("conversation")[-2:]:
        event = event_of(line)
        assert event is not None
        assert legs.take(event) == []


@pytest.mark.parametrize(
    ("cause", "sip", "reason"),
    [
        (17, 486, LegFailure.BUSY),
        (17, 600, LegFailure.BUSY),
        (19, 480, LegFailure.NO_ANSWER),
        (18, 408, LegFailure.NO_ANSWER),
        (21, 603, LegFailure.REJECTED),
        (21, 403, LegFailure.REJECTED),
        (1, 404, LegFailure.WRONG_NUMBER),
        (28, 484, LegFailure.WRONG_NUMBER),
        (34, 503, LegFailure.NETWORK),
        (38, 500, LegFailure.NETWORK),
        (58, 488, LegFailure.UNREACHABLE),
        (0, 302, LegFailure.UNREACHABLE),
        (20, 0, LegFailure.UNREACHABLE),
        (3, None, LegFailure.UNREACHABLE),
        (26, None, LegFailure.NO_ANSWER),
        (0, None, LegFailure.NETWORK),
        (127, 0, LegFailure.NETWORK),
    ],
)
def test_a_failure_is_read_from_the_sip_answer_first(
    cause: int, sip: int | None, reason: LegFailure
) -> None:
    assert failure_of(cause, sip) is reason


def test_no_sip_answer_is_no_sip_code() -> None:
    assert (sip_code_of(486), sip_code_of(0), sip_code_of(200), sip_code_of(None)) == (
        486,
        None,
        None,
        None,
    )


def test_times_keep_their_milliseconds_and_their_zone() -> None:
    assert milliseconds("1970-01-01T00:00:01.234+0000") == 1234
    assert milliseconds("2026-11-21T22:28:02.003+0000") == 1795300082003
    assert milliseconds("2026-11-21T23:28:02.003+0100") == 1795300082003
    assert milliseconds("2026-11-21T22:28:02.999999+0000") == 1795300082999


def test_unknown_kinds_are_nothing_and_broken_ones_are_told() -> None:
    assert event_of('{"type": "ChannelVarset", "variable": "x"}') is None
    assert event_of('{"type": "SomethingOfNextYear"}') is None
    with pytest.raises(msgspec.MsgspecError):
        event_of('{"type": "StasisEnd", "timestamp": "x"}')
    with pytest.raises(msgspec.MsgspecError):
        event_of("not json")


def test_being_replaced_is_heard() -> None:
    event = event_of('{"type": "ApplicationReplaced", "application": "a", "timestamp": "x"}')
    assert isinstance(event, api.ApplicationReplaced)
    assert Legs().take(event) == [Replaced()]


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("", ()),
        ("<sip:+491@a>", ("<sip:+491@a>",)),
        ("<sip:+491@a>, <tel:+491>", ("<sip:+491@a>", "<tel:+491>")),
        ('"Doe, Jane" <sip:+491@a>, sip:+492@a', ('"Doe, Jane" <sip:+491@a>', "sip:+492@a")),
        (r'"a \", b" <sip:1@a>,<sip:2@a>', (r'"a \", b" <sip:1@a>', "<sip:2@a>")),
        ("<sip:1,2@a>,,", ("<sip:1,2@a>",)),
        ('"open', ('"open',)),
    ],
)
def test_a_header_with_several_values_is_split(header: str, values: tuple[str, ...]) -> None:
    assert values_of(header) == values


def test_an_identity_is_all_values_of_all_headers() -> None:
    said = dict(
        zip(
            IDENTITY_VARIABLES,
            ("<sip:1@a>, <tel:1>", "<sip:2@a>", "", "id", "<sip:3@a>", "prohib"),
            strict=True,
        )
    )
    identity = identity_of(said)
    assert identity.asserted == ("<sip:1@a>", "<tel:1>", "<sip:2@a>")
    assert (identity.privacy, identity.from_user, identity.presentation) == (
        "id",
        "<sip:3@a>",
        "prohib",
    )
    assert identity_of({}).asserted == ()
