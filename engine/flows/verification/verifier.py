"""Verifications as an interface asks for them: create, watch, check, call again, cancel.

A number that cannot be right is told to the form, with what was probably meant, where the merchant
lets it be corrected; else, and for foreign and service numbers, a verification is written down that
is over at once. Every other number is called at once.
"""

import hashlib
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from engine.core.events import EndOrdered
from engine.core.inventory import Merchant, OnInvalid
from engine.core.verification import Mode, Rejection, Verification, call_id_of
from engine.errors import CallerError
from engine.flows.calls import Calls
from engine.flows.errands import House
from engine.flows.verification.placing import Placing
from engine.flows.verification.sessions import Checked, Sessions
from engine.ports.limits import Limits, Use
from engine.ports.verifications import VerificationFilter
from engine.verification import rehearsal, session
from engine.verification.rules import Dialable, Rejected, judge
from engine.verification.session import Unfit

REFERENCE_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A number to be verified. `to` is what was typed; `address` is the network address that asks
    for it, "" if the merchant's own server does. What is wished twice under one `key` is begun
    once. A `test` calls nobody (`engine.verification.rehearsal`)."""

    organisation: str
    merchant: str
    to: str
    mode: Mode
    lang: str
    reference: str = ""
    address: str = ""
    key: str = ""
    test: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """A verification. `code` is for the form to show, where it is to be keyed in; `rejected` says
    what is wrong with a number that is not called."""

    verification: Verification
    code: str | None = None
    rejected: Rejected | None = None


class Verifier:
    """What an interface speaks to; `run` is to be running beside it."""

    def __init__(self, house: House, calls: Calls, sessions: Sessions, limits: Limits) -> None:
        self._house = house
        self._calls = calls
        self._sessions = sessions
        self._placing = Placing(house, calls, sessions, limits)

    async def run(self) -> None:
        """See to what is due, for ever."""
        await self._placing.run()

    async def create(self, wish: Wish) -> Created | Rejected:
        """Begin a verification and place its first call.

        `Rejected`: nothing was begun, and the form may let the number be corrected. `CallerError`
        with the field for what the merchant does not have; `RemoteError` if calls cannot be counted
        or written down now: then none is placed.
        """
        merchant = self._merchant(wish)
        if wish.key and (known := await self.read(wish.organisation, _id_of(wish.key))):
            return Created(known, self.shown_code(known))
        judged = _judged(wish, merchant)
        if isinstance(judged, Rejected):
            if judged.kind is Rejection.INVALID and merchant.on_invalid is OnInvalid.CORRECT:
                return judged
            drawn = self._drawn(wish, merchant, None)
            refused = session.rejected(drawn, judged.kind, self._now_ms())
            await self._sessions.begin(refused)
            return Created(refused, rejected=judged)
        begun = await self._placing.admitted(self._drawn(wish, merchant, judged.e164))
        await self._sessions.begin(begun)
        self._placing.dial(begun)
        return Created(begun, self.shown_code(begun))

    def shown_code(self, verification: Verification) -> str | None:
        """The code that the form shows, while it can be keyed in; None where it is spoken."""
        is_shown = verification.mode is Mode.KEYPAD and not verification.finished
        return self._sessions.codes.code(verification) if is_shown else None

    async def read(self, organisation: str | None, verification_id: str) -> Verification | None:
        """The verification with this id, if it is the organisation's; whosever it is, for None."""
        found = await self._sessions.verifications.verification(verification_id)
        is_theirs = found is not None and organisation in (None, found.organisation)
        return found if is_theirs else None

    async def listed(self, wanted: VerificationFilter) -> Sequence[Verification]:
        """An organisation's verifications, newest first."""
        return await self._sessions.verifications.verifications(wanted)

    async def use(self, merchant: Merchant) -> Use:
        """How what limits a merchant's calls stands; `RemoteError` if the store does not answer."""
        return await self._placing.use(merchant)

    async def use_by(self, verification: Verification) -> Use:
        """How what limits calls to a verification's number stands; raises as `use`, `CallerError`
        if its merchant is none any more."""
        return await self._placing.use_by(verification)

    async def consume(self, verification_id: str, by: str) -> bool:
        """Have the token of a proved number used up; False if another than `by` did before."""
        return await self._sessions.verifications.consume(verification_id, by)

    def watch(self, verification_id: str) -> AsyncIterator[Verification]:
        """The verification now and whenever it has changed, until it is final."""
        return self._sessions.watch(verification_id)

    async def check(self, organisation: str, verification_id: str, code: str) -> Checked:
        """Compare the code that was typed into the form; `CallerError` if there is none such."""
        await self._of(organisation, verification_id)
        return await self._sessions.check(verification_id, code, Mode.SPEAK)

    async def call_again(self, organisation: str, verification_id: str) -> Verification | Unfit:
        """Call once more now, with the same code."""
        await self._of(organisation, verification_id)
        became = await self._sessions.change(
            verification_id, lambda was: session.again(was, self._now_ms())
        )
        await self._placing.look()
        return became

    async def cancel(self, organisation: str, verification_id: str) -> Verification | Unfit:
        """End a verification that is wanted no more.

        Its call ends at once where this engine has it; another engine's asks nothing more once it
        is answered.
        """
        await self._of(organisation, verification_id)
        became = await self._sessions.change(
            verification_id, lambda was: session.cancelled(was, self._now_ms())
        )
        if not isinstance(became, Unfit):
            over = EndOrdered(at_ms=self._now_ms(), reason="the verification was cancelled")
            await self._calls.tell(call_id_of(verification_id, became.calls), over)
        return became

    async def _of(self, organisation: str, verification_id: str) -> None:
        if await self.read(organisation, verification_id) is None:
            raise CallerError("there is no such verification", "verification_id")

    def _merchant(self, wish: Wish) -> Merchant:
        merchant = self._house.inventory().merchant(wish.merchant)
        if merchant is None or merchant.organisation != wish.organisation:
            raise CallerError("there is no such merchant", "merchant")
        if wish.mode not in merchant.modes:
            raise CallerError(f"must be one of {', '.join(merchant.modes)}", "mode")
        if wish.lang not in merchant.languages:
            raise CallerError(f"must be one of {', '.join(merchant.languages)}", "lang")
        if len(wish.reference) > REFERENCE_MOST:
            raise CallerError(f"must have at most {REFERENCE_MOST} characters", "reference")
        return merchant

    def _drawn(self, wish: Wish, merchant: Merchant, e164: str | None) -> Verification:
        """A new verification, not called yet."""
        codes, now_ms = self._sessions.codes, self._now_ms()
        return Verification(
            verification_id=_id_of(wish.key) if wish.key else uuid.uuid4().hex,
            organisation=merchant.organisation,
            merchant=merchant.name,
            reference=wish.reference,
            e164=e164,
            mode=wish.mode,
            lang=wish.lang,
            address_key=codes.key("address", wish.address) if wish.address else "",
            seed=codes.seed(),
            code_digits=merchant.code_digits,
            retry_after_s=merchant.retry_after_s,
            currency=merchant.currency,
            rate=merchant.rate,
            created_ms=now_ms,
            expires_ms=now_ms + merchant.lifetime_s * 1000,
            tries_left=merchant.tries,
            calls_left=merchant.calls,
            test=wish.test,
        )

    def _now_ms(self) -> int:
        return self._house.clock.now().wall_ms


def _id_of(key: str) -> str:
    """The id of the verification that is begun under a key."""
    return hashlib.sha256(f"verification:{key}".encode()).hexdigest()[:32]


def _judged(wish: Wish, merchant: Merchant) -> Dialable | Rejected:
    """Whether the number may be called; a test takes its own numbers, and no other that may be."""
    if not wish.test:
        return judge(wish.to, merchant)
    if e164 := rehearsal.number_of(wish.to, merchant.region):
        return Dialable(e164)
    judged = judge(wish.to, merchant)
    if isinstance(judged, Dialable):
        raise CallerError("must be a number of the test mode", "to")
    return judged
