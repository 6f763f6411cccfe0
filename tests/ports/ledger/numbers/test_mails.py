"""A notice's mail is queued in the transaction that makes it true, or not at all."""

from dataclasses import replace

import pytest

from engine.errors import ConflictError
from engine.flows.numbers.holders import Holders
from engine.ledger.mails.sql import SqlMails
from engine.ledger.numbers.sql import SqlNumbers
from engine.ports.numbers import Commit
from tests.flows.numbers.town import BERLIN, SEATS, Town
from tests.ports.ledger.books import SqlBooks


async def test_a_mail_goes_with_its_commit(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    town, mails = Town(SqlNumbers(ledger)), SqlMails(ledger)
    await town.open()
    town.numbering = replace(town.numbering, mailing=True)
    entry = replace(SEATS[BERLIN], mail="office@acme.example")
    await Holders(town.numbering).enter("acme", entry, "acme")
    mine = await town.ordered()
    now_ms, _ = town.numbering.now()
    town.allocation = type(town.allocation)(town.numbering)
    await town.allocation.reject(getattr(mine, "e164", ""), "kein Vertrag", "op")

    (claimed,) = await mails.claim(now_ms, 60_000, 9)
    assert claimed.mail.recipient == "office@acme.example"
    assert "kein Vertrag" in claimed.mail.text
    holder = await town.holders.holder("acme")
    stale = Commit(
        author="op",
        at_ms=now_ms,
        holder=holder,
        mails=(replace(claimed.mail, key="another"),),
    )
    with pytest.raises(ConflictError):
        await town.numbers.commit(stale)
    assert await mails.claim(now_ms, 60_000, 9) == []
