"""The second factor of those who have one: added, asked for, dropped.

Its secret must be computed with, so it is kept: encrypted under the house's secret and for its user
alone. Whoever has the password alone can neither drop nor replace it: the factor itself does, or an
owner of the same house.
"""

from engine.errors import CallerError
from engine.flows.access import rules, second_factor
from engine.flows.access.people import People
from engine.flows.payments.seals import Purpose, Seal
from engine.ports.users import User

PAGE = 500
IN_SESSION_CODE = "session code"
"""Where a code is tried by whoever is signed in; his password alone gives no tries back."""


class SecondFactors:
    """The second factors of all users."""

    def __init__(self, people: People, seal: Seal) -> None:
        self._people = people
        self._users = people.users
        self._seal = seal

    async def add(self, user: User, secret: str, code: str, password: str) -> list[str]:
        """Demand a second factor from now on; gives the recovery codes, which are not kept.

        `CallerError` unless he has none, the password is right and the code fits the secret now.
        """
        await self._people.prove(user, password, "password")
        if user.totp_secret is not None:
            raise CallerError("there is one, which must be switched off first", "second_factor")
        if not second_factor.is_secret(secret):
            raise CallerError("is none of ours", "code")
        step = second_factor.step_of(secret, code, self._now_ms())
        if step is None:
            raise CallerError("does not fit; is the device's time right?", "code")
        codes = second_factor.new_codes()
        hashes = [second_factor.code_hash(one) for one in codes]
        await self._users.set_totp(user.user_id, self._hidden(user.user_id, secret), hashes)
        await self._users.use_step(user.user_id, step)
        return codes

    async def fits(self, user: User, code: str) -> bool:
        """Whether a code, of the device or for recovery, is right; it is used up."""
        secret = self._shown(user)
        step = second_factor.step_of(secret, code, self._now_ms()) if secret is not None else None
        if step is not None:
            return await self._users.use_step(user.user_id, step)
        return await self._users.use_code(user.user_id, second_factor.code_hash(code))

    async def drop_own(self, user: User, password: str, code: str) -> None:
        """Demand his own no more; `CallerError` unless password and a fresh code are right."""
        await self._people.prove(user, password, "drop_password")
        has_try = await self._people.may_try(user, IN_SESSION_CODE, rules.TRIES_MOST, rules.WAIT_MS)
        if not has_try or not await self.fits(user, code):
            raise CallerError("does not fit, or there were too many tries", "drop_code")
        await self._users.forget_tries(user.user_id, IN_SESSION_CODE)
        await self.drop(user)

    async def drop(self, user: User) -> None:
        """Demand a second factor no more: his device is lost, and an owner says so."""
        await self._users.set_totp(user.user_id, None, ())

    async def hide_all(self) -> None:
        """Encrypt secrets that are kept from before they were encrypted; what is encrypted is
        longer, and not even read."""
        while page := await self._users.by_totp_chars(second_factor.SECRET_CHARS, PAGE):
            for user in page:
                plain = user.totp_secret or ""
                hidden = self._hidden(user.user_id, plain)
                await self._users.replace_totp(user.user_id, plain, hidden)

    def _hidden(self, user_id: str, secret: str) -> str:
        return self._seal.hide(Purpose.SECOND_FACTOR, user_id, secret)

    def _shown(self, user: User) -> str | None:
        """His secret; None if he has none, or the house's secret is another one by now."""
        kept = user.totp_secret
        shown = kept and self._seal.show(Purpose.SECOND_FACTOR, user.user_id, kept)
        return shown or None

    def _now_ms(self) -> int:
        return self._people.clock.now().wall_ms
