"""What is sent to Google Analytics 4 and to Matomo, and what their answers mean; pure.

GA4: Measurement Protocol, https://developers.google.com/analytics/devguides/collection/protocol/ga4
(reference: a request has one `client_id`; a 2xx says that it came, not that it was of use; what is
answered otherwise is not sent again as it is). Matomo: Tracking HTTP API, bulk requests,
https://developer.matomo.org/api-reference/tracking-api; what it answers is in its source alone
(plugins/BulkTracking/Tracker/Response.php). Neither was ever tried live.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from engine.core.analytics.collector import CHANNEL, Collector, Hit, Program

GA4_URL = "https://region1.google-analytics.com/mp/collect"
"""What is told there is collected in the EU."""

EVENT = "phone_call"
LATER_STATUSES = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Telling:
    """One request, and the hits it tells of."""

    url: str
    body: bytes
    hits: tuple[Hit, ...]


class Heard(StrEnum):
    """What became of a request: taken, refused for good, or perhaps later."""

    TAKEN = "taken"
    REFUSED = "refused"
    LATER = "later"


Answer = tuple[Sequence[Hit], Heard, str]
"""Hits, what became of them, and the problem in words; "" if they are taken."""


def tellings(
    collector: Collector, secret: str, hits: Sequence[Hit], ga4_url: str = GA4_URL
) -> tuple[Telling, ...]:
    """The requests that tell of hits, which are in the order of their time."""
    if not hits:
        return ()
    if collector.program is Program.GA4:
        asked = urlencode({"measurement_id": collector.place, "api_secret": secret})
        return tuple(Telling(f"{ga4_url}?{asked}", _event(hit), (hit,)) for hit in hits)
    told: dict[str, object] = {"requests": [_request(collector.place, hit) for hit in hits]}
    if secret:
        told["token_auth"] = secret
    return (Telling(_tracker(collector.url), _json(told), tuple(hits)),)


def _event(hit: Hit) -> bytes:
    """A visitor of two numbers is what Google's own tags make."""
    visitor = f"{_number(hit.visitor[:4])}.{_number(hit.visitor[4:])}"
    params = {
        "call_source": hit.source,
        "call_channel": CHANNEL,
        "call_outcome": hit.outcome,
        "call_length": hit.length,
        "session_id": str(hit.at_ms // 1000),
        "engagement_time_msec": 1,
    }
    return _json(
        {
            "client_id": visitor,
            "timestamp_micros": hit.at_ms * 1000,
            "consent": {"ad_user_data": "DENIED", "ad_personalization": "DENIED"},
            "events": [{"name": EVENT, "params": params}],
        }
    )


def _request(site: str, hit: Hit) -> str:
    """An event; no bot, though a program sends it, and no view of a page."""
    told = {
        "idsite": site,
        "rec": 1,
        "apiv": 1,
        "ca": 1,
        "bots": 1,
        "_id": hit.visitor.hex(),
        "new_visit": 1,  # all come from one address: Matomo would make one visit of them
        "cdt": hit.at_ms // 1000,
        "e_c": CHANNEL,
        "e_a": hit.outcome,
        "e_n": f"{hit.source} ({hit.length})" if hit.source else hit.length,
    }
    return f"?{urlencode(told)}"


def _tracker(url: str) -> str:
    return f"{url}matomo.php" if url.endswith("/") else url


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _json(told: object) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode()


def heard(
    program: Program, hits: Sequence[Hit], status: int | None, answer: str
) -> tuple[Answer, ...]:
    """What an answer means for the hits that were told; problems hold nothing of the answer."""
    if status is None:
        return ((hits, Heard.LATER, answer),)
    if not 200 <= status < 300:
        later = status >= 500 or status in LATER_STATUSES
        return ((hits, Heard.LATER if later else Heard.REFUSED, f"HTTP {status}"),)
    refused = _refused(hits, answer) if program is Program.MATOMO else ()
    if not refused:
        return ((hits, Heard.TAKEN, ""),)
    taken = tuple(hit for hit in hits if hit not in refused)
    problem = f"{len(refused)} not taken: is the site there, and the time allowed?"
    return ((taken, Heard.TAKEN, ""), (refused, Heard.REFUSED, problem))


def _refused(hits: Sequence[Hit], answer: str) -> tuple[Hit, ...]:
    """Those of a bulk request that Matomo did not take: the places in `invalid_indices`, which only
    the token of a super user is told, else as many as are `invalid`, whichever they are."""
    try:
        told = json.loads(answer)
    except ValueError:
        return ()
    if not isinstance(told, dict):
        return ()
    places, count = told.get("invalid_indices"), told.get("invalid")
    if isinstance(places, list):
        return tuple(hit for place, hit in enumerate(hits) if place in places)
    return tuple(hits[: max(0, count)]) if isinstance(count, int) else ()
