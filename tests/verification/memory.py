"""The verifications' twin in memory: same answers, same refusals, no database."""

from collections import Counter
from collections.abc import Sequence

from engine.core.posting import Entry, verification_entry
from engine.core.verification import Status, Verification
from engine.core.webhook import Event, verification_ended
from engine.errors import ConflictError, RemoteError
from engine.ports.verifications import MerchantFigures, Outcomes, VerificationFilter


class MemoryVerifications:
    """`ports.verifications.Verifications` in memory; `down` refuses everything.

    `entries` are what was booked, `told` what webhooks tell.
    """

    def __init__(self) -> None:
        self.down = False
        self.entries: list[Entry] = []
        self._rows: dict[str, Verification] = {}
        self.told: list[Event] = []
        self._consumed: dict[str, str] = {}

    async def add(self, verification: Verification) -> None:
        present = self._at(verification.verification_id)
        if present is not None:
            if present != verification:
                raise ConflictError("it is there already")
            return
        self._put(verification)

    async def save(self, verification: Verification) -> None:
        present = self._at(verification.verification_id)
        if present == verification:
            return
        if present is None or present.version != verification.version - 1:
            raise ConflictError("it has changed")
        self._put(verification)

    async def verification(self, verification_id: str) -> Verification | None:
        return self._at(verification_id)

    async def verifications(self, wanted: VerificationFilter) -> Sequence[Verification]:
        self._answer()
        newest_first = sorted(
            (row for row in self._rows.values() if row.organisation == wanted.organisation),
            key=lambda row: (row.created_ms, row.verification_id),
            reverse=True,
        )
        if wanted.before is not None:
            places = [row.verification_id for row in newest_first]
            if wanted.before not in places:
                return []
            newest_first = newest_first[places.index(wanted.before) + 1 :]
        fitting = [
            row
            for row in newest_first
            if wanted.merchant in (None, row.merchant)
            and wanted.reference in (None, row.reference)
            and wanted.status in (None, row.status)
        ]
        return fitting[: wanted.most]

    async def due(self, now_ms: int, most: int) -> Sequence[Verification]:
        self._answer()
        due = [
            (row.due_ms, row)
            for row in self._rows.values()
            if row.due_ms is not None and row.due_ms <= now_ms
        ]
        return [row for _, row in sorted(due, key=lambda pair: pair[0])][:most]

    async def consume(self, verification_id: str, by: str) -> bool:
        found = self._at(verification_id)
        if found is None or found.status is not Status.VERIFIED:
            return False
        return self._consumed.setdefault(verification_id, by) == by

    async def figures(
        self, organisation: str, merchant: str, from_ms: int, to_ms: int
    ) -> MerchantFigures:
        ended = Counter(
            (row.status, row.reason, row.currency, row.charge_micros)
            for row in self._rows.values()
            if (row.organisation, row.merchant) == (organisation, merchant)
            and from_ms <= (row.ended_ms or 0) < to_ms
            and not row.test
        )
        outcomes = (
            Outcomes(status=status, reason=reason, currency=currency, price_micros=each, count=n)
            for (status, reason, currency, each), n in ended.items()
        )
        booked = sum(
            -posting.micros
            for entry in self.entries
            for posting in entry.postings
            if posting.account == f"merchant:{merchant}" and from_ms <= entry.at_ms < to_ms
        )
        return MerchantFigures(tuple(outcomes), booked)

    def _answer(self) -> None:
        if self.down:
            raise RemoteError("the database does not answer")

    def _at(self, verification_id: str) -> Verification | None:
        self._answer()
        return self._rows.get(verification_id)

    def _put(self, verification: Verification) -> None:
        self._rows[verification.verification_id] = verification
        if not verification.finished:
            return
        self.told.append(verification_ended(verification))
        entry = verification_entry(verification)
        if entry is not None:
            self.entries.append(entry)
