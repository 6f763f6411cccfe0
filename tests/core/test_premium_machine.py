"""The premium call's state table, and any sequence of events against it, without an event loop."""

import inspect
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import events as e
from engine.core.inventory import Agent, AgentKind, Inventory, OnAgentLost
from engine.core.rating import charge
from engine.core.tariff import BillingStart, FirstCall, Increment, StartsFrom
from engine.forwarding import machine as forwarding_machine
from engine.premium import machine
from engine.premium.call import PremiumCall, State, changed
from engine.tracking import machine as tracking_machine
from engine.verification import machine as verification_machine
from tests.core.premium_driver import CALLER, Driver, stock_of, tariff_of
from tests.flows.bills import quoted

TIMERS = sorted({key for _, key in {*machine.TRANSITIONS, *machine.COMMON} if isinstance(key, str)})
EVENTS = [kind for _, kind in inspect.getmembers(e, inspect.isclass) if issubclass(kind, e.Event)]


# --- the table ---------------------------------------------------------------------------------


def test_every_entry_of_the_table_names_a_state_an_event_and_a_handler() -> None:
    for (state, key), handler in {**machine.COMMON, **machine.TRANSITIONS}.items():
        assert isinstance(state, State)
        assert key in TIMERS or (isinstance(key, type) and issubclass(key, e.Event))
        assert len(inspect.signature(handler).parameters) == 2


def test_the_final_state_is_final() -> None:
    last_words = {e.AgentsClaimed}
    decided = {key for state, key in machine.TRANSITIONS if state is State.FINISHED}
    assert decided == set()
    assert {key for state, key in machine.COMMON if state is State.FINISHED} == last_words


def test_every_event_is_decided_about_or_ignored_by_some_machine() -> None:
    tables = (machine, verification_machine, forwarding_machine, tracking_machine)
    decided = {key for table in tables for _, key in {**table.COMMON, **table.TRANSITIONS}}
    ignored = {kind for table in tables for kind in table.IGNORED}
    assert set(EVENTS) - {e.Event, e.CallAdopted} <= decided | ignored


def test_every_state_is_reached() -> None:
    seen: set[State] = set()
    for stock, balance in (
        (stock_of(tariff=tariff_of(first_call=FirstCall(0, 1)), on_agent_lost="next"), 500_000),
        (stock_of(), 0),
    ):
        driver = Driver(stock, balance)
        driver.run()
        seen |= driver.seen
    pin = stock_of(pin_entry=True)
    driver = Driver(pin)
    # States that are left in the step that enters them, and the one for callers by keypad.
    assert set(State) - seen - driver.seen <= {State.ARRIVED, State.LEAVING, State.ENTERING}
    assert {state for state, _ in machine.TRANSITIONS} | {State.LEAVING, State.FINISHED} == set(
        State
    )


def test_changed_is_replace() -> None:
    call = Driver(stock_of()).call
    assert changed(call, {"round": 2, "tried": ("a1",)}) == replace(call, round=2, tried=("a1",))
    with pytest.raises(KeyError):
        changed(call, {"rund": 2})


# --- any sequence ------------------------------------------------------------------------------

STOCKS: list[Inventory] = [
    stock_of(
        early_media=early_media,
        agents=(
            Agent(name="a1", organisation="acme", kind=kind),
            Agent(name="a2", organisation="acme"),
        ),
        on_agent_lost=on_lost,
        thresholds_s=(120, 30),
        tariff=tariff_of(
            increment=increment,
            billing_start=BillingStart(origin, after_s),
            first_call=FirstCall(100_000, 1),
            connect_fee_micros=70_000,
        ),
    )
    for early_media, kind, on_lost, increment, (origin, after_s) in product(
        (True, False),
        list(AgentKind),
        list(OnAgentLost),
        (Increment(1, 1), Increment(60, 60)),
        ((StartsFrom.CONVERSATION, 0), (StartsFrom.CONVERSATION, 10), (StartsFrom.ANNOUNCEMENT, 5)),
    )
]

LEGS = st.sampled_from([CALLER, *(f"{CALLER}-a{n}" for n in range(1, 12)), "stranger"])
IDS = st.builds(lambda kind, n: f"{CALLER}-{kind}{n}", st.sampled_from("abp"), st.integers(0, 30))
ORDERS = st.sampled_from(
    ["Reserve", "ClaimAgents", "DialAgent", "Join", "Answer", "Part", "WatchAccount", "Play"]
)


def strange(at_ms: int, view: object) -> st.SearchStrategy[e.Event]:
    """Events that nobody has caused: of other times, legs, playbacks and orders."""
    at = st.integers(at_ms - 100_000, at_ms + 1_000)
    return st.one_of(
        st.builds(e.LegAnswered, at_ms=at, leg=LEGS),
        st.builds(e.LegRinging, at_ms=at, leg=LEGS),
        st.builds(e.LegFailed, at_ms=at, leg=LEGS, reason=st.sampled_from(list(e.LegFailure))),
        st.builds(e.LegJoined, at_ms=at, leg=LEGS, bridge=IDS),
        st.builds(e.LegLeft, at_ms=at, leg=st.just("stranger"), bridge=IDS),
        st.builds(e.PlaybackEnded, at_ms=at, playback=IDS, complete=st.booleans()),
        st.builds(e.PromptStarted, at_ms=at, playback=IDS, nth=st.integers(0, 5)),
        st.builds(e.DigitPressed, at_ms=at, leg=LEGS, digit=st.sampled_from("0123456789*#")),
        st.builds(e.OrderFailed, at_ms=at, order=ORDERS, target=LEGS, reason=st.just("")),
        st.builds(e.MoneyUnreachable, at_ms=at, order=ORDERS, step=st.integers(0, 9)),
        st.builds(e.TimerFired, at_ms=at, name=st.sampled_from(TIMERS), due_ms=at),
        st.builds(e.Reserved, at_ms=at, step=st.integers(-9, 0), granted_n=st.integers(0, 99),
                  view=st.just(view)),
        st.builds(e.AgentsClaimed, at_ms=at, round=st.just(99), agents=st.just(())),
        st.builds(e.FirstCallSettled, at_ms=at, granted=st.booleans()),
    )  # fmt: skip


MOVES = st.sampled_from(
    ["deliver"] * 12 + ["twice"] * 3 + ["drop"] * 2 + ["time"] * 6
    + ["strange"] * 3 + ["credit", "debit", "leg", "adopt", "caller", "operator"]
)  # fmt: skip


def play(driver: Driver, data: st.DataObject, moves: int) -> None:
    """Random moves; whatever they are, no step raises and money stays within what is held."""
    for _ in range(moves):
        if driver.call.finished:
            return
        one_move(driver, data)
        assert_within_hold(driver)


def one_move(driver: Driver, data: st.DataObject) -> None:
    move = data.draw(MOVES)
    which = data.draw(st.integers(0, 7)) if move in ("deliver", "twice", "drop") else 0
    match move:
        case "deliver" | "twice" if driver.waiting:
            driver.deliver(which, keep=move == "twice")
        case "drop" if driver.waiting:
            driver.drop(which)
        case "credit":
            driver.book(data.draw(st.integers(1, 900_000)))
        case "debit":
            driver.book(-data.draw(st.integers(1, 300_000)))
        case "leg" if len(driver.standing) > 1:
            others = sorted(driver.standing - {CALLER})
            driver.end_leg(others[which % len(others)])
        case "caller":
            driver.end_leg(CALLER)
        case "adopt":
            driver.adopt()
        case "operator":
            driver.take(e.EndOrdered(at_ms=driver.wall_ms, reason="by an operator"))
        case "strange":
            view = driver.store.view("acc")
            driver.take(data.draw(strange(driver.wall_ms, view)))
        case _:
            driver.pass_time(data.draw(st.sampled_from([1, 50, 1_000, 20_000, 200_000])))


def assert_within_hold(driver: Driver) -> None:
    """What the call believes to be granted is held, and that covers what it will be charged."""
    call = driver.call
    held = driver.store.accounts["acc"].holds.get(CALLER)
    if call.meter is None or driver.records:
        return
    held_micros = held.micros if held else 0
    assert charge(call.meter.rate, call.meter.granted_n) <= held_micros
    stopped = call.meter.stopped(driver.wall_ms)
    assert charge(call.meter.rate, stopped.begun_n(driver.wall_ms)) <= held_micros


BEGINNINGS = st.sampled_from(
    [
        State.FINDING, State.ANNOUNCING, State.HUNTING, State.BRIEFING, State.JOINING,
        State.TALKING, State.TALKING, State.CLOSING, State.HOLDING,
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(STOCKS), BEGINNINGS, st.data())
def test_whatever_happens_the_call_ends_clean(
    stock: Inventory, beginning: State, data: st.DataObject
) -> None:
    least = 0 if beginning is State.FINDING else 800_000
    driver = Driver(stock, data.draw(st.integers(least, least + 1_500_000)))
    run_to(driver, beginning)
    play(driver, data, data.draw(st.integers(0, 40)))
    driver.end_leg(CALLER)
    if not driver.call.finished:
        driver.take(e.LegEnded(at_ms=driver.wall_ms, leg=CALLER))
    driver.run()
    while driver.waiting:
        driver.deliver(0)
    assert_clean(driver)


def assert_clean(driver: Driver) -> None:
    """Nothing is left, and the one record is what was booked."""
    (record,) = driver.records
    assert driver.standing == set()
    assert driver.store.accounts["acc"].holds == {}
    assert driver.claimed == set()
    assert record.rate is None or int(quoted(record)["charged_seconds"]) == record.charged_s
    if record.charged_s == 0:
        assert record.charge_micros == 0
        assert driver.offers == 0
    if record.joined_ms is None:
        assert record.charge_micros == 0


# --- orders of the same events -----------------------------------------------------------------


def in_talk(stock: Inventory) -> Driver:
    """A call whose two have just been told to join."""
    driver = Driver(stock)
    while driver.call.state is not State.JOINING:
        driver.deliver(0) if driver.waiting else driver.pass_time(60_000)
    return driver


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 40_000),
    st.permutations(["answered", "joined caller", "joined agent"]),
    st.permutations(["left caller", "left agent", "ended agent"]),
    st.lists(st.integers(0, 6), max_size=12),
)
def test_the_same_instants_give_the_same_charge_in_any_order_and_however_often(
    talk_ms: int, first: list[str], last: list[str], doubled: list[int]
) -> None:
    """Both joined at one instant and parted at another: order and number change nothing."""
    driver = in_talk(stock_of())
    call = driver.call
    assert call.agent is not None
    agent, bridge, began_ms = call.agent.leg, call.bridge, driver.wall_ms
    ended_ms = began_ms + talk_ms
    driver.waiting = [event for event in driver.waiting if isinstance(event, e.Reserved)]
    told: dict[str, e.Event] = {
        "answered": e.LegAnswered(at_ms=began_ms, leg=CALLER),
        "joined caller": e.LegJoined(at_ms=began_ms, leg=CALLER, bridge=bridge),
        "joined agent": e.LegJoined(at_ms=began_ms, leg=agent, bridge=bridge),
        "left caller": e.LegLeft(at_ms=ended_ms, leg=CALLER, bridge=bridge),
        "left agent": e.LegLeft(at_ms=ended_ms, leg=agent, bridge=bridge),
        "ended agent": e.LegEnded(at_ms=ended_ms, leg=agent),
    }
    again = [list(told)[n % len(told)] for n in doubled]
    for number, name in enumerate(first):
        driver.take(told[name])
        for twice in again[number::3]:
            if twice in first[: number + 1]:
                driver.take(told[twice])
    while driver.waiting:
        driver.deliver(0)
    while driver.wall_ms < ended_ms:
        driver.pass_time(ended_ms - driver.wall_ms)
        while driver.waiting:
            driver.deliver(0)
    for name in last:
        driver.take(told[name])
        driver.take(told[name])
    driver.take(e.LegEnded(at_ms=ended_ms, leg=CALLER))
    driver.run()
    (record,) = driver.records
    assert record.talk_ms == talk_ms
    assert record.charged_s == max(1, talk_ms // 1000)


@pytest.mark.parametrize("state", [s for s in State if s not in (State.ARRIVED, State.LEAVING)])
def test_adoption_in_every_state_goes_on(state: State) -> None:
    """A snapshot of any state, taken over, still comes to its end and costs what was talked."""
    for stock in STOCKS[::5]:
        driver = Driver(stock, 0 if state is State.REFUSING else 500_000)
        reached = run_to(driver, state)
        if not reached:
            continue
        driver.adopt()
        driver.run()
        while driver.waiting:
            driver.deliver(0)
        assert_clean(driver)


def run_to(driver: Driver, state: State) -> bool:
    """Run until a state is reached; False if this call never does."""
    for _ in range(500):
        if driver.call.state is state:
            return True
        if driver.call.finished:
            return False
        driver.deliver(0) if driver.waiting else driver.pass_time(3_600_000)
    return False


def test_a_snapshot_names_no_type_that_json_cannot_hold() -> None:
    """Every field of the call survives being written and read, as the driver checks each step."""
    driver = Driver(stock_of())
    driver.run()
    assert isinstance(driver.call, PremiumCall)
    assert driver.steps > 10
