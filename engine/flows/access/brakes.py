"""How often somebody may try to sign in as a user: so often from a browser that he has signed in
with before, so often from any other network, and not much oftener from all of them together.

So whoever tries passwords at a known name keeps others from it, and never the user's own browser,
which has its own tries (OWASP: device cookies). A network's tries are counted once the name has one
left for strangers, so that a name never has more rows than that; a network that has none left uses
up none of the others'.
"""

import re
import secrets
from dataclasses import dataclass

import structlog

from engine.flows.access import rules
from engine.flows.access.people import People
from engine.flows.payments.seals import Purpose, Seal
from engine.ports.users import User

STRANGERS = "strangers"
NAME_BYTES = 12
_KNOWN = re.compile(r"([0-9]{1,15})\.([0-9a-f]{24})\.([0-9a-f]{32})", re.ASCII)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where somebody asks: his address, what his browser calls itself, and what it was given
    when somebody signed in with it (`Brakes.known`), empty if nothing was."""

    address: str
    browser: str
    known: str = ""


class Brakes:
    """The tries of all users."""

    def __init__(self, people: People, seal: Seal) -> None:
        self._people = people
        self._seal = seal

    async def may_try(self, user: User, visitor: Visitor) -> bool:
        """Count a try before it is judged; whether there was one left."""
        source = self._source(user, visitor)
        if source.startswith("network "):
            users, now_ms = self._people.users, self._now_ms()
            if not await users.has_try(user.user_id, source, rules.TRIES_MOST, now_ms):
                return False
            if not await self._people.may_try(
                user, STRANGERS, rules.STRANGERS_TRIES_MOST, rules.STRANGERS_WAIT_MS
            ):
                log.warning("sign_in.strangers_braked", user=user.user_id)
                return False
        return await self._people.may_try(user, source, rules.TRIES_MOST, rules.WAIT_MS)

    async def forget(self, user: User, visitor: Visitor) -> None:
        """Give back the tries of where he has signed in from."""
        await self._people.users.forget_tries(user.user_id, self._source(user, visitor))

    def known(self, user: User) -> str:
        """What a browser is given with which a user has signed in."""
        name = f"{self._now_ms()}.{secrets.token_hex(NAME_BYTES)}"
        return f"{name}.{self._seal.make(Purpose.BROWSER, f'{user.user_id}.{name}')}"

    def _source(self, user: User, visitor: Visitor) -> str:
        """What a try is counted by: the browser, if we know it as his, else the network."""
        found = _KNOWN.fullmatch(visitor.known)
        if found and self._now_ms() - int(found[1]) < rules.BROWSER_MS:
            name = f"{found[1]}.{found[2]}"
            if self._seal.fits(Purpose.BROWSER, f"{user.user_id}.{name}", found[3]):
                return f"browser {found[2]}"
        return f"network {rules.network_of(visitor.address)}"

    def _now_ms(self) -> int:
        return self._people.clock.now().wall_ms
