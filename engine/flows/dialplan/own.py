"""The operator's own dialplan beside ours: read, checked, put in force while calls go on.

What reads and writes Asterisk's files keeps the promises of this Protocol; where no Asterisk's
files can be changed from here, there is none.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.core.inventory import Inventory
from engine.flows.config.problems import Mark, Problems

OwnFiles = Mapping[str, str]
"""The operator's own files, text by name (`NAME.conf`, `NAME.inc`)."""


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


class Outcome(Protocol):
    """What became of a change: `refused` says why Asterisk has its old files again, empty if it
    has the new ones; `said` are its own words."""

    @property
    def refused(self) -> tuple[str, ...]: ...

    @property
    def said(self) -> tuple[str, ...]: ...


class OwnDialplan(Protocol):
    """The own dialplan of one Asterisk."""

    def own(self) -> OwnFiles:
        """The files as they are; `CallerError` if they cannot be read."""
        ...

    async def check_own(self, inventory: Inventory, own: OwnFiles) -> Checked | Problems:
        """What a draft would change, or every mistake in it. Nothing is changed."""
        ...

    async def change_own(
        self, inventory: Inventory, own: OwnFiles, based_on: str
    ) -> Outcome | Problems:
        """Put a draft in force, or leave all as it is.

        `ConflictError` unless it is based on the files as they are (`content_hash` of
        `engine.flows.config` over their text); `RemoteError` if Asterisk cannot be reached.
        """
        ...

    def taken_at(self, sent: str) -> Mark | None:
        """Where the own dialplan takes a number, as the trunk sends it, before ours does."""
        ...

    def unapplied(self) -> tuple[str, ...]:
        """The own files that Asterisk has otherwise, or not, or still has: by name."""
        ...

    async def standing(self, inventory: Inventory) -> Mapping[str, bool]:
        """Which trunks and phones can be reached, as `trunk-NAME` and `agent-NAME`.

        What has a fixed address is asked (OPTIONS, RFC 3261, 11), any other must have registered.
        """
        ...
