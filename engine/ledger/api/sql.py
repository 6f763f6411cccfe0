"""`ports.operators` in the ledger's own database; each method is one transaction."""

from collections.abc import Mapping, Sequence
from functools import partial

from engine.ledger.api import answers, customers, keys
from engine.ledger.sql import SqlLedger
from engine.ports.ledger import JournalLine
from engine.ports.operators import (
    Answer,
    ApiKey,
    Claim,
    Customer,
    CustomerFilter,
    LineFilter,
    Standing,
    TopUps,
)


class SqlKeys:
    """The keys in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def add(self, key: ApiKey) -> None:
        """See `ports.operators`."""
        await self._database.write(partial(keys.add, key=key))

    async def key(self, key_id: str) -> ApiKey | None:
        """See `ports.operators`."""
        return await self._database.read(partial(keys.by_id, key_id=key_id))

    async def keys(self, organisation: str | None) -> Sequence[ApiKey]:
        """See `ports.operators`."""
        return await self._database.read(partial(keys.listed, organisation=organisation))

    async def revoke(self, key_id: str, at_ms: int) -> ApiKey | None:
        """See `ports.operators`."""
        return await self._database.write(partial(keys.revoke, key_id=key_id, at_ms=at_ms))


class SqlAnswers:
    """The answers in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def claim(self, claim: Claim) -> Answer | Standing:
        """See `ports.operators`."""
        return await self._database.write(partial(answers.claim, claim=claim))

    async def keep(self, claim: Claim, answer: Answer) -> Answer:
        """See `ports.operators`."""
        return await self._database.write(partial(answers.keep, claim=claim, answer=answer))

    async def give_up(self, claim: Claim) -> None:
        """See `ports.operators`."""
        await self._database.write(partial(answers.give_up, claim=claim))


class SqlCustomers:
    """The customers in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def customer(self, organisation: str, account_id: str) -> Customer | None:
        """See `ports.operators`."""
        work = partial(customers.by_id, organisation=organisation, account_id=account_id)
        return await self._database.read(work)

    async def customers(self, wanted: CustomerFilter) -> Sequence[Customer]:
        """See `ports.operators`."""
        return await self._database.read(partial(customers.listed, wanted=wanted))

    async def top_ups(self, account_ids: Sequence[str]) -> Mapping[str, TopUps]:
        """See `ports.operators`."""
        return await self._database.read(partial(customers.top_ups, account_ids=account_ids))

    async def lines(self, wanted: LineFilter) -> Sequence[JournalLine]:
        """See `ports.operators`."""
        return await self._database.read(partial(customers.lines, wanted=wanted))
