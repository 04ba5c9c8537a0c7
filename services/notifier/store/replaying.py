"""Makes dead deliveries live again, by filter and in batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

ROWS_A_BATCH = 500

# A filter that is null lets everything through. Only dead ones are in the partial index that this walks.
_CHOSEN = """
SELECT position FROM deliveries d
WHERE d.state = 'dead' AND d.receiver = ANY($1::text[])
    AND ($2::text IS NULL OR d.borrower_id = $2) AND ($3::uuid IS NULL OR d.warning_id = $3)
    AND ($4::timestamptz IS NULL OR d.created_at >= $4) AND ($5::timestamptz IS NULL OR d.created_at < $5)
ORDER BY d.position LIMIT $6
"""
_COUNT = f"SELECT count(*) FROM ({_CHOSEN}) chosen"  # noqa: S608 - only our own words


def ends_of(revived: str, give_up_at: str) -> str:
    """SQL: the ends that were not told because what is `revived` had not arrived go with it."""
    return f"""
    ends AS (
        UPDATE deliveries e SET state = 'pending', settled_at = NULL, error = NULL, give_up_at = {give_up_at}
        FROM (SELECT receiver, warning_id, min(position) AS position FROM {revived} GROUP BY 1, 2) r
        WHERE e.warning_id = r.warning_id AND e.receiver = r.receiver AND e.position > r.position
            AND e.state = 'suppressed' AND EXISTS (
                SELECT FROM notices n WHERE n.warning_id = e.warning_id AND n.delivery_id = e.delivery_id
                    AND n.reason = 'untold'
            )
        RETURNING e.position, e.delivery_id, e.receiver, e.warning_id
    ), forgotten AS (
        DELETE FROM notices n USING ends e WHERE n.warning_id = e.warning_id AND n.delivery_id = e.delivery_id
            AND n.reason = 'untold'
    )
    """  # noqa: S608 - only our own words


_LIFE_OF_ENDS = "$10::timestamptz + (SELECT l.deadline FROM lives l WHERE l.receiver = e.receiver AND l.level = '')"
# Behind another of its lane it waits, as if it had just been made.
_REVIVE = f"""
WITH chosen AS MATERIALIZED ({_CHOSEN} FOR UPDATE OF d SKIP LOCKED), lives AS (
    SELECT * FROM unnest($7::text[], $8::text[], $9::interval[]) AS g(receiver, level, deadline)
), revived AS (
    UPDATE deliveries d SET state = 'pending', settled_at = NULL, give_up_at = $10::timestamptz + l.deadline
    FROM lives l
    WHERE d.position IN (SELECT position FROM chosen) AND l.receiver = d.receiver AND l.level = coalesce(d.level, '')
    RETURNING d.position, d.delivery_id, d.receiver, d.warning_id
), {ends_of("revived", _LIFE_OF_ENDS)}, all_revived AS (
    SELECT * FROM revived UNION ALL SELECT * FROM ends
)
INSERT INTO queue (position, delivery_id, receiver, warning_id, due_at, waiting)
SELECT position, delivery_id, receiver, warning_id, $10,
    row_number() OVER (PARTITION BY receiver, warning_id ORDER BY position) > 1
FROM all_revived RETURNING receiver
"""  # noqa: S608 - only our own words


@dataclass(frozen=True, slots=True)
class Which:
    """Dead deliveries: to these receivers, and each filter given must hold. `begin` is included, `end` is not."""

    receivers: Sequence[str]
    borrower: str | None = None
    warning_id: UUID | None = None
    begin: datetime | None = None
    end: datetime | None = None

    def values(self, most: int) -> tuple[Any, ...]:
        return list(self.receivers), self.borrower, self.warning_id, self.begin, self.end, most


Lives = Mapping[tuple[str, str | None], timedelta]
"""How long a delivery to a receiver is tried, by its level."""


async def count(connection: "asyncpg.Connection[Any]", which: Which, most: int) -> int:
    """How many there are; `most` stands for more."""
    return int(await connection.fetchval(_COUNT, *which.values(most)))


async def revive(
    connection: "asyncpg.Connection[Any]", which: Which, most: int, lives: Lives, now: datetime
) -> list[str]:
    """Within a transaction: make some pending and due, the oldest first. The receiver of each."""
    keys = [(receiver, level or "", deadline) for (receiver, level), deadline in lives.items()]
    columns = [list(column) for column in zip(*keys, strict=True)]
    rows = await connection.fetch(_REVIVE, *which.values(min(most, ROWS_A_BATCH)), *columns, now)
    return [row["receiver"] for row in rows]
