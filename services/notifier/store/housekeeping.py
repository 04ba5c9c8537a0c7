"""What is done every now and then: deadlines nobody else keeps, and how much there is to do, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.notifier.store.settling import RELEASE

ROWS_A_STEP = 500

# Each receiver found by one probe of the index, however many rows it has.
_QUEUED = """
WITH RECURSIVE found AS (
    (SELECT receiver FROM queue ORDER BY receiver LIMIT 1)
    UNION ALL
    SELECT (SELECT q.receiver FROM queue q WHERE q.receiver > f.receiver ORDER BY q.receiver LIMIT 1)
    FROM found f WHERE f.receiver IS NOT NULL
)
SELECT f.receiver, d.receiver IS NOT NULL AS disabled FROM found f LEFT JOIN disabled_receivers d USING (receiver)
WHERE f.receiver IS NOT NULL
"""
_EXPIRE = """
WITH late AS MATERIALIZED (
    SELECT q.position FROM unnest($2::text[]) AS w(receiver) CROSS JOIN LATERAL (
        SELECT r.position FROM queue r WHERE r.receiver = w.receiver AND NOT r.waiting AND r.due_at < $1
        ORDER BY r.receiver, r.due_at, r.position LIMIT $3 FOR UPDATE OF r SKIP LOCKED
    ) q JOIN deliveries d USING (position) WHERE d.give_up_at < $1
), over AS (
    DELETE FROM queue WHERE position = ANY(ARRAY(SELECT position FROM late)) RETURNING position, claimed
)
UPDATE deliveries d SET state = 'dead', settled_at = $1, reached = d.reached OR o.claimed,
    error = 'given up at the deadline: the receiver is disabled or not configured'
FROM over o WHERE d.position = o.position RETURNING d.receiver, d.channel, d.warning_id
"""
_FREE = """
UPDATE queue SET waiting = false WHERE position = ANY(ARRAY(
    SELECT w.position FROM queue w WHERE w.waiting AND NOT EXISTS (
        SELECT FROM queue e WHERE e.receiver = w.receiver AND e.warning_id = w.warning_id AND e.position < w.position
    ) LIMIT $1
)) RETURNING position
"""
_PENDING = """
SELECT (SELECT count(*) FROM queue) AS pending,
    (SELECT created_at FROM deliveries WHERE position = (SELECT min(position) FROM queue)) AS oldest,
    least((SELECT min(due_at) FROM gatherings), (SELECT min(due_at) FROM escalations)) AS next_due
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is neither delivered nor dead, since when the oldest of it, and when what waits is looked at next."""

    pending: int = 0
    oldest: datetime | None = None
    next_due: datetime | None = None
    """The earliest of all gatherings and steps of escalations."""


async def idle_receivers(connection: "asyncpg.Connection[Any]", serving: Sequence[str]) -> list[str]:
    """Receivers with pending deliveries that nobody tries: disabled, or configured no more."""
    rows = await connection.fetch(_QUEUED)
    return [row["receiver"] for row in rows if row["disabled"] or row["receiver"] not in serving]


async def expire(connection: "asyncpg.Connection[Any]", idle: Sequence[str], now: datetime) -> list[str]:
    """Within a transaction: give up some that are past their deadline. Their channels; call again until none."""
    rows = await connection.fetch(_EXPIRE, now, list(idle), ROWS_A_STEP)
    if rows:
        await connection.fetch(RELEASE, [row["receiver"] for row in rows], [row["warning_id"] for row in rows])
    return [row["channel"] for row in rows]


async def free_stuck(connection: "asyncpg.Connection[Any]") -> int:
    """Let go what waits for nothing. There should never be any; how many there were."""
    return len(await connection.fetch(_FREE, ROWS_A_STEP))


async def backlog(connection: "asyncpg.Connection[Any]") -> Backlog:
    """What there is to do."""
    row = await connection.fetchrow(_PENDING)
    assert row is not None, "a SELECT without FROM gives a row"
    return Backlog(**row)
