"""Reading states and timers for the worker."""

from collections.abc import Sequence
from typing import Any

import asyncpg


async def load(connection: "asyncpg.Connection[Any]", borrower_ids: Sequence[str]) -> list[tuple[str, bytes]]:
    """The stored states of those borrowers that have one."""
    rows = await connection.fetch(
        "SELECT borrower_id, state FROM borrowers WHERE borrower_id = ANY($1::text[])", list(borrower_ids)
    )
    return [(row[0], row[1]) for row in rows]


async def due(connection: "asyncpg.Connection[Any]", partition: int, through: int, limit: int) -> list[str]:
    """Borrowers of the partition with a due time up to `through`, the earliest first."""
    rows = await connection.fetch(
        "SELECT borrower_id FROM timers WHERE partition = $1 AND due_at <= $2 AND parked_error IS NULL"
        " ORDER BY due_at LIMIT $3",
        partition,
        through,
        limit,
    )
    return [row[0] for row in rows]


async def next_due(connection: "asyncpg.Connection[Any]", partitions: Sequence[int]) -> dict[int, int]:
    """The earliest due time of each partition that has one."""
    rows = await connection.fetch(
        "SELECT p, (SELECT due_at FROM timers WHERE partition = p AND parked_error IS NULL ORDER BY due_at LIMIT 1)"
        " FROM unnest($1::int[]) AS p",
        list(partitions),
    )
    return {row[0]: row[1] for row in rows if row[1] is not None}


async def unpark(connection: "asyncpg.Connection[Any]", partitions: Sequence[int]) -> None:
    """Give parked timers another chance: a new owner may have a new engine."""
    await connection.execute(
        "UPDATE timers SET parked_error = NULL WHERE parked_error IS NOT NULL AND partition = ANY($1::int[])",
        list(partitions),
    )
