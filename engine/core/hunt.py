"""In which order a hunt group rings its agents. Pure."""

from collections.abc import Mapping, Sequence

from engine.core.inventory import Strategy


def ringing_order(
    strategy: Strategy, agents: Sequence[str], idle_since_ms: Mapping[str, int], turn: int
) -> tuple[str, ...]:
    """The agents in the order in which they are to be rung.

    `idle_since_ms` says since when each is free (longest idle rings first; unknown is for ever),
    `turn` counts the calls of the group (round robin begins one further with each).
    """
    if not agents:
        return ()
    if strategy is Strategy.LONGEST_IDLE:
        return tuple(sorted(agents, key=lambda name: idle_since_ms.get(name, 0)))
    if strategy is Strategy.ROUND_ROBIN:
        first = turn % len(agents)
        return (*agents[first:], *agents[:first])
    return tuple(agents)


def rung_at_once(strategy: Strategy, agents: int) -> int:
    """How many agents ring at the same time."""
    return agents if strategy is Strategy.ALL else 1
