"""Which steps of the first day are done."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.cdr import CallRecord
from engine.core.identity import Vouched
from engine.core.inventory import Agent, Inventory, Trunk
from engine.core.number import NumberFormat
from engine.core.probe import ProbePlan
from engine.flows.first_day.rules import Found, State, Step, proposed_trust, steps
from tests.flows.world import service
from tests.ports.ledger.books import answered_call

TRUNK = Trunk(name="carrier", host="192.0.2.1", number_format=NumberFormat.E164_PLUS)
LINES = Inventory(version=1, trunks=(TRUNK,), agents=(Agent(name="anna", organisation="acme"),))
NOTHING = Found(standing={}, calls=(), reached={}, silent=(), paid={}, balances=0)
ASSERTED = "<sip:+493023125111@carrier.example>"
FROM = '"x" <sip:+493023125111@carrier.example>;tag=a8f3'


def _by_key(found: Found) -> dict[str, Step]:
    return {step.key: step for step in steps(LINES, found)}


def _call(received: str, **values: Any) -> CallRecord:
    whole = {"withheld": False, **values}
    return replace(
        answered_call("c1", "a1"),
        trunk="carrier",
        received_identity=received,
        e164="+493023125111",
        **whole,
    )


def test_nothing_is_done_that_was_not_seen() -> None:
    found = _by_key(NOTHING)
    assert {key for key, step in found.items() if step.state is State.DONE} == {"prompts"}
    assert found["trunks"].told == (("away", "carrier"),)
    awaited = _by_key(replace(NOTHING, standing=None, is_asking=True))
    assert awaited["trunks"].state is awaited["phones"].state is State.ASKING
    assert found["probing"].state is State.OPEN
    unseen = _by_key(replace(NOTHING, standing=None))
    assert unseen["trunks"].state is unseen["phones"].state is State.UNKNOWN


def test_trunks_phones_money_and_prompts() -> None:
    found = _by_key(
        replace(
            NOTHING,
            standing={"trunk-carrier": True, "agent-anna": True},
            silent=("de/tariff",),
            paid={"web": True},
            balances=1,
        )
    )
    for key in ("trunks", "phones", "payment", "balance"):
        assert found[key].state is State.DONE
    assert found["prompts"] == Step("prompts", State.OPEN, (("prompt", "de/tariff"),))


def test_a_service_has_a_number_when_it_was_called_at_one() -> None:
    lines = replace(LINES, services=(service(), service(name="tarot", dids=("+493023125001",))))

    def numbers(reached: dict[str, str | None]) -> Step:
        found = {step.key: step for step in steps(lines, replace(NOTHING, reached=reached))}
        return found["numbers"]

    first, name = lines.services[0].dids[0], lines.services[0].name
    one = numbers({name: first, "tarot": None})
    assert one.state is State.OPEN
    assert one.told == (("unreached", "tarot: +493023125001"), ("reached", f"{name}: {first}"))
    assert numbers({name: first, "tarot": "+493023125001"}).state is State.DONE
    assert numbers({}).state is State.OPEN


def test_every_profile_that_takes_payments_must_have_had_one() -> None:
    some = _by_key(replace(NOTHING, paid={"web": True, "shop": False}))["payment"]
    assert some == Step("payment", State.OPEN, (("paid", "web"), ("unpaid", "shop")))


def test_numbers_are_probed_once_a_plan_says_so() -> None:
    probing = (ProbePlan(trunk="carrier", show_number="+493023125100"),)
    found = {step.key: step for step in steps(replace(LINES, probing=probing), NOTHING)}
    assert found["probing"].state is State.DONE
    assert found["probing"].told == (("a_day", "2057"),)


def test_a_call_that_nobody_vouches_for_proposes_what_to_trust() -> None:
    by_from = _by_key(replace(NOTHING, calls=[_call(FROM, verified=False, line="other")]))
    assert by_from["landline"].state is State.OPEN
    assert ("propose", "from") in by_from["landline"].told
    assert by_from["mobile"].told == ()
    asserted = _by_key(replace(NOTHING, calls=[_call(ASSERTED, verified=True)]))
    assert asserted["landline"].state is State.DONE
    assert ("caller", "+493023125xxx") in asserted["landline"].told
    assert "propose" not in dict(asserted["landline"].told)


def test_a_withheld_number_is_not_shown() -> None:
    found = _by_key(replace(NOTHING, calls=[_call(ASSERTED, verified=True, withheld=True)]))
    assert ("caller", "") in found["landline"].told
    assert not any("3023125" in value for _, value in found["landline"].told)


@pytest.mark.parametrize(
    ("received", "trust"),
    [(ASSERTED, Vouched.PAI), (FROM, Vouched.FROM), ("", Vouched.NOTHING),
     ("<sip:anonymous@anonymous.invalid>;tag=12345", Vouched.NOTHING)],
)  # fmt: skip
def test_what_came_in_says_what_to_trust(received: str, trust: Vouched) -> None:
    assert proposed_trust(received) is trust
