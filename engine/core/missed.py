"""What is mailed of a missed tracking call: its source and its time, nothing of its caller."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.core.mail import Mail
from engine.core.tracked import Outcome, Terms, TrackedCall

_SUBJECTS = {"de": "Verpasster Anruf: {source}", "en": "Missed call: {source}"}

_TEXTS = {
    "de": """\
Ein Anruf über „{source}“ ({number}) hat niemanden erreicht.

Eingang: {arrived} ({timezone})
Grund:   {reason}
Gewartet: {waited_s} s
""",
    "en": """\
A call by way of "{source}" ({number}) reached nobody.

Arrived: {arrived} ({timezone})
Reason:  {reason}
Waited:  {waited_s} s
""",
}

_REASONS: Mapping[str, Mapping[Outcome, str]] = {
    "de": {
        Outcome.ABANDONED: "Der Anrufer hat aufgelegt, bevor jemand abnahm.",
        Outcome.BUSY: "Der Anschluss war besetzt.",
        Outcome.FAILED: "Niemand hat abgenommen, oder der Anschluss war nicht erreichbar.",
    },
    "en": {
        Outcome.ABANDONED: "The caller hung up before anybody answered.",
        Outcome.BUSY: "The line was busy.",
        Outcome.FAILED: "Nobody answered, or the line could not be reached.",
    },
}

_TIMES = {"de": "%d.%m.%Y, %H:%M:%S Uhr", "en": "%Y-%m-%d %H:%M:%S"}


def missed_mails(call: TrackedCall, terms: Terms) -> tuple[Mail, ...]:
    """The mails that tell of a call, one a recipient; none if it was answered."""
    if call.outcome is Outcome.ANSWERED:
        return ()
    arrived = datetime.fromtimestamp(call.arrived_ms // 1000, UTC)
    local = arrived.astimezone(ZoneInfo(call.timezone))
    told = {
        "source": " ".join(call.source.split()),
        "number": call.number,
        "arrived": local.strftime(_TIMES[terms.lang]),
        "timezone": call.timezone,
        "reason": _REASONS[terms.lang][call.outcome],
        "waited_s": call.ring_ms // 1000,
    }
    return tuple(
        Mail(
            key=f"missed:{call.call_id}:{recipient}",
            organisation=call.organisation,
            recipient=recipient,
            subject=_SUBJECTS[terms.lang].format_map(told),
            text=_TEXTS[terms.lang].format_map(told),
        )
        for recipient in terms.mails
    )
