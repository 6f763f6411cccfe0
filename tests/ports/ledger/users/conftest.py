"""Users, sessions and audit log of each kind: in memory, SQLite, PostgreSQL."""

from dataclasses import dataclass

import pytest

from engine.ledger.sql import SqlLedger
from engine.ledger.users.sql import SqlAudit, SqlSessions, SqlUsers
from engine.ports.audit import Audit
from engine.ports.users import Sessions, Users
from tests.fakes.users import MemoryAudit, MemorySessions, MemoryUsers
from tests.ports.ledger.books import Books


@dataclass
class Desk:
    """The three ports on one set of books."""

    users: Users
    sessions: Sessions
    audit: Audit


@pytest.fixture
def desk(books: Books) -> Desk:
    ledger = books.open()
    if isinstance(ledger, SqlLedger):
        return Desk(SqlUsers(ledger), SqlSessions(ledger), SqlAudit(ledger))
    users = MemoryUsers()
    return Desk(users, MemorySessions(users), MemoryAudit())
