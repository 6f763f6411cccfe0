"""Every limit of the store in one place, and the check that a number can be kept there."""

from engine.errors import CallerError

WHOLE_END = 2**53
"""Lua counts in doubles, which are exact below this: nine billion in the currency's unit."""

COMMAND_TIMEOUT_S = 1.0
"""No order waits longer for the store; a call has 30 s of slices left to try again."""

ENDED_KEPT_MS = 24 * 3600 * 1000
"""So long a charged call, a booked debit or a finished call is remembered, so that a late order
of an engine that was away holds nothing and brings nothing back."""

CALL_BUCKETS = 16
"""Live calls are spread over so many keys, and so over the nodes of a cluster."""

CONNECTIONS_MOST = 32
"""So many orders are on their way to the store at once; further ones wait for their turn."""

COMMANDS_MOST = 100
"""So many commands may wait for one engine."""

BLOCK_MS = 500
"""So long the server is asked to wait for the next command, or for an answer to one."""

HEARTBEAT_S = 2.0
"""A news connection silent for so long is asked whether it lives; twice that and it is dropped."""

RECONNECT_FIRST_S = 0.05
RECONNECT_MOST_S = 2.0
"""Waits between attempts to get the news again, doubled from the first to the most."""

CANCEL_AGAIN_S = 0.1
"""So long a reader of the news is given to end before it is told again."""


def whole(value: int, field: str) -> int:
    """The number itself if the store can keep it exactly, else `CallerError`."""
    if not -WHOLE_END < value < WHOLE_END:
        raise CallerError(f"{field} must be below 2**53, not {value}", field)
    return value


def counted(value: int, field: str) -> int:
    """The number itself if it is whole as above and not negative, else `CallerError`."""
    if value < 0:
        raise CallerError(f"{field} must be at least 0, not {value}", field)
    return whole(value, field)
