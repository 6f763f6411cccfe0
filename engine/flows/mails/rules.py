"""When a mail is tried again, and when it is given up: a pure rule of the answer and the tries."""

from engine.ports.mails import TRIES, ClaimedMail, MailReply, MailState, Taken, TriedMail

MINUTE_MS = 60_000
PAUSES_MS = (
    MINUTE_MS // 4,
    MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    60 * MINUTE_MS,
    3 * 60 * MINUTE_MS,
    8 * 60 * MINUTE_MS,
)
"""Before each try but the first: some twelve hours in all."""


def rule(reply: MailReply, claimed: ClaimedMail, now_ms: int) -> TriedMail:
    """What a mail becomes by the answer to a try that ended now."""
    state, next_ms = MailState.PENDING, None
    if reply.taken is Taken.TAKEN:
        state = MailState.SENT
    elif reply.taken is Taken.REFUSED or claimed.number >= TRIES:
        state = MailState.GIVEN_UP
    else:
        next_ms = now_ms + PAUSES_MS[claimed.number - 1]
    return TriedMail(
        key=claimed.mail.key,
        number=claimed.number,
        state=state,
        next_ms=next_ms,
        problem=reply.problem,
    )
