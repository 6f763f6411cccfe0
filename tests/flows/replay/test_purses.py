"""What accounts have under a draft."""

from dataclasses import replace

from engine.core.cdr import CallRecord
from engine.flows.replay.purses import Purses
from engine.flows.replay.rules import Outcome
from tests.ports.ledger.books import answered_call, refused_call

CALL = answered_call("c1", "a1", micros=4_000_000)


def _outcome(charge_micros: int, currency: str = "EUR") -> Outcome:
    return Outcome(service="beratung", currency=currency, charge_micros=charge_micros)


def _left(purses: Purses, account_id: str, call: CallRecord = CALL) -> int | None:
    return purses.money_micros(replace(call, account_id=account_id), 1_000_000)


def test_an_account_had_what_was_left_and_what_was_charged() -> None:
    purses = Purses()
    assert purses.money_micros(CALL, 1_000_000) == 5_000_000
    assert purses.money_micros(CALL, -1_000_000) == 4_000_000
    assert purses.money_micros(CALL, None) is None
    assert purses.money_micros(refused_call("c2"), 1_000_000) is None


def test_who_was_let_in_had_the_first_increment() -> None:
    # 60 s of a free minute, and the fee of 0.15.
    assert Purses().money_micros(replace(CALL, charge_micros=0), 0) == 150_000


def test_what_the_draft_took_more_is_gone_and_what_it_took_less_is_left() -> None:
    purses = Purses()
    purses.take(CALL, _outcome(4_700_000))
    assert (_left(purses, "a1"), _left(purses, "a2")) == (4_300_000, 5_000_000)
    purses.take(CALL, _outcome(9_000_000, "CHF"))
    purses.take(CALL, _outcome(3_000_000))
    assert _left(purses, "a1") == 5_300_000
    purses.take(CALL, _outcome(99_000_000))
    assert _left(purses, "a1") == 0


def test_accounts_are_kept_that_were_charged_last() -> None:
    purses = Purses(most=2)
    for account_id in ("a1", "a2", "a1", "a3"):
        purses.take(replace(CALL, account_id=account_id), _outcome(4_100_000))
    assert [_left(purses, one) for one in ("a1", "a2", "a3")] == [4_800_000, 5_000_000, 4_900_000]
