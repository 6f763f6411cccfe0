"""What the books are held against: each rule is a query that finds what breaks it.

A rule's sentence is filled with the columns its query gives. The whole runs on one snapshot, so
that it can run while calls do. It tells of the books alone; whether the store agrees with them
is asked elsewhere.
"""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.journal import content_hash
from engine.ledger.payments import verify as payments
from engine.ledger.reading import verify as reading
from engine.ledger.tables import entries, postings
from engine.ledger.verifications import rows as verifications

FAULTS_PER_RULE = 100
PAGE_ENTRIES = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence about a fault, and the SQL that finds every case of it."""

    fault: str
    query: str


RULES = (
    Rule(
        "entry {key} has no postings",
        """
        SELECT key FROM entries
        WHERE NOT EXISTS (SELECT 1 FROM postings WHERE postings.entry_id = entries.entry_id)
        """,
    ),
    Rule(
        "entry {key} sums to {micros} micro-units, not to zero",
        """
        SELECT entries.key, SUM(postings.micros) AS micros
        FROM entries JOIN postings ON postings.entry_id = entries.entry_id
        GROUP BY entries.entry_id, entries.key HAVING SUM(postings.micros) <> 0
        """,
    ),
    Rule(
        "all postings in {currency} sum to {micros} micro-units, not to zero",
        """
        SELECT entries.currency, SUM(postings.micros) AS micros
        FROM entries JOIN postings ON postings.entry_id = entries.entry_id
        GROUP BY entries.currency HAVING SUM(postings.micros) <> 0
        """,
    ),
    Rule(
        "a posting of {micros} micro-units on {account} belongs to no entry",
        """
        SELECT account, micros FROM postings
        WHERE NOT EXISTS (SELECT 1 FROM entries WHERE entries.entry_id = postings.entry_id)
        """,
    ),
    Rule(
        "entry {key} moves {account} in {currency}, but it is kept in {kept}",
        """
        SELECT entries.key, postings.account, entries.currency, accounts.currency AS kept
        FROM postings
        JOIN entries ON entries.entry_id = postings.entry_id
        JOIN accounts ON accounts.account_id = postings.account_id
        WHERE accounts.currency <> entries.currency
        """,
    ),
    Rule(
        "entry {key} of {organisation} moves {account} of {owner}",
        """
        SELECT entries.key, entries.organisation, postings.account, accounts.organisation AS owner
        FROM postings
        JOIN entries ON entries.entry_id = postings.entry_id
        JOIN accounts ON accounts.account_id = postings.account_id
        WHERE accounts.organisation <> entries.organisation
        """,
    ),
    Rule(
        "a posting on {account} is numbered for the account {account_id}",
        """
        SELECT account, COALESCE(account_id, 'of nobody') AS account_id FROM postings
        WHERE (account LIKE 'customer:%' OR account_id IS NOT NULL)
        AND account <> 'customer:' || COALESCE(account_id, '')
        """,
    ),
    Rule(
        "entry {key} was made at {at_ms}, its posting on {account} at {line_ms}",
        """
        SELECT entries.key, postings.account, entries.at_ms,
            COALESCE(postings.at_ms, 0) AS line_ms
        FROM postings JOIN entries ON entries.entry_id = postings.entry_id
        WHERE postings.account_id IS NOT NULL AND COALESCE(postings.at_ms, -1) <> entries.at_ms
        """,
    ),
    Rule(
        "account {account_id} has the sequence number {seq} where {expected} is due",
        """
        SELECT account_id, seq, expected FROM (
            SELECT account_id, seq,
                ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY seq) AS expected
            FROM postings WHERE account_id IS NOT NULL
        ) AS numbered WHERE seq <> expected
        """,
    ),
    Rule(
        "account {account_id} has {balance} at {seq}, but its postings up to there sum to {micros}",
        """
        SELECT account_id, seq, balance_micros AS balance, micros FROM (
            SELECT account_id, seq, balance_micros,
                SUM(micros) OVER (PARTITION BY account_id ORDER BY seq) AS micros
            FROM postings WHERE account_id IS NOT NULL
        ) AS running WHERE balance_micros <> micros
        """,
    ),
    Rule(
        "account {account_id} stands at {seq} with {balance}, its postings at {last} with {micros}",
        """
        SELECT heads.account_id, heads.seq, heads.balance_micros AS balance,
            COALESCE(MAX(postings.seq), 0) AS last, COALESCE(SUM(postings.micros), 0) AS micros
        FROM heads LEFT JOIN postings ON postings.account_id = heads.account_id
        GROUP BY heads.account_id, heads.seq, heads.balance_micros
        HAVING heads.seq <> COALESCE(MAX(postings.seq), 0)
        OR heads.balance_micros <> COALESCE(SUM(postings.micros), 0)
        """,
    ),
    Rule(
        "account {account_id} has no head",
        """
        SELECT account_id FROM accounts
        WHERE NOT EXISTS (SELECT 1 FROM heads WHERE heads.account_id = accounts.account_id)
        """,
    ),
    Rule(
        "account {account_id} has no present number",
        """
        SELECT account_id FROM accounts WHERE NOT EXISTS (
            SELECT 1 FROM aliases
            WHERE aliases.account_id = accounts.account_id AND aliases.until_ms IS NULL
        )
        """,
    ),
    Rule(
        "call {call_id} cost {charge}, but {count} postings book {booked}",
        """
        SELECT calls.call_id, calls.charge_micros AS charge,
            COUNT(postings.line) AS count, COALESCE(-SUM(postings.micros), 0) AS booked
        FROM calls
        LEFT JOIN entries ON entries.call_id = calls.call_id AND entries.kind = 'call'
        LEFT JOIN postings ON postings.entry_id = entries.entry_id
            AND postings.account_id = calls.account_id
        WHERE calls.account_id IS NOT NULL
        GROUP BY calls.call_id, calls.charge_micros
        HAVING COUNT(postings.line) <> 1 OR -SUM(postings.micros) <> calls.charge_micros
        """,
    ),
    Rule(
        "call {call_id} reached no account, but entry {key} books it",
        """
        SELECT calls.call_id, entries.key
        FROM calls JOIN entries ON entries.call_id = calls.call_id AND entries.kind = 'call'
        WHERE calls.account_id IS NULL
        """,
    ),
    Rule(
        "the outbox holds {account_id} at {seq}, but there is no such posting",
        """
        SELECT account_id, seq FROM outbox WHERE NOT EXISTS (
            SELECT 1 FROM postings
            WHERE postings.account_id = outbox.account_id AND postings.seq = outbox.seq
        )
        """,
    ),
)


async def faults(connection: AsyncConnection) -> list[str]:
    """Every fault of the books as one sentence, at most `FAULTS_PER_RULE` of a kind."""
    found: list[str] = []
    for rule in RULES:
        query = text(f"{rule.query} LIMIT {FAULTS_PER_RULE}")
        rows = (await connection.execute(query)).mappings()
        found += [rule.fault.format(**_plain(row)) for row in rows]
    found += await payments.faults(connection)
    found += await reading.faults(connection)
    found += await verifications.faults(connection)
    return found + await _changed_entries(connection)


def _plain(row: RowMapping) -> dict[str, object]:
    # PostgreSQL sums 64-bit integers into decimals, which would be told as 3.98E+6.
    return {
        str(name): int(value) if isinstance(value, Decimal) else value
        for name, value in row.items()
    }


async def _changed_entries(connection: AsyncConnection) -> list[str]:
    changed: list[str] = []
    after = 0
    while len(changed) < FAULTS_PER_RULE:
        query = select(entries).where(entries.c.entry_id > after).order_by(entries.c.entry_id)
        page = (await connection.execute(query.limit(PAGE_ENTRIES))).mappings().all()
        if not page:
            break
        first, after = page[0]["entry_id"], page[-1]["entry_id"]
        lines = await _lines_by_entry(connection, first, after)
        changed += [
            f"entry {row['key']} is not what was booked"
            for row in page
            if content_hash(dict(row), lines.get(row["entry_id"], [])) != row["content_hash"]
        ]
    return changed[:FAULTS_PER_RULE]


async def _lines_by_entry(
    connection: AsyncConnection, first: int, last: int
) -> dict[int, list[tuple[str, int]]]:
    query = (
        select(postings.c.entry_id, postings.c.account, postings.c.micros)
        .where(postings.c.entry_id.between(first, last))
        .order_by(postings.c.entry_id, postings.c.line)
    )
    lines: dict[int, list[tuple[str, int]]] = {}
    for entry_id, account, micros in await connection.execute(query):
        lines.setdefault(entry_id, []).append((account, micros))
    return lines
