"""One raw connection for a hot path, opened again after it broke."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from services.notifier.store import SCHEMA
from shared import db
from shared.db import OUTAGES
from shared.settings import DatabaseSettings

# Whatever the statistics say of tables that are empty one minute and hold a million rows the next: walk the indexes.
_BY_INDEX = "".join(
    f"SET {each} = off;"
    for each in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit")
)
PASSING = (
    *OUTAGES,
    asyncpg.CannotConnectNowError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""What may work when tried again: an outage, or a conflict with another transaction."""


class Connection:
    """One statement or transaction at a time; others wait for their turn."""

    def __init__(self, settings: DatabaseSettings, *, by_index: bool = True) -> None:
        self._settings = settings
        self._by_index = by_index
        self._open: asyncpg.Connection[Any] | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> "AsyncIterator[asyncpg.Connection[Any]]":
        """A transaction: committed at the end, rolled back where anything is raised."""
        async with self.statements() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def statements(self) -> "AsyncIterator[asyncpg.Connection[Any]]":
        """The connection, each statement its own transaction."""
        async with self._turn:
            connection = await self._connected()
            try:
                yield connection
            except BaseException as error:
                # After a time-out or a cancellation nobody knows what still runs there.
                if isinstance(error, OUTAGES) or not isinstance(error, Exception):
                    self._open = None
                    connection.terminate()
                raise

    async def close(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            await connection.close(timeout=1)

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._open is None or self._open.is_closed():
            connection = await db.connect(self._settings, SCHEMA)
            if self._by_index:
                await connection.execute(_BY_INDEX)
            self._open = connection
        return self._open
