"""Reading states and timers for the worker."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

_DUE = """
SELECT n.partition, found.borrower_id FROM unnest($1::int[], $2::bigint[]) AS n(partition, through), LATERAL (
    SELECT borrower_id FROM timers t
    WHERE t.partition = n.partition AND due_at <= n.through AND parked_error IS NULL ORDER BY due_at LIMIT $3
) AS found
"""


async def load(connection: "asyncpg.Connection[Any]", borrower_ids: Sequence[str]) -> list[tuple[str, bytes]]:
    """The stored states of those borrowers that have one."""
    rows = await connection.fetch(
        "SELECT borrower_id, state FROM borrowers WHERE borrower_id = ANY($1::text[])", list(borrower_ids)
    )
    return [(row[0], row[1]) for row in rows]


async def due(connection: "asyncpg.Connection[Any]", through: Mapping[int, int], limit: int) -> dict[int, list[str]]:
    """For each partition, borrowers with a due time up to the moment given for it, the earliest first."""
    rows = await connection.fetch(_DUE, list(through), list(through.values()), limit)
    found: dict[int, list[str]] = {partition: [] for partition in through}
    for partition, borrower_id in rows:
        found[partition].append(borrower_id)
    return found


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
