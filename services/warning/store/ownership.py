"""Who owns a partition, and from where it goes on."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from services.warning.store.commit import Letter, Progress, unpack_headers

_TAKE = """
INSERT INTO partition_progress AS p (topic, partition, epoch, version, next_offset, clock, outbox_seq)
SELECT $1, n.partition, 1, 0, n.start, 0, 0 FROM unnest($2::int[], $3::bigint[]) AS n(partition, start) ORDER BY 1, 2
ON CONFLICT (topic, partition) DO UPDATE SET epoch = p.epoch + 1
RETURNING partition, epoch, version, commit_id, next_offset, clock, outbox_seq
"""
_READ = """
SELECT partition, epoch, version, commit_id, next_offset, clock, outbox_seq
FROM partition_progress WHERE topic = $1 AND partition = ANY($2::int[]) ORDER BY partition FOR UPDATE
"""
_DEPLOYMENT = """
INSERT INTO deployment AS d (time_zone, partitions) VALUES ($1, $2)
ON CONFLICT (only_row) DO UPDATE SET time_zone = d.time_zone
RETURNING time_zone, partitions
"""


class Held(NamedTuple):
    """A progress row, and the commit that wrote it last."""

    progress: Progress
    commit_id: UUID | None


class OtherDeploymentError(Exception):
    """The database was written under another time zone or partition count; going on would decide differently."""


async def take(connection: "asyncpg.Connection[Any]", topic: str, starts: Mapping[int, int]) -> list[Held]:
    """Raise the epoch of these partitions. Waits for a commit under way on them; later ones of its owner are fenced.

    `starts` gives the offset at which a partition nobody ever owned begins.
    """
    rows = await connection.fetch(_TAKE, topic, list(starts), list(starts.values()))
    return [_held(row) for row in rows]


async def read(connection: "asyncpg.Connection[Any]", topic: str, partitions: Sequence[int]) -> list[Held]:
    """The rows as they stand once every statement still running on them has ended."""
    return [_held(row) for row in await connection.fetch(_READ, topic, list(partitions))]


async def waiting_letters(connection: "asyncpg.Connection[Any]", partition: int) -> list[Letter]:
    """What the partition's outbox still holds, in order."""
    rows = await connection.fetch("SELECT * FROM outbox WHERE partition = $1 ORDER BY seq", partition)
    return [
        Letter(row["partition"], row["seq"], row["topic"], row["key"], row["value"], unpack_headers(row["headers"]))
        for row in rows
    ]


async def agree(connection: "asyncpg.Connection[Any]", time_zone: str, partitions: int) -> None:
    """Write down, the first time, what must never change. Raises OtherDeploymentError where it has."""
    row = await connection.fetchrow(_DEPLOYMENT, time_zone, partitions)
    stored = (row["time_zone"], row["partitions"])
    if stored != (time_zone, partitions):
        raise OtherDeploymentError(
            f"the database was written with time zone {stored[0]} and {stored[1]} partitions;"
            f" this worker has {time_zone} and {partitions}"
        )


async def hold_instance(connection: "asyncpg.Connection[Any]", instance_id: str) -> bool:
    """Claim a group instance id for as long as the connection lives; False where another worker has it."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('worker'), hashtext($1))", instance_id))


def _held(row: Any) -> Held:
    progress = Progress(
        row["partition"], row["epoch"], row["version"], row["next_offset"], row["clock"], row["outbox_seq"]
    )
    return Held(progress, row["commit_id"])
