"""Placing verification calls: judged once more, counted under every limit, then dialled.

`run` looks for what is due: another try after busy or no answer, a call asked for again, a life
that is over, a call that was lost with its engine. Every engine looks; the version of a
verification decides who is first.
"""

import structlog

from engine.core.inventory import Inventory, Merchant
from engine.core.verification import Rejection, Status, Verification, call_id_of
from engine.errors import CallerError, EngineError
from engine.flows.calls import Calls
from engine.flows.errands import House
from engine.flows.machines.verification import VerificationMachine
from engine.flows.verification.rehearsing import Rehearsing
from engine.flows.verification.sessions import WINDOW_MS, Sessions
from engine.ports.limits import Limit, Limits, Use
from engine.verification import machine, session
from engine.verification.rules import Rejected, judge
from engine.verification.session import Unfit

LOOK_EVERY_MS = 500
DUE_MOST = 100

log = structlog.get_logger(__name__)


class Placing:
    """Places the calls of verifications on this engine."""

    def __init__(self, house: House, calls: Calls, sessions: Sessions, limits: Limits) -> None:
        self._house = house
        self._calls = calls
        self._sessions = sessions
        self._limits = limits
        self._machine = VerificationMachine()
        self._rehearsing = Rehearsing(sessions, house.clock)

    async def run(self) -> None:
        """Look for what is due, for ever."""
        try:
            while True:
                try:
                    await self.look()
                except EngineError as error:
                    log.warning("verifications.not_looked_at", error=str(error))
                await self._house.clock.sleep(LOOK_EVERY_MS)
        finally:
            await self._rehearsing.stop()

    async def look(self) -> None:
        """See to every verification that is due now."""
        due = await self._sessions.verifications.due(self._now_ms(), DUE_MOST)
        for verification in due:
            if verification.status is Status.QUEUED and self._now_ms() < verification.expires_ms:
                await self._next_call(verification)
            else:
                await self._sessions.change(
                    verification.verification_id,
                    lambda was: session.overdue(was, self._now_ms()),
                )

    async def _next_call(self, verification: Verification) -> None:
        """Place the next call, unless another engine was faster."""
        admitted = await self.admitted(verification)

        def decide(was: Verification) -> Verification | Unfit:
            if was.version != verification.version:
                return Unfit("changed")
            return admitted

        became = await self._sessions.change(verification.verification_id, decide)
        if not isinstance(became, Unfit):
            self.dial(became)

    async def admitted(self, was: Verification) -> Verification:
        """The verification with its next call being placed; blocked or rejected if it must not.

        `RemoteError` where the calls cannot be counted: then none is placed.
        """
        now_ms = self._now_ms()
        merchant = self._inventory.merchant(was.merchant)
        if merchant is None:
            return session.blocked(was, "no_merchant", now_ms)
        if was.test:
            return session.placed(was, now_ms)
        judged = judge(was.e164 or "", merchant)
        if isinstance(judged, Rejected):
            return session.rejected(was, judged.kind, now_ms)
        if judged.e164 != was.e164:
            return session.rejected(was, Rejection.INVALID, now_ms)
        share = merchant.limits
        forbidden = await self._limits.admit(
            call_id_of(was.verification_id, was.calls + 1),
            self._limits_of(was, merchant),
            self._sessions.breakers(was, share.window, share.share_percent),
        )
        if forbidden is not None:
            log.info("verification.blocked", limit=forbidden, merchant=merchant.name)
            return session.blocked(was, forbidden, now_ms)
        return session.placed(was, now_ms)

    def dial(self, verification: Verification) -> None:
        """Begin the call of a verification that is being called, and was written down as such; a
        test's is only told."""
        if verification.test and verification.status is Status.CALLING:
            self._rehearsing.begin(verification)
            return
        merchant = self._inventory.merchant(verification.merchant)
        trunk = self._inventory.trunk(merchant.trunk) if merchant is not None else None
        if verification.status is not Status.CALLING or merchant is None or trunk is None:
            return
        call = machine.begin(verification, merchant, trunk, self._now_ms())
        self._calls.place(self._machine, call)

    async def use(self, merchant: Merchant) -> Use:
        """How what limits a merchant's calls stands: those of all, and whether enough proved."""
        share = merchant.limits
        breaker = self._sessions.merchant_breaker(merchant.name, share.window, share.share_percent)
        return await self._limits.use(_limits_of_all(merchant), (breaker,))

    async def use_by(self, was: Verification) -> Use:
        """How what limits calls to a verification's number stands; `CallerError` if its merchant
        is none any more."""
        merchant = self._inventory.merchant(was.merchant)
        if merchant is None:
            raise CallerError("there is no such merchant", "merchant")
        share = merchant.limits
        breakers = self._sessions.breakers(was, share.window, share.share_percent)
        return await self._limits.use(self._limits_of(was, merchant), breakers)

    def _limits_of(self, was: Verification, merchant: Merchant) -> tuple[Limit, ...]:
        most, keys = merchant.limits, self._sessions.codes
        counted = (
            ("per_number", keys.key("number", was.e164 or ""), most.per_number),
            ("per_address", was.address_key, most.per_address),
            ("per_prefix", self._sessions.prefix_key(was), most.per_prefix),
        )
        its_own = (Limit(name, key, number, WINDOW_MS) for name, key, number in counted if key)
        return (*its_own, *_limits_of_all(merchant))

    @property
    def _inventory(self) -> Inventory:
        return self._house.inventory()

    def _now_ms(self) -> int:
        return self._house.clock.now().wall_ms


def _limits_of_all(merchant: Merchant) -> tuple[Limit, ...]:
    """The limits of the merchant's calls together, and of everybody's."""
    most = merchant.limits
    return (
        Limit("per_merchant", f"merchant:{merchant.name}", most.per_merchant, WINDOW_MS),
        Limit("in_all", "all", most.in_all, WINDOW_MS),
    )
