"""Mails in SQL: each function is part of a transaction.

A claim counts as a try when it is made and puts the mail off by the lease; what came of it is
written only while that try is the last.
"""

from dataclasses import asdict

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.mail import Mail
from engine.ledger.accounts import know_organisation
from engine.ledger.columns import insert_into
from engine.ledger.mails.tables import mails
from engine.ports.mails import ClaimedMail, MailState, TriedMail


async def queue(connection: AsyncConnection, mail: Mail, at_ms: int) -> None:
    """Let a mail be sent, due at once; once, however often it is asked."""
    await know_organisation(connection, mail.organisation)
    row = {
        **asdict(mail),
        "queued_ms": at_ms,
        "state": MailState.PENDING.value,
        "tries": 0,
        "next_ms": at_ms,
        "problem": "",
    }
    await connection.execute(
        insert_into(connection.dialect.name, mails).values(row).on_conflict_do_nothing()
    )


async def claim(
    connection: AsyncConnection, now_ms: int, lease_ms: int, most: int
) -> list[ClaimedMail]:
    """See `ports.mails`; what another claims at this moment is passed over."""
    columns = mails.c
    query = (
        select(mails)
        .where(columns.next_ms <= now_ms)
        .order_by(columns.next_ms)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = (await connection.execute(query)).mappings().all()
    if not rows:
        return []
    await connection.execute(
        update(mails)
        .where(columns.key.in_([row["key"] for row in rows]))
        .values(tries=columns.tries + 1, next_ms=now_ms + lease_ms)
    )
    names = ("key", "organisation", "recipient", "subject", "text")
    return [
        ClaimedMail(Mail(**{name: row[name] for name in names}), row["tries"] + 1) for row in rows
    ]


async def finish(connection: AsyncConnection, tried: TriedMail) -> bool:
    """See `ports.mails`."""
    left = {} if tried.state is MailState.PENDING else {"subject": "", "text": ""}
    done = await connection.execute(
        update(mails)
        .where(
            mails.c.key == tried.key,
            mails.c.tries == tried.number,
            mails.c.state == MailState.PENDING,
        )
        .values(state=tried.state.value, next_ms=tried.next_ms, problem=tried.problem, **left)
    )
    return bool(done.rowcount)
