"""The post: brings callbacks in no order, more than once, late, and again until they are taken in.

The pile is drawn from at random, so that letters overtake each other, also those of one payment.
What is not answered 2xx goes back to the pile a little later, as providers do; what was taken in
may come once more nevertheless. All chance comes from a seed, but for how fast the far side is.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from tests.fakes.payments.site import Courier

CARRIERS = 16
COPIES = (1, 2, 2, 3)
LATE_IN_TEN = 2
LATE_MOST_S = 3.0
AGAIN_FIRST_S = 0.05
AGAIN_MOST_S = 0.8
ATTEMPTS_MOST = 200
ANSWER_WITHIN_S = 10.0
NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Letter:
    """A callback; one that is signed over its time is signed anew for each attempt."""

    url: str
    raw: bytes
    headers: Callable[[], Mapping[str, str]]


class Post:
    """Brings `callbacks` letters, those counted that are brought again though they arrived.

    `pace` is waited for before each.
    """

    def __init__(self, callbacks: int, seed: int, pace: Callable[[], Awaitable[None]]) -> None:
        self.callbacks = callbacks
        self.distinct = 0
        self.delivered = 0
        self.answers: Counter[int] = Counter()
        self.given_up = 0
        self._chance = random.Random(f"post {seed}")
        self._pace = pace
        self._accepted = 0
        self._known: list[Letter] = []
        self._pile: list[tuple[Letter, int]] = []
        self._waiting = asyncio.Semaphore(0)
        self._changed = asyncio.Condition()

    # --- what is brought ------------------------------------------------------------------

    def accept(self, letter: Letter) -> None:
        """Take a callback from a provider: once, or with its doubles."""
        self.distinct += 1
        self._known.append(letter)
        for _ in range(self._chance.choice(COPIES)):
            self._add(letter)

    def accept_repeats(self, until: int) -> None:
        """Bring letters once more, whichever, until there are so many in all."""
        while self._accepted < until and self._known:
            self._add(self._chance.choice(self._known))

    def _add(self, letter: Letter) -> None:
        self._accepted += 1
        late = self._chance.randrange(10) < LATE_IN_TEN
        self._put(letter, 0, self._chance.uniform(0, LATE_MOST_S) if late else 0.0)

    def _put(self, letter: Letter, attempts: int, after_s: float) -> None:
        def arrive() -> None:
            self._pile.append((letter, attempts))
            self._waiting.release()

        asyncio.get_running_loop().call_later(after_s, arrive)

    async def until_few(self, few: int) -> None:
        """Until no more than so many wait or are under way."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._accepted - self.delivered <= few)

    # --- how they are brought -------------------------------------------------------------

    async def carry(self) -> None:
        """Bring what there is, for ever."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        # A connection for each callback: one that is kept would bring them all to one engine.
        apart = aiohttp.TCPConnector(force_close=True)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=apart) as session,
            asyncio.TaskGroup() as work,
        ):
            for _ in range(CARRIERS):
                work.create_task(self._carry(session))

    async def _carry(self, session: aiohttp.ClientSession) -> None:
        while True:
            await self._waiting.acquire()
            await self._pace()
            place = self._chance.randrange(len(self._pile))
            self._pile[place], self._pile[-1] = self._pile[-1], self._pile[place]
            letter, attempts = self._pile.pop()
            status = await _brought(session, letter)
            self.answers[status] += 1
            if 200 <= status < 300 or attempts == ATTEMPTS_MOST:
                await self._done(status)
            else:
                self._put(letter, attempts + 1, min(AGAIN_FIRST_S * 2**attempts, AGAIN_MOST_S))

    async def _done(self, status: int) -> None:
        self.given_up += not 200 <= status < 300
        async with self._changed:
            self.delivered += 1
            self._changed.notify_all()


async def _brought(session: aiohttp.ClientSession, letter: Letter) -> int:
    try:
        async with session.post(letter.url, data=letter.raw, headers=letter.headers()) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return NO_ANSWER


class Messenger(Courier):
    """Takes what a fake would send to the post; `sign` makes the headers of some bytes anew."""

    def __init__(
        self, post: Post, sign: Callable[[bytes], Mapping[str, str]] | None = None
    ) -> None:
        super().__init__()
        self._post = post
        self._sign = sign

    def send(
        self, url: str, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Hand a callback over."""
        sign = self._sign
        plain = {"Content-Type": content_type, **(headers or {})}
        self._post.accept(Letter(url, body, lambda: sign(body) if sign else plain))
