"""The operator's own dialplan beside ours: what is checked and asked of it.

Its files are part of each version (`engine.flows.dialplan.changing` puts others in force). What
reads and writes Asterisk's files keeps the promises of this Protocol; where no Asterisk's files can
be changed from here, there is none.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.core.inventory import Inventory
from engine.flows.config.problems import Mark, Problems


class FileChange(Protocol):
    """A file of Asterisk's that differs: `lines` of its unified diff, secrets left out."""

    @property
    def file(self) -> str: ...

    @property
    def lines(self) -> tuple[str, ...]: ...


class Checked(Protocol):
    """Files without a mistake, and what they would change."""

    @property
    def changes(self) -> Sequence[FileChange]: ...


class OwnDialplan(Protocol):
    """The own dialplan of a version, beside one Asterisk."""

    async def check(self, inventory: Inventory) -> Checked | Problems:
        """What a version would change, or every mistake in it. Nothing is changed."""
        ...

    def taken_at(self, inventory: Inventory, sent: str) -> Mark | None:
        """Where the own dialplan takes a number, as the trunk sends it, before ours does."""
        ...

    def unapplied(self, inventory: Inventory) -> tuple[str, ...]:
        """The own files that Asterisk has otherwise, or not, or still has: by name."""
        ...

    def lying_otherwise(self, inventory: Inventory) -> tuple[str, ...]:
        """The files in this machine's folder that are not those of a version: by name.

        They are not in force. None if the folder is empty.
        """
        ...

    async def standing(self, inventory: Inventory) -> Mapping[str, bool]:
        """Which trunks and phones can be reached, as `trunk-NAME` and `agent-NAME`.

        What has a fixed address is asked (OPTIONS, RFC 3261, 11), any other must have registered.
        """
        ...
