"""Reads deliveries for the API, and does what its callers may: try a dead one again, switch a receiver on."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier.store.connection import PASSING
from services.notifier.store.replaying import ends_of
from shared.db import OUTAGES

_DELIVERY = """
SELECT d.delivery_id AS id, d.change_id, d.warning_id, d.borrower_id, d.kind, d.level, d.receiver, d.channel, d.state,
    d.position, d.created_at, d.accepted_at, d.give_up_at, d.settled_at, d.error AS last_error,
    d.purpose, d.total, d.stands_for, d.fallback,
    (SELECT count(*) FROM attempts a WHERE a.delivery_id = d.delivery_id) AS attempt_count,
    CASE WHEN q.claimed THEN NULL ELSE q.due_at END AS due_at, coalesce(q.claimed, false) AS under_way
FROM deliveries d LEFT JOIN queue q ON q.position = d.position
"""
_FILTERS = {
    "state": "d.state = :state",
    "receiver": "d.receiver = :receiver",
    "warning_id": "d.warning_id = :warning_id",
    "borrower": "d.borrower_id = :borrower",
    "before": "d.position < :before",
}
# Only pending deliveries are in the queue, so the few among many are found there.
_PENDING = "q.position IS NOT NULL"
_ATTEMPTS = """
SELECT number, started_at, seconds, result, error, answer_code, answer_body,
    encode(request_digest, 'hex') AS request_digest
FROM attempts
WHERE delivery_id = :id ORDER BY fence
"""
_REVIVE = f"""
WITH dead AS (
    UPDATE deliveries SET state = 'pending', settled_at = NULL, give_up_at = :give_up_at
    WHERE delivery_id = :id AND state = 'dead' RETURNING position, delivery_id, receiver, warning_id
), {ends_of("dead", ":give_up_at")}
INSERT INTO queue (position, delivery_id, receiver, warning_id, due_at, waiting)
SELECT position, delivery_id, receiver, warning_id, CAST(:now AS timestamptz), false FROM dead
UNION ALL SELECT position, delivery_id, receiver, warning_id, CAST(:now AS timestamptz), true FROM ends
RETURNING position
"""  # noqa: S608 - only our own words
_RECEIVERS = """
SELECT w.receiver, d.at AS disabled_at, d.why AS disabled_why,
    (SELECT count(*) FROM (SELECT FROM queue q WHERE q.receiver = w.receiver LIMIT :most) counted) AS pending
FROM unnest(CAST(:receivers AS text[])) AS w(receiver) LEFT JOIN disabled_receivers d USING (receiver)
"""
COUNTED_AT_MOST = 10_000


class StoreAwayError(Exception):
    """The database did not answer."""


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries, newest first, and the position the next page begins below."""

    rows: Sequence[dict[str, Any]]
    next_before: int | None


class Deliveries:
    """Each method is one transaction. Raises StoreAwayError where the database does not answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, filters: dict[str, Any], *, limit: int) -> Page:
        """The newest that pass every filter given: state, receiver, warning_id, borrower and `before` (a position)."""
        given = {name: value for name, value in filters.items() if value is not None}
        conditions = [_FILTERS[name] for name in given]
        if given.get("state") == "pending":
            conditions.append(_PENDING)
        where = " AND ".join(conditions) or "true"
        sql = f"{_DELIVERY} WHERE {where} ORDER BY d.position DESC LIMIT :limit"  # only our own words: _FILTERS
        async with self._transaction() as connection:
            result = await connection.execute(text(sql), {**given, "limit": limit + 1})
            found = [dict(row) for row in result.mappings()]
        rows = found[:limit]
        return Page(rows, rows[-1]["position"] if len(found) > limit else None)

    async def one(self, delivery: UUID) -> dict[str, Any] | None:
        """A delivery with its `attempts`, oldest first."""
        async with self._transaction() as connection:
            sql = text(f"{_DELIVERY} WHERE d.delivery_id = :id")
            row = (await connection.execute(sql, {"id": delivery})).mappings().one_or_none()
            attempts = (await connection.execute(text(_ATTEMPTS), {"id": delivery})).mappings()
            return {**row, "attempts": [dict(each) for each in attempts]} if row else None

    async def revive(self, delivery: UUID, *, now: datetime, give_up_at: datetime) -> bool:
        """Make a dead delivery pending and due. False where it is not dead."""
        async with self._transaction() as connection:
            given = {"id": delivery, "now": now, "give_up_at": give_up_at}
            return (await connection.execute(text(_REVIVE), given)).first() is not None

    async def receivers(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Of each: since when and why it is disabled, and how many deliveries are pending, COUNTED_AT_MOST at most."""
        async with self._transaction() as connection:
            given = {"receivers": list(names), "most": COUNTED_AT_MOST}
            rows = await connection.execute(text(_RECEIVERS), given)
            return {row["receiver"]: dict(row) for row in rows.mappings()}

    async def enable(self, receiver: str) -> None:
        """Send to the receiver again."""
        async with self._transaction() as connection:
            await connection.execute(text("DELETE FROM disabled_receivers WHERE receiver = :name"), {"name": receiver})

    async def check(self) -> None:
        """For readiness: raises unless the database answers and has the tables."""
        async with self._transaction() as connection:
            await connection.execute(text("SELECT FROM queue LIMIT 1"))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (PoolTimeoutError, *OUTAGES) as error:
            raise StoreAwayError(str(error)) from error
        except DBAPIError as error:
            if isinstance(error.orig.__cause__ if error.orig else None, PASSING):
                raise StoreAwayError(str(error.orig)) from error
            raise
