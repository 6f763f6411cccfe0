"""What an operator's own dialplan may ask: a caller's balance, and what a call would cost him.

Answers are channel variables. Nothing is opened, held or changed; who has no account has 0. The
caller's number is taken as Asterisk has it, which is only as true as the dialplan's own checks.
"""

from collections.abc import Callable, Mapping

from engine.core.inventory import Inventory, Service
from engine.core.money import format_micros, format_shortest
from engine.core.number import NumberInfo, classify
from engine.core.rating import affordable_seconds, charge, elapsed_ms, increments_begun
from engine.core.tariff import rate_for
from engine.errors import CallerError
from engine.flows.money.accounts import put_back
from engine.ports.ledger import Ledger
from engine.ports.store import Store
from engine.premium.rules import price_class

Variables = Mapping[str, str]


class Dialplan:
    """Answers to `agi://…/balance` and `agi://…/quote`."""

    def __init__(self, ledger: Ledger, store: Store, inventory: Callable[[], Inventory]) -> None:
        self._ledger = ledger
        self._store = store
        self._inventory = inventory

    async def balance(self, did: str, caller: str) -> Variables:
        """GROSCHEN_ACCOUNT (empty if none), _BALANCE, _AVAILABLE (less what calls hold),
        _CURRENCY. Raises `CallerError` if no service has the number `did`."""
        service = self._service(did)
        account_id, balance_micros, available_micros = await self._money(
            service, classify(caller, service.region)
        )
        return {
            "GROSCHEN_ACCOUNT": account_id,
            "GROSCHEN_BALANCE": format_shortest(balance_micros),
            "GROSCHEN_AVAILABLE": format_shortest(available_micros),
            "GROSCHEN_CURRENCY": service.tariff.currency,
        }

    async def quote(self, did: str, caller: str, talk_s: int) -> Variables:
        """GROSCHEN_PRICE (a minute, without a first-call offer), _CHARGE of a conversation of
        `talk_s` seconds without waiting, _SECONDS that the available money lasts, _CURRENCY."""
        service = self._service(did)
        info = classify(caller, service.region)
        rate = rate_for(service.tariff, price_class(info, service), first_call=False)
        talked_ms = elapsed_ms(service.tariff.billing_start, 0, talk_s * 1000)
        charged = charge(rate, increments_begun(rate, talked_ms))
        _, _, available_micros = await self._money(service, info)
        return {
            "GROSCHEN_PRICE": format_shortest(rate.price_micros),
            "GROSCHEN_CHARGE": format_micros(charged, rate.rounding.digits),
            "GROSCHEN_SECONDS": str(affordable_seconds(rate, available_micros)),
            "GROSCHEN_CURRENCY": service.tariff.currency,
        }

    def _service(self, did: str) -> Service:
        inventory = self._inventory()
        regions = {service.region for service in inventory.services}
        numbers = [did, *(classify(did, region).e164 for region in sorted(regions))]
        found = (inventory.service_of(number) for number in numbers if number)
        service = next((one for one in found if one is not None), None)
        if service is None:
            raise CallerError(f"no service has the number {did}", "did")
        return service

    async def _money(self, service: Service, info: NumberInfo) -> tuple[str, int, int]:
        """Account id, balance and what is available of it; zeros for who has no account."""
        account = None
        if info.e164 is not None:
            account = await self._ledger.find_account(service.profile, info.e164)
        if account is None:
            return "", 0, 0
        view = await put_back(self._ledger, self._store, account)
        return account.account_id, view.balance_micros, view.available_micros
