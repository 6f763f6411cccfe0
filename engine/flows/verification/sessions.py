"""What verifications become, written down: each change is decided purely and saved by its version.

Whoever finds that another was faster decides anew on what is there now. Whatever changes is told to
those who watch here at once; on another engine they look again every `LOOK_EVERY_MS`.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import structlog

from engine.core.verification import CallNews, Mode, Status, Verification
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.measures import verified
from engine.flows.verification.codes import Codes
from engine.ports.clock import Clock
from engine.ports.limits import Breaker, Limits
from engine.ports.metrics import UNMEASURED, Metrics
from engine.ports.verifications import Verifications
from engine.verification import session
from engine.verification.rules import prefix_of
from engine.verification.session import Unfit

CHANGES_MOST = 20
CHANGE_BYTES = 8
LOOK_EVERY_MS = 1_000
WINDOW_MS = 3_600_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a code came to: `refused` says why it was not even compared."""

    fits: bool
    tries_left: int
    verification: Verification
    refused: str = ""


class Sessions:
    """All verifications, as calls and interfaces change them."""

    def __init__(
        self,
        verifications: Verifications,
        limits: Limits,
        codes: Codes,
        clock: Clock,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self.verifications = verifications
        self.codes = codes
        self._limits = limits
        self._clock = clock
        self._metrics = metrics
        self._changed: dict[str, asyncio.Event] = {}

    async def begin(self, verification: Verification) -> None:
        """Write a new one down."""
        await self.verifications.add(verification)
        await self._note(verification)

    async def known(self, verification_id: str) -> Verification:
        """The verification with this id; `CallerError` if there is none."""
        found = await self.verifications.verification(verification_id)
        if found is None:
            raise CallerError("there is no such verification", "verification_id")
        return found

    async def told(self, news: CallNews) -> Verification:
        """Take a call's news; the verification as it is then."""
        return await self._change(news.verification_id, lambda was: session.told(was, news), "told")

    async def code(self, verification_id: str) -> str:
        """The code to be spoken."""
        return self.codes.code(await self.known(verification_id))

    async def check(self, verification_id: str, given: str, by: Mode) -> Checked:
        """Compare a code that was typed into the form (`by` SPEAK) or keyed in (KEYPAD)."""
        refusal = ""
        fits = False

        def decide(was: Verification) -> Verification:
            nonlocal refusal, fits
            fits = self.codes.fits(was, given)
            became = session.checked(was, fits, by, self._now_ms())
            refusal = became.reason if isinstance(became, Unfit) else ""
            return was if isinstance(became, Unfit) else became

        found = await self._change(verification_id, decide, "checked")
        is_proved = fits and not refusal and found.status is Status.VERIFIED
        left = 0 if found.finished else found.tries_left
        return Checked(is_proved, left, found, refusal)

    async def change(
        self, verification_id: str, decide: Callable[[Verification], Verification | Unfit]
    ) -> Verification | Unfit:
        """Follow a wish, or say why not."""
        refused: list[Unfit] = []

        def decided(was: Verification) -> Verification:
            refused.clear()
            became = decide(was)
            if isinstance(became, Unfit):
                refused.append(became)
                return was
            return became

        found = await self._change(verification_id, decided, "changed")
        return refused[0] if refused else found

    async def watch(self, verification_id: str) -> AsyncIterator[Verification]:
        """The verification now, and whenever it has changed, until it is final."""
        last = await self.known(verification_id)
        yield last
        while not last.finished:
            changed = self._changed.setdefault(verification_id, asyncio.Event())
            waiting = asyncio.ensure_future(changed.wait())
            sleeping = asyncio.ensure_future(self._clock.sleep(LOOK_EVERY_MS))
            try:
                await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
                sleeping.cancel()
            now = await self.known(verification_id)
            if now.version != last.version:
                last = now
                yield last

    async def _change(
        self, verification_id: str, decide: Callable[[Verification], Verification], what: str
    ) -> Verification:
        for _ in range(CHANGES_MOST):
            was = await self.known(verification_id)
            became = decide(was)
            if became is was:
                return was
            # Two wrong codes at once make the same of it, but each must cost a try.
            became = replace(became, change_id=secrets.token_hex(CHANGE_BYTES))
            try:
                await self.verifications.save(became)
            except ConflictError:
                continue
            log.info(
                f"verification.{what}",
                verification=verification_id,
                status=became.status,
                step=became.step,
                reason=became.reason,
            )
            await self._note(became)
            return became
        raise RemoteError(f"the verification {verification_id} changes too often")

    async def _note(self, verification: Verification) -> None:
        """Wake who watches, and let the breakers know how it ended."""
        changed = self._changed.pop(verification.verification_id, None)
        if changed is not None:
            changed.set()
        verified.ended(self._metrics, verification)
        if _counts(verification):
            try:
                await self._limits.note_outcome(
                    verification.verification_id,
                    verification.status is Status.VERIFIED,
                    self.breakers(verification, KEPT, 0),
                )
            except RemoteError as error:
                log.warning("outcome.not_counted", error=str(error))

    def breakers(
        self, verification: Verification, window: int, share_percent: int
    ) -> tuple[Breaker, ...]:
        """What ends calls to a prefix or for a merchant of which too few are proved."""
        key = f"ended:{self.prefix_key(verification)}"
        return (
            Breaker("prefix_unproved", key, window, share_percent, WINDOW_MS),
            self.merchant_breaker(verification.merchant, window, share_percent),
        )

    def merchant_breaker(self, merchant: str, window: int, share_percent: int) -> Breaker:
        """What ends a merchant's calls while too few of his numbers are proved."""
        key = f"ended:merchant:{merchant}"
        return Breaker("merchant_unproved", key, window, share_percent, WINDOW_MS)

    def prefix_key(self, verification: Verification) -> str:
        return self.codes.key("prefix", prefix_of(verification.e164 or ""))

    def _now_ms(self) -> int:
        return self._clock.now().wall_ms


def _counts(verification: Verification) -> bool:
    """Whether its end says something about its number: not of a test, nor if none was called."""
    is_called = bool(verification.calls and verification.e164)
    return verification.finished and is_called and not verification.test


KEPT = 1_000
"""So many outcomes are kept of a prefix or merchant; no breaker may look at more."""
