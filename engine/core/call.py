"""What every call in the house has in common: the step, and the two clocks it is given.

A service decides what a call does next with one pure function::

    step(call, event, now) -> (call, actions)

`call` is a frozen record that can be written to the store and read back by any engine, `event`
says what has happened (`core.events`), `now` is handed in, and `actions` are orders
(`core.actions`) that the shell (`flows.calls`) carries out one after the other; every outcome
comes back as an event. Nothing in a step waits, reads a clock or draws a random number, so the
same events always lead to the same call, and an order repeated after a crash is the same order,
because its ids are derived from the call (`derived_id`).
"""

from typing import NamedTuple, Protocol


class Now(NamedTuple):
    """One instant on two clocks.

    `wall_ms` is Asterisk's wall clock in milliseconds since 1970 (charges are made of its
    differences), `mono_ms` the engine's monotonic clock (only its differences within one engine's
    life mean anything; it guards against a stepped wall clock).
    """

    wall_ms: int
    mono_ms: int


class LiveCall(Protocol):
    """The part of a service's call record that the shell needs to know."""

    @property
    def call_id(self) -> str: ...

    @property
    def account_id(self) -> str | None: ...

    @property
    def state(self) -> str: ...

    @property
    def finished(self) -> bool: ...


def derived_id(call_id: str, kind: str, number: int) -> str:
    """The id of the call's `number`-th leg (`a`), bridge (`b`) or playback (`p`)."""
    return f"{call_id}-{kind}{number}"
