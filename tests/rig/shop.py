"""An example of a shop: an order form with the widget, and a server that checks what it brings.

This is all that a merchant needs (`engine/web/verify/README.md`). The server fetches the public key
once, asks nobody else, and keeps the tokens it has taken, so that each is good for one order.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

FORM = """<!doctype html>
<html lang="{lang}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Beispielladen</title>
<h1>Beispielladen</h1>
<form action="/order" method="post">
<p><label>Name <input name="name" value="Erika Mustermann"></label></p>
<script src="{origin}/verify/widget.js" data-key="{key}" data-reference="order-4711"
 data-lang="{lang}" data-mode="{mode}"></script>
<p><button id="order">Order</button></p>
</form>
<script>
document.addEventListener("phoneverification", ({{ detail }}) => {{
  document.body.dataset.status = detail.status;
  document.body.dataset.reason = detail.reason;
}});
</script>
"""


class Shop:
    """The shop at `address`; `origin` is where verifications are made, `key` its publishable key.

    `merchant` is its name there (`test:` before it in the test mode).
    """

    def __init__(self, origin: str, merchant: str) -> None:
        self.origin = origin
        self.merchant = merchant
        self.key = ""
        self.address = ""
        self._keys: KeySet | None = None
        self._taken: set[str] = set()

    async def form(self, request: web.Request) -> web.Response:
        """The order form; the address may name language and mode."""
        lang, mode = request.query.get("lang", "en"), request.query.get("mode", "speak")
        text = FORM.format(origin=self.origin, key=self.key, lang=lang, mode=mode)
        return web.Response(text=text, content_type="text/html")

    async def order(self, request: web.Request) -> web.Response:
        """An order is taken with a proved number, or not at all."""
        token = str((await request.post())["phone_verification_token"])
        number = await self.number_of(token, "order-4711")
        if number is None:
            return web.Response(status=403, text="Your phone number is not confirmed.")
        return web.Response(text=f"Thank you, your order is confirmed for {number}.")

    async def number_of(self, token: str, reference: str) -> str | None:
        """The number that a token proves for a reference, once; else None."""
        if self._keys is None:
            address = f"{self.origin}/.well-known/jwks.json"
            async with ClientSession() as session, session.get(address) as answer:
                self._keys = KeySet.import_key_set(await answer.json())
        rules = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.origin},
            aud={"essential": True, "value": self.merchant},
            exp={"essential": True},
            reference={"essential": True, "value": reference},
        )
        try:
            claims: dict[str, Any] = jwt.decode(token, self._keys, algorithms=["EdDSA"]).claims
            rules.validate(claims)
        except (JoseError, ValueError):
            return None
        if claims["jti"] in self._taken:
            return None
        self._taken.add(claims["jti"])
        return str(claims["phone_number"])


@asynccontextmanager
async def open_shop(origin: str, merchant: str) -> AsyncIterator[Shop]:
    """The shop on a free port until the block is left; give it its key before it is visited."""
    shop = Shop(origin, merchant)
    app = web.Application()
    app.router.add_get("/", shop.form)
    app.router.add_post("/order", shop.order)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        shop.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield shop
    finally:
        await runner.cleanup()
