"""Transactions for the API: a database that is away is an answer, not a failure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from services.notifier.store.connection import PASSING, Connection
from services.notifier.store.listing import StoreAwayError


@asynccontextmanager
async def asking(connection: Connection) -> "AsyncIterator[asyncpg.Connection[Any]]":
    """A transaction. Raises StoreAwayError where the database does not answer, or has another's work in the way."""
    try:
        async with connection.transaction() as inside:
            yield inside
    except PASSING as error:
        raise StoreAwayError(str(error)) from error
