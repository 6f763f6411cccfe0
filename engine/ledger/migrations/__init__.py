"""The history of the tables: alembic revisions, run inside a transaction of `ledger.database`.

A change of `ledger.tables` needs a new file in `versions/`; a test compares the two.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

# Any number that nobody else locks: it lets one engine at a time migrate a PostgreSQL.
_LOCK = 0x67726F73
# Alembic keeps what it is at in a module: tasks of one loop must not change two books' tables by
# turns.
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def upgrade(connection: AsyncConnection, revision: str = "head") -> None:
    """Bring the tables up to a revision."""
    async with _one_at_a_time(connection):
        await connection.run_sync(lambda plain: command.upgrade(_config(plain), revision))


async def downgrade(connection: AsyncConnection, revision: str) -> None:
    """Take the tables back to an older revision (`base`: none); what it lacks is lost."""
    async with _one_at_a_time(connection):
        await connection.run_sync(lambda plain: command.downgrade(_config(plain), revision))


@asynccontextmanager
async def _one_at_a_time(connection: AsyncConnection) -> AsyncIterator[None]:
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        if connection.dialect.name == "postgresql":
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        yield


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
