"""What one engine goes by: one reference to one whole version, swapped once all have gone along."""

from collections.abc import Awaitable, Callable

import structlog

from engine.core.inventory import Inventory

Follower = Callable[[Inventory, Inventory], Awaitable[None]]
"""Goes along from the old version to the new one, or raises and stays where it was."""

log = structlog.get_logger(__name__)


class View:
    """The version in use. Whoever asks twice may get two versions; each of them is whole.

    `in_force` is the version that the books named when the engine last looked, `refused` the one
    that it cannot take, or has not taken whole; 0 if there is none. Both are for those who watch
    over it: where nobody looks, they stay what they were.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.in_force = inventory.version
        self.refused = 0
        self._inventory = inventory
        self._followers: list[Follower] = []

    def inventory(self) -> Inventory:
        """The version to begin anything new with."""
        return self._inventory

    def subscribe(self, follower: Follower) -> None:
        """Let something go along with every swap, after those that subscribed before.

        It is called with the old version and the new one before the swap. If one that comes after
        it refuses, it is called the other way round.
        """
        self._followers.append(follower)

    async def swap(self, new: Inventory) -> None:
        """Take another version in use; if one follower refuses, all stay with the old one."""
        old = self._inventory
        gone_along: list[Follower] = []
        try:
            for follower in self._followers:
                await follower(old, new)
                gone_along.append(follower)
        except BaseException:
            for follower in reversed(gone_along):
                await _back(follower, new, old)
            raise
        self._inventory = new


async def _back(follower: Follower, new: Inventory, old: Inventory) -> None:
    """Let a follower return; if it cannot, the others still do."""
    try:
        await follower(new, old)
    except Exception as fault:
        log.error("config.not_returned", version=old.version, error=str(fault), exc_info=True)
