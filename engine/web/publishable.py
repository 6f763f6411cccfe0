"""Publishable keys: what a merchant's page may hold. They name the merchant, and are no secret.

`pk_live_<merchant>_<seal>` or `pk_test_…`; the seal lets nobody make up one of a merchant who has
given none out. What a key is good for is bound to the merchant's sites, and to the session that it
began.
"""

import re

from engine.flows.payments.seals import Purpose, Seal

_FORM = re.compile(r"pk_(live|test)_(.{1,100})_([0-9a-f]{32})", re.ASCII)


def publishable_key(seal: Seal, merchant: str, *, test: bool) -> str:
    """The key of a merchant for one of the modes."""
    named = f"{'test' if test else 'live'}_{merchant}"
    return f"pk_{named}_{seal.make(Purpose.PUBLISH, named)}"


def merchant_of_key(seal: Seal, key: str) -> tuple[str, bool] | None:
    """The merchant's name and whether it is the test mode; None of what is no key of ours."""
    form = _FORM.fullmatch(key)
    if form is None or not seal.fits(Purpose.PUBLISH, f"{form[1]}_{form[2]}", form[3]):
        return None
    return form[2], form[1] == "test"
