"""Answers by idempotency key: one claimant at a time, the first answer stands."""

import asyncio
from dataclasses import replace

import pytest

from engine.ledger.api.sql import SqlAnswers
from engine.ports.operators import ANSWERS_KEPT_MS, Answer, Claim, Standing
from tests.ports.ledger.books import NOW_MS, SqlBooks

CLAIM = Claim(organisation="acme", key="k1", digest="d1", now_ms=NOW_MS, until_ms=NOW_MS + 1_000)
DONE = Answer(201, '{"a": "ü"}')


def later(ms: int, claim: Claim = CLAIM) -> Claim:
    return replace(claim, now_ms=claim.now_ms + ms, until_ms=claim.until_ms + ms)


@pytest.fixture
def answers(sql_books: SqlBooks) -> SqlAnswers:
    return SqlAnswers(sql_books.open())


async def test_a_repeat_gets_the_first_answer(answers: SqlAnswers) -> None:
    assert await answers.claim(CLAIM) is Standing.OURS
    assert await answers.claim(later(1)) is Standing.UNDER_WAY
    assert await answers.keep(CLAIM, DONE) == DONE
    assert await answers.claim(later(2)) == DONE


async def test_another_request_or_organisation_is_another(answers: SqlAnswers) -> None:
    await answers.claim(CLAIM)
    assert await answers.claim(replace(CLAIM, digest="d2")) is Standing.ANOTHER_REQUEST
    assert await answers.claim(replace(CLAIM, organisation="bolt")) is Standing.OURS
    assert await answers.claim(replace(CLAIM, key="k2")) is Standing.OURS
    await answers.keep(CLAIM, DONE)
    assert await answers.claim(replace(CLAIM, digest="d2")) is Standing.ANOTHER_REQUEST


async def test_of_many_at_once_one_carries_it_out(answers: SqlAnswers) -> None:
    claims = [later(ms) for ms in range(8)]
    standings = await asyncio.gather(*(answers.claim(claim) for claim in claims))
    assert standings.count(Standing.OURS) == 1
    assert standings.count(Standing.UNDER_WAY) == 7


async def test_what_was_given_up_may_be_claimed_at_once(answers: SqlAnswers) -> None:
    await answers.claim(CLAIM)
    await answers.give_up(CLAIM)
    assert await answers.claim(replace(CLAIM, digest="d2")) is Standing.OURS


async def test_a_dead_claimants_key_is_claimed_anew_and_the_first_answer_stands(
    answers: SqlAnswers,
) -> None:
    await answers.claim(CLAIM)
    heir = later(1_000)
    assert await answers.claim(heir) is Standing.OURS
    assert await answers.claim(later(1)) is Standing.UNDER_WAY
    await answers.give_up(CLAIM)
    assert await answers.claim(later(1_500)) is Standing.UNDER_WAY
    assert await answers.keep(heir, DONE) == DONE
    assert await answers.keep(CLAIM, Answer(409, "{}")) == DONE
    await answers.give_up(heir)
    assert await answers.claim(later(9_000)) == DONE


async def test_answers_are_forgotten_after_seven_days(answers: SqlAnswers) -> None:
    await answers.claim(CLAIM)
    await answers.keep(CLAIM, DONE)
    assert await answers.claim(later(ANSWERS_KEPT_MS)) == DONE
    other = replace(later(ANSWERS_KEPT_MS + 1), key="k2")
    assert await answers.claim(other) is Standing.OURS
    assert await answers.keep(CLAIM, Answer(200, "{}")) == Answer(200, "{}")
    assert await answers.claim(later(ANSWERS_KEPT_MS + 1)) is Standing.OURS
