"""The law a line must keep, as data: what a country lets each kind of access number cost and do.

`GUARDS` holds one profile per country (`DE`, `AT`, `CH`, `US`; `none` forbids nothing), each in a
file that names its sources and what is left out; `core.guards` judges by it. This is no legal
advice: a profile refuses what breaks a rule that was read, and knows no other rule.
"""

from collections.abc import Mapping
from types import MappingProxyType

from engine.core.law.at import AT
from engine.core.law.ch import CH
from engine.core.law.de import DE
from engine.core.law.shape import AccessKind, ForcedEnd, Guard, Named, PriceCap, Range, Rule
from engine.core.law.us import US

__all__ = [
    "AT", "CH", "DE", "GUARDS", "NO_GUARD", "US",
    "AccessKind", "ForcedEnd", "Guard", "Named", "PriceCap", "Range", "Rule",
]  # fmt: skip

NO_GUARD = "none"

GUARDS: Mapping[str, Guard | None] = MappingProxyType(
    {**{guard.code: guard for guard in (DE, AT, CH, US)}, NO_GUARD: None}
)
"""The guard profiles a service can name; None guards nothing."""
