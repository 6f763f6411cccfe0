"""A premium call driven step by step without an event loop: outcomes wait until they are delivered.

`Driver` answers what the machine orders as a house would (a store of its own, agents, a switch),
but lets the test choose which outcome comes next, twice, late or never.
"""

from dataclasses import dataclass, field, replace

import msgspec

from engine.core import actions as a
from engine.core import events as e
from engine.core.call import Now
from engine.core.cdr import CallRecord
from engine.core.identity import SignalledIdentity
from engine.core.inventory import (
    Agent,
    BillingProfile,
    HuntGroup,
    Inventory,
    Service,
    Strategy,
    Trunk,
)
from engine.core.money import Rounding
from engine.core.number import NumberFormat
from engine.core.tariff import BillingStart, Increment, StartsFrom, Tariff
from engine.errors import ConflictError
from engine.ports.store import Reservation, StorePosting
from engine.premium import machine
from engine.premium.call import PremiumCall, State
from tests.fakes.valkey import StoreData

START_MS = 1_795_300_000_000
CALLER = "call1"
NUMBER = "+493023125100"


def tariff_of(**changes: object) -> Tariff:
    """0.60 a minute by the second from the start of the conversation, unless changed."""
    fields: dict[str, object] = {
        "currency": "EUR",
        "landline_micros": 600_000,
        "mobile_micros": 600_000,
        "other_micros": 600_000,
        "increment": Increment(1, 1),
        "billing_start": BillingStart(StartsFrom.CONVERSATION),
        "connect_fee_micros": 0,
        "first_call": None,
        "max_call_minutes": 60,
        "rounding": Rounding(),
    }
    return Tariff(**{**fields, **changes})  # type: ignore[arg-type]  # checked by the dataclass


def stock_of(
    agents: tuple[Agent, ...] = (), *, early_media: bool = True, **service: object
) -> Inventory:
    """One service with two agents who ring together."""
    people = agents or tuple(Agent(name=name, organisation="acme") for name in ("a1", "a2"))
    names = tuple(agent.name for agent in people)
    fields: dict[str, object] = {
        "name": "line", "organisation": "acme", "dids": ("+493023125000",), "profile": "p",
        "tariff": tariff_of(), "group": "g", "guard": "none", "caller_list": "new",
    }  # fmt: skip
    return Inventory(
        version=1,
        trunks=(
            Trunk(
                name="t", host="127.0.0.1", number_format=NumberFormat.E164_PLUS,
                early_media=early_media,
            ),
        ),
        agents=people,
        groups=(
            HuntGroup(name="g", organisation="acme", agents=names, strategy=Strategy.ALL),
        ),
        profiles=(BillingProfile(name="p", organisation="acme", currency="EUR"),),
        services=(Service(**{**fields, **service}),),  # type: ignore[arg-type]  # checked by the dataclass
    )  # fmt: skip


@dataclass
class Driver:
    """The call, the world's answers that wait for delivery, and what there is to watch over."""

    inventory: Inventory
    balance_micros: int = 500_000
    wall_ms: int = START_MS
    waiting: list[e.Event] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    standing: set[str] = field(default_factory=lambda: {CALLER})
    dialled: dict[str, str] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)
    bridged: dict[str, str] = field(default_factory=dict)
    facts: dict[str, e.LegFacts] = field(default_factory=dict)
    records: list[CallRecord] = field(default_factory=list)
    offers: int = 0
    seen: set[State] = field(default_factory=set)
    steps: int = 0

    def __post_init__(self) -> None:
        self.store = StoreData(lambda: self.wall_ms)
        self.store.seed("acc", "EUR", self.balance_micros, 1, 0)
        self.facts[CALLER] = e.LegFacts(CALLER, alive=True)
        arrived = e.CallArrived(
            at_ms=self.wall_ms,
            leg=CALLER,
            did="+493023125000",
            trunk="t",
            identity=SignalledIdentity(asserted=(f"<sip:{NUMBER}@t>",), from_user=NUMBER),
        )
        inventory = self.inventory
        self.call: PremiumCall = machine.begin(
            arrived, CALLER, inventory.services[0], inventory.trunks[0], inventory
        )
        self.take(arrived)

    # --- one step --------------------------------------------------------------------------

    def take(self, event: e.Event) -> None:
        """One event to the machine, from a snapshot that was written and read back."""
        now = Now(self.wall_ms, self.wall_ms - START_MS)
        before = msgspec.json.decode(msgspec.json.encode(self.call), type=PremiumCall)
        assert before == self.call
        after, actions = machine.step(before, event, now)
        again = machine.step(self.call, event, now)
        assert again == (after, actions), "a step is not the same from its snapshot"
        self.call = after
        self.steps += 1
        self.seen.add(after.state)
        for action in actions:
            self.carry_out(action)

    def deliver(self, number: int, *, keep: bool = False) -> None:
        """The `number`-th outcome that waits (counted around); it may wait on, to come again."""
        index = number % len(self.waiting)
        event = self.waiting[index] if keep else self.waiting.pop(index)
        self.take(event)

    def drop(self, number: int) -> None:
        """The `number`-th outcome is lost; answers of store and ledger are not lost silently."""
        event = self.waiting.pop(number % len(self.waiting))
        if isinstance(event, e.Reserved):
            self.take(e.MoneyUnreachable(at_ms=self.wall_ms, order="Reserve", step=event.step))
        elif isinstance(event, ANSWERS):
            self.waiting.append(event)

    def pass_time(self, ms: int) -> None:
        """Time goes on, at most to the next timer, which fires."""
        due = min(self.timers.items(), key=lambda item: item[1], default=None)
        if due is None or due[1] > self.wall_ms + ms:
            self.wall_ms += ms
            return
        name, at_ms = due
        self.wall_ms = max(self.wall_ms, at_ms)
        del self.timers[name]
        self.take(e.TimerFired(at_ms=self.wall_ms, name=name, due_ms=at_ms))

    def run(self, most: int = 2_000) -> None:
        """Deliver everything in order, and let time pass, until the call is finished."""
        for _ in range(most):
            if self.call.finished:
                return
            if self.waiting:
                self.deliver(0)
            else:
                self.pass_time(3_600_000)
        raise AssertionError(f"never finished, stands in {self.call.state}")

    # --- what parties do -------------------------------------------------------------------

    def end_leg(self, leg: str) -> None:
        """A leg ends: it leaves its bridge, and that is told."""
        if leg not in self.standing:
            return
        self.leave(leg)
        self.standing.discard(leg)
        answered = leg == CALLER or self.facts[leg].answered
        self.facts[leg] = replace(self.facts[leg], alive=False, ended_ms=self.wall_ms)
        event: e.Event = e.LegEnded(at_ms=self.wall_ms, leg=leg)
        if not answered:
            failure = e.LegFailure.NO_ANSWER
            event = e.LegFailed(at_ms=self.wall_ms, leg=leg, reason=failure)
        self.waiting.append(event)

    def leave(self, leg: str) -> None:
        bridge = self.bridged.pop(leg, None)
        if bridge is not None:
            self.facts[leg] = replace(self.facts[leg], left_ms=self.wall_ms)
            self.waiting.append(e.LegLeft(at_ms=self.wall_ms, leg=leg, bridge=bridge))

    def book(self, micros: int, hold_id: str | None = None) -> None:
        """Money is booked to or from the account."""
        seq = self.store.accounts["acc"].seq + 1
        self.store.apply(
            StorePosting(
                account_id="acc", currency="EUR", seq=seq, micros=micros, kind="credit",
                key=f"k{seq}", hold_id=hold_id,
            )
        )  # fmt: skip
        view = self.store.view("acc")
        assert view is not None
        credited = max(0, micros)
        self.waiting.append(
            e.BalanceChanged(at_ms=self.wall_ms, view=view, credited_micros=credited)
        )

    def adopt(self) -> None:
        """Another engine takes over: what waits is lost, timers too, and reality is compared."""
        lost = [event for event in self.waiting if isinstance(event, e.AgentsClaimed)]
        self.claimed -= {name for event in lost for name in event.agents}
        self.waiting = [event for event in self.waiting if isinstance(event, e.CallSettled)]
        self.timers.clear()
        call = self.call
        agents = (*call.ringing, *((call.agent,) if call.agent else ()))
        legs = (CALLER, *(agent.leg for agent in agents))
        facts = tuple(self.facts[leg] for leg in legs if leg in self.facts)
        view = self.store.view("acc")
        held = self.store.accounts["acc"].holds.get(CALLER)
        granted_n = held.granted_n if held else 0
        self.take(e.CallAdopted(at_ms=self.wall_ms, legs=facts, view=view, granted_n=granted_n))

    # --- orders ----------------------------------------------------------------------------

    def carry_out(self, action: a.Action) -> None:
        """What an order brings about, at once or as an outcome that waits."""
        now_ms = self.wall_ms
        match action:
            case a.SetTimer():
                self.timers[action.name] = action.at_ms
            case a.CancelTimer():
                self.timers.pop(action.name, None)
            case a.Answer(leg=leg):
                self.facts[leg] = replace(self.facts[leg], answered=True)
                self.waiting.append(e.LegAnswered(at_ms=now_ms, leg=leg))
            case a.Play() | a.Whisper():
                self.waiting.append(
                    e.PlaybackEnded(at_ms=now_ms, playback=action.playback, complete=True)
                )
                if action.leg != CALLER and "press_to_accept" in action.prompts[-1].name:
                    self.waiting.append(e.DigitPressed(at_ms=now_ms, leg=action.leg, digit="1"))
            case a.HangUp(leg=leg):
                self.end_leg(leg)
            case a.DialAgent(leg=leg):
                assert leg not in self.dialled, "a leg's id was used twice"
                self.dialled[leg] = action.agent
                self.standing.add(leg)
                self.facts[leg] = e.LegFacts(leg, alive=True, answered=True)
                self.waiting.append(e.LegAnswered(at_ms=now_ms, leg=leg))
            case a.Join():
                self._join(action)
            case a.Part():
                for leg in [leg for leg, b in self.bridged.items() if b == action.bridge]:
                    self.leave(leg)
            case _:
                self._answer(action)

    def _join(self, action: a.Join) -> None:
        for leg in action.legs:
            if leg in self.standing and self.bridged.get(leg) != action.bridge:
                self.bridged[leg] = action.bridge
                self.facts[leg] = replace(self.facts[leg], joined_ms=self.wall_ms, left_ms=None)
                joined = e.LegJoined(at_ms=self.wall_ms, leg=leg, bridge=action.bridge)
                self.waiting.append(joined)

    def _answer(self, action: a.Action) -> None:
        now_ms = self.wall_ms
        view = self.store.view("acc")
        assert view is not None
        match action:
            case a.FindAccount():
                self.waiting.append(e.AccountFound(at_ms=now_ms, view=view, returning=False))
            case a.ClaimFirstCall():
                self.offers += 1
                self.waiting.append(e.FirstCallSettled(at_ms=now_ms, granted=True))
            case a.ReturnFirstCall():
                self.offers = 0
            case a.Reserve():
                self._reserve(action)
            case a.CompareLegs():
                facts = tuple(self.facts[leg] for leg in action.legs)
                self.waiting.append(e.CallAdopted(at_ms=now_ms, legs=facts, view=None))
            case a.ClaimAgents():
                names = tuple(
                    name
                    for name in self.inventory.groups[0].agents
                    if name not in action.exclude and (not action.only or name in action.only)
                )
                self.claimed.update(names)
                self.waiting.append(e.AgentsClaimed(at_ms=now_ms, round=action.round, agents=names))
            case a.FreeAgent():
                self.claimed.discard(action.agent)
            case a.Settle():
                self._settle(action.record)

    def _reserve(self, action: a.Reserve) -> None:
        wish = Reservation(
            account_id="acc", call_id=CALLER, epoch=1, step=action.step, meter=action.meter,
            levels=action.levels, least=action.least,
        )  # fmt: skip
        try:
            granted = self.store.reserve(wish)
        except ConflictError:
            return
        self.waiting.append(
            e.Reserved(
                at_ms=self.wall_ms,
                step=action.step,
                granted_n=granted.granted_n,
                view=granted.view,
            )
        )

    def _settle(self, record: CallRecord) -> None:
        if not self.records:
            self.records.append(record)
            self.book(-record.charge_micros, CALLER)
        self.waiting.append(e.CallSettled(at_ms=self.wall_ms))


ANSWERS = (e.AccountFound, e.FirstCallSettled, e.AgentsClaimed, e.CallSettled, e.BalanceChanged)
