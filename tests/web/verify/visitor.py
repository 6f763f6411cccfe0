"""A page of a merchant's site, as far as HTTP goes: it asks with the publishable key."""

import json
from dataclasses import dataclass
from typing import Any

from engine.web.publishable import publishable_key
from tests.verification.cases import MOBILE
from tests.web.site import EMBEDDER, Bench, Client


@dataclass
class Visitor:
    """Somebody on the merchant's site; `origin` is what the browser says of the page."""

    client: Client
    bench: Bench
    test: bool = False
    origin: str = EMBEDDER
    lang: str = "en"

    @property
    def key(self) -> str:
        return publishable_key(self.bench.site.seal, "shop", test=self.test)

    async def post(self, path: str, content: Any = None, status: int = 200) -> Any:
        """The answer to what the page sends."""
        address = f"/verify/{self.key}/{path}?lang={self.lang}"
        headers = {"Origin": self.origin} if self.origin else {}
        async with self.client.post(address, json=content or {}, headers=headers) as answer:
            told = await answer.json(content_type=None)
            assert answer.status == status, told
            return told

    async def begins(self, to: str = MOBILE, status: int = 201, **wish: str) -> Any:
        """A session, as the page is told of it."""
        return await self.post(
            "sessions", {"to": to, "mode": "speak", "lang": "de", **wish}, status
        )

    def place(self, told: Any) -> str:
        return f"sessions/{told['id']}/{told['seal']}"

    async def look(self, told: Any) -> Any:
        """The session as it stands now."""
        address = f"/verify/{self.key}/{self.place(told)}?lang={self.lang}"
        async with self.client.get(address) as answer:
            assert answer.status == 200
            return await answer.json()

    async def until(self, told: Any, **wanted: Any) -> Any:
        """What its events tell, once all of it is as wanted."""
        address = f"/verify/{self.key}/{self.place(told)}/events?lang={self.lang}"
        async with self.client.get(address, headers={"Origin": self.origin}) as stream:
            assert stream.status == 200
            async for line in stream.content:
                if not line.startswith(b"data: "):
                    continue
                seen = json.loads(line[6:])
                if all(seen[name] == value for name, value in wanted.items()):
                    return seen
        raise AssertionError(f"it ended otherwise: {seen}")
