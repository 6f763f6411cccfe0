"""The versions' twin in memory: same answers, same refusals, no database.

`down` refuses everything, as a database that does not answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.errors import CallerError, ConflictError, RemoteError
from engine.ports.versions import (
    PROPOSED_AT_MOST_MS,
    Activation,
    Answer,
    Cause,
    Draft,
    EngineView,
    Order,
    Version,
)


class MemoryVersions:
    """`ports.versions.Versions` in memory."""

    def __init__(self) -> None:
        self.down = False
        self._versions: list[Version] = []
        self._activations: list[Activation] = []
        self._views: dict[str, EngineView] = {}
        self._proposals: dict[int, tuple[int, Mapping[str, str]]] = {}
        self._answers: dict[tuple[int, str], Answer] = {}
        self._proposed = 0

    async def active(self) -> Activation | None:
        self._answer()
        return self._activations[-1] if self._activations else None

    async def version(self, number: int) -> Version | None:
        self._answer()
        return next((made for made in self._versions if made.number == number), None)

    async def history(self, before: int | None, most: int) -> Sequence[Activation]:
        self._answer()
        wanted = (a for a in self._activations if before is None or a.activation < before)
        return list(wanted)[::-1][:most]

    async def own_history(self, before: int | None, most: int) -> Sequence[Activation]:
        hashes = {0: None} | {made.number: made.own_hash for made in self._versions}
        everything = await self.history(before, len(self._activations))
        return [a for a in everything if hashes[a.previous] != hashes[a.number]][:most]

    async def own_before(self, number: int) -> int:
        made = await self.version(number)
        while made is not None:
            before = await self.version(made.restores or made.based_on)
            if before is None or before.own_hash != made.own_hash:
                return made.based_on
            made = before
        return 0

    async def adopt_own(self, own: Mapping[str, str], own_hash: str) -> None:
        self._answer()
        self._versions = [
            made if made.own_hash else replace(made, own=dict(own), own_hash=own_hash)
            for made in self._versions
        ]

    async def apply(self, draft: Draft, order: Order) -> Activation:
        last = await self.active()
        if last is not None and last.previous == draft.based_on and last.is_of(order):
            return last
        if draft.based_on != (last.number if last else 0):
            raise ConflictError("the draft is based on another version")
        if last is not None and last.is_pending:
            raise ConflictError("the version in force waits to be confirmed")
        made = Version(
            number=len(self._versions) + 1,
            based_on=draft.based_on,
            author=order.author,
            reason=order.reason,
            made_ms=order.at_ms,
            content_hash=draft.content_hash,
            files=dict(draft.files),
            own=draft.own,
            own_hash=draft.own_hash,
            restores=draft.restores,
        )
        self._versions.append(made)
        return self._activate(made.number, Cause.APPLIED, order)

    async def roll_back(self, number: int, replaces: int, order: Order) -> Activation:
        last = await self.active()
        if last is None or await self.version(number) is None:
            raise CallerError("there is no such version", "number")
        if last.number == number and last.is_of(order):
            return last
        if last.number == number:
            raise ConflictError("it is in force")
        if last.activation != replaces:
            raise ConflictError("another was put in force")
        return self._activate(number, Cause.ROLLED_BACK, order)

    async def confirm(self, number: int, order: Order) -> Activation:
        last = await self.active()
        if last is None or last.number != number:
            raise ConflictError("another version is in force")
        if last.is_over(order.at_ms):
            raise ConflictError("the time to confirm is over")
        if last.is_pending:
            last = replace(last, confirmed_ms=order.at_ms, confirmed_by=order.author)
            self._activations[-1] = last
        return last

    async def undo(self, now_ms: int) -> Activation | None:
        last = await self.active()
        if last is None or not last.is_over(now_ms):
            return None
        reason = f"nobody confirmed version {last.number}"
        order = Order(author="engine", reason=reason, at_ms=now_ms)
        return self._activate(last.previous, Cause.UNDONE, order)

    async def propose(self, files: Mapping[str, str], at_ms: int) -> int:
        self._answer()
        for number, (proposed_ms, _) in list(self._proposals.items()):
            if proposed_ms < at_ms - PROPOSED_AT_MOST_MS:
                await self.withdraw(number)
        self._proposed += 1
        self._proposals[self._proposed] = (at_ms, dict(files))
        return self._proposed

    async def proposals(self) -> Sequence[int]:
        self._answer()
        return sorted(self._proposals)

    async def proposed(self, proposal: int) -> Mapping[str, str] | None:
        self._answer()
        found = self._proposals.get(proposal)
        return None if found is None else found[1]

    async def answer(self, answer: Answer) -> None:
        self._answer()
        if answer.proposal in self._proposals:
            self._answers[answer.proposal, answer.engine] = answer

    async def answers(self, proposal: int) -> Sequence[Answer]:
        self._answer()
        return [answer for key, answer in sorted(self._answers.items()) if key[0] == proposal]

    async def withdraw(self, proposal: int) -> None:
        self._answer()
        self._proposals.pop(proposal, None)
        for key in [key for key in self._answers if key[0] == proposal]:
            del self._answers[key]

    async def show(self, view: EngineView) -> None:
        self._answer()
        self._views[view.engine] = view

    async def hide(self, engine: str) -> None:
        self._answer()
        self._views.pop(engine, None)

    async def views(self) -> Sequence[EngineView]:
        self._answer()
        return [view for _, view in sorted(self._views.items())]

    def _answer(self) -> None:
        if self.down:
            raise RemoteError("the database did not answer in time")

    def _activate(self, number: int, cause: Cause, order: Order) -> Activation:
        previous = self._activations[-1].number if self._activations else 0
        made = Activation(
            activation=len(self._activations) + 1,
            number=number,
            previous=previous,
            cause=cause,
            author=order.author,
            reason=order.reason,
            at_ms=order.at_ms,
            confirm_by_ms=order.confirm_by_ms,
        )
        self._activations.append(made)
        return made
