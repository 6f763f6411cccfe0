"""Google Analytics 4 and a Matomo as their documentation has them: what they take and answer.

Both are strict where the real ones are silent: what is not of the documented form, or is more than
may be told of a call, fails the test that sent it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from engine.ports.webhooks.post import Reply

GA4_PLACE, GA4_SECRET = "G-AB12CD34EF", "api-secret/with+signs"
MATOMO_SITE, MATOMO_TOKEN = "7", "0123456789abcdef0123456789abcdef"
DAY_S = 86_400
PARAMS = {
    "call_source", "call_channel", "call_outcome", "call_length", "session_id",
    "engagement_time_msec",
}  # fmt: skip


@dataclass
class Programs:
    """Both at once; `replies` are given first, one a request, instead of theirs.

    Matomo does not take what has the action `refuses`, and says which only to a super user's token.
    """

    now_s: Callable[[], int]
    replies: list[Reply] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)
    actions: list[Mapping[str, str]] = field(default_factory=list)
    requests: int = 0
    refuses: str = ""
    is_superuser: bool = False

    def take(self, target: str, body: bytes) -> Reply:
        """The answer to a POST of JSON to a path with a query."""
        self.requests += 1
        if self.replies:
            return self.replies.pop(0)
        parts = urlsplit(target)
        if parts.path == "/mp/collect":
            return self._collect(parse_qs(parts.query), body)
        assert (parts.path, parts.query) == ("/matomo.php", "")
        return self._track(json.loads(body))

    def _collect(self, asked: Mapping[str, list[str]], body: bytes) -> Reply:
        assert asked == {"measurement_id": [GA4_PLACE], "api_secret": [GA4_SECRET]}
        assert len(body) < 130_000
        told = json.loads(body)
        assert set(told) == {"client_id", "timestamp_micros", "consent", "events"}
        first, _, second = told["client_id"].partition(".")
        assert first.isdecimal()
        assert second.isdecimal()
        assert set(told["consent"].values()) == {"DENIED"}
        assert 0 <= self.now_s() - told["timestamp_micros"] // 1_000_000 < 3 * DAY_S
        [event] = told["events"]
        assert (event["name"], set(event["params"])) == ("phone_call", PARAMS)
        assert all(len(str(value)) <= 100 for value in event["params"].values())
        self.events.append({**event["params"], "client_id": told["client_id"]})
        return Reply(204)

    def _track(self, told: Mapping[str, object]) -> Reply:
        assert set(told) <= {"requests", "token_auth"}
        requests = told["requests"]
        assert isinstance(requests, list)
        invalid: list[int] = []
        for place, request in enumerate(requests):
            assert request.startswith("?")
            action = {name: value for name, [value] in parse_qs(request[1:]).items()}
            assert (action["rec"], action["ca"], len(action["_id"])) == ("1", "1", 16)
            is_late = self.now_s() - int(action["cdt"]) >= DAY_S
            is_proved = told.get("token_auth") == MATOMO_TOKEN
            if (
                action["idsite"] != MATOMO_SITE
                or (is_late and not is_proved)
                or action["e_a"] == self.refuses
            ):
                invalid.append(place)
                continue
            self.actions.append(action)
        tracked = len(requests) - len(invalid)
        answer: dict[str, object] = {"status": "success", "tracked": tracked}
        answer["invalid"] = len(invalid)
        if is_proved and self.is_superuser:
            answer["invalid_indices"] = invalid
        return Reply(200, json.dumps(answer))


@dataclass
class ProgramsPost:
    """`ports.webhooks.post.Post` straight to the programs."""

    programs: Programs

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        parts = urlsplit(url)
        return self.programs.take(
            f"{parts.path}?{parts.query}" if parts.query else parts.path, body
        )
