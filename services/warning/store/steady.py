"""A connection that comes back: PostgreSQL may restart under a worker that goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import asyncpg
import structlog

from services.warning.store import SCHEMA
from shared.db import OUTAGES, connect
from shared.settings import DatabaseSettings

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5
# What asyncpg raises where the outcome is unknown or the server is away. A mistake in a statement is among them too, so
# whoever retries says so in the log.
DATABASE_ERRORS = (asyncpg.PostgresError, *OUTAGES)

T = TypeVar("T")


class SteadyConnection:
    """One raw connection, opened when first needed and anew after `renew`."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._open: asyncpg.Connection[Any] | None = None
        self._reading = asyncio.Lock()

    async def current(self) -> "asyncpg.Connection[Any]":
        """The open connection. Raises one of DATABASE_ERRORS while the server is away."""
        if self._open is None or self._open.is_closed():
            self._open = await connect(self._settings, SCHEMA)
        return self._open

    async def renew(self) -> None:
        """Drop the connection without waiting for what still runs on it; the next use opens another."""
        connection, self._open = self._open, None
        if connection is not None:
            connection.terminate()

    async def close(self) -> None:
        """Close it in good order."""
        connection, self._open = self._open, None
        if connection is not None:
            with suppress(*DATABASE_ERRORS):
                await connection.close(timeout=1.0)

    async def read(self, query: Callable[["asyncpg.Connection[Any]"], Awaitable[T]]) -> T:
        """What `query` returns, asked again until the server answers. Only for what may be repeated."""
        async with self._reading:  # a connection does one thing at a time
            while True:
                try:
                    return await query(await self.current())
                except DATABASE_ERRORS as error:
                    log.warning("warning.database.away", error=f"{type(error).__name__}: {error}")
                    await self.renew()
                    await asyncio.sleep(RETRY_SECONDS)
