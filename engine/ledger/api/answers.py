"""Answers by idempotency key in SQL: each function is part of a transaction.

A row without a status is a claim that is being carried out, or was when its engine died.
"""

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.accounts import know_organisation
from engine.ledger.tables import api_answers
from engine.ports.operators import ANSWERS_KEPT_MS, Answer, Claim, Standing


def _its(claim: Claim) -> ColumnElement[bool]:
    """The row of the claim's key."""
    return and_(api_answers.c.organisation == claim.organisation, api_answers.c.key == claim.key)


async def claim(connection: AsyncConnection, claim: Claim) -> Answer | Standing:
    """See `ports.operators`."""
    old = api_answers.c.begun_ms < claim.now_ms - ANSWERS_KEPT_MS
    await connection.execute(delete(api_answers).where(old))
    query = select(api_answers).where(_its(claim)).with_for_update()
    held = (await connection.execute(query)).one_or_none()
    if held is None:
        await know_organisation(connection, claim.organisation)
        await connection.execute(
            insert(api_answers).values(
                organisation=claim.organisation,
                key=claim.key,
                digest=claim.digest,
                begun_ms=claim.now_ms,
                until_ms=claim.until_ms,
            )
        )
        return Standing.OURS
    if held.digest != claim.digest:
        return Standing.ANOTHER_REQUEST
    if held.status is not None:
        return Answer(held.status, held.body)
    if held.until_ms > claim.now_ms:
        return Standing.UNDER_WAY
    await connection.execute(update(api_answers).where(_its(claim)).values(until_ms=claim.until_ms))
    return Standing.OURS


async def keep(connection: AsyncConnection, claim: Claim, answer: Answer) -> Answer:
    """See `ports.operators`; of a key forgotten meanwhile nothing is kept."""
    unanswered = update(api_answers).where(_its(claim), api_answers.c.status.is_(None))
    await connection.execute(unanswered.values(status=answer.status, body=answer.body))
    query = select(api_answers.c.status, api_answers.c.body).where(_its(claim))
    stands = (await connection.execute(query)).one_or_none()
    return answer if stands is None else Answer(stands.status, stands.body)


async def give_up(connection: AsyncConnection, claim: Claim) -> None:
    """See `ports.operators`."""
    unanswered = api_answers.c.status.is_(None) & (api_answers.c.until_ms == claim.until_ms)
    await connection.execute(delete(api_answers).where(_its(claim), unanswered))
