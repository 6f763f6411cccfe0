"""When money was told of, until it has brought about what it is for: bounded, soon forgotten."""

from collections import OrderedDict

RECEIPTS_MOST = 1_000
RECEIPT_KEPT_MS = 10_000
"""Money that has brought about nothing by then was not for a running call that waits for it."""


class Receipts:
    """By account, the instant of the monotonic clock at which money for it was told of."""

    def __init__(self) -> None:
        self._at_ms: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._at_ms)

    def put(self, account_id: str, mono_ms: int) -> None:
        """Money for the account was told of."""
        self._at_ms[account_id] = mono_ms
        if len(self._at_ms) > RECEIPTS_MOST:
            self._at_ms.popitem(last=False)

    def take(self, account_id: str, mono_ms: int) -> int | None:
        """How long ago (ms), once; None if nothing was told of, or too long ago."""
        received_ms = self._at_ms.pop(account_id, None)
        if received_ms is None or mono_ms - received_ms > RECEIPT_KEPT_MS:
            return None
        return mono_ms - received_ms
