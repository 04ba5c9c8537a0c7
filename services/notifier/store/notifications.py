"""Everything that became of a warning's changes: who was told, who waits, who was not told, and why."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

MOST = 1_000

# What was told at once has a delivery and no notice; what waited or was withheld has a notice that names its delivery.
_OF = """
SELECT * FROM (
    SELECT n.at, n.change_id, n.receiver, n.state, n.reason, n.detail, g.due_at AS until, n.settled_at,
        n.delivery_id, d.state AS delivery_state, d.settled_at AS delivery_settled_at, d.error, d.purpose,
        n.number AS place
    FROM notices n
    LEFT JOIN gatherings g ON n.state = 'held' AND g.receiver = n.receiver AND g.key = n.key
    LEFT JOIN deliveries d ON d.delivery_id = n.delivery_id
    WHERE n.warning_id = $1
    UNION ALL
    SELECT d.created_at, d.change_id, d.receiver, 'told', d.purpose, '', NULL, d.created_at,
        d.delivery_id, d.state, d.settled_at, d.error, d.purpose, d.position
    FROM deliveries d WHERE d.warning_id = $1 AND NOT EXISTS (
        SELECT FROM notices n WHERE n.warning_id = $1 AND n.delivery_id = d.delivery_id AND n.reason <> 'superseded'
    )
) found LEFT JOIN LATERAL (SELECT data FROM changes c WHERE c.change_id = found.change_id) c ON true
ORDER BY at, place LIMIT $2
"""


async def of(connection: "asyncpg.Connection[Any]", warning: UUID) -> list[dict[str, Any]]:
    """What became of each change for each receiver, in order of time; MOST at most, the oldest."""
    return [dict(row) for row in await connection.fetch(_OF, warning, MOST)]


async def data_of(connection: "asyncpg.Connection[Any]", changes: Sequence[UUID]) -> dict[UUID, bytes]:
    """The data of those of these changes that are remembered."""
    rows = await connection.fetch("SELECT change_id, data FROM changes WHERE change_id = ANY($1::uuid[])", changes)
    return {row["change_id"]: row["data"] for row in rows}


async def is_known(connection: "asyncpg.Connection[Any]", warning: UUID) -> bool:
    """Whether any change of the warning has come that is still remembered."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM open_warnings WHERE warning_id = $1)", warning))
