"""What the API writes, each with the record that tells of it, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.warning.store.commit import Headers, pack_headers, unpack_headers
from shared.kafka.producer import Outgoing


class Acknowledged(NamedTuple):
    """An acknowledgement as it is stored, and whether it was so already."""

    id: UUID
    by: str
    note: str | None
    at: datetime
    known: bool


class Told(NamedTuple):
    """A record on its way, with its place in the control outbox."""

    number: int
    record: Outgoing


async def acknowledge(
    database: AsyncEngine, warning_id: UUID, given: Acknowledged, record: Outgoing
) -> Acknowledged | None:
    """Write an acknowledgement and the record that tells of it; one whose id is known changes nothing.

    None where the id belongs to another warning.
    """
    insert = text(
        "INSERT INTO acknowledgements (acknowledgement_id, warning_id, by_whom, note, at)"
        " VALUES (:id, :warning_id, :by, :note, :at) ON CONFLICT DO NOTHING"
    )
    values = {"id": given.id, "warning_id": warning_id, "by": given.by, "note": given.note, "at": given.at}
    async with database.begin() as connection:
        if (await connection.execute(insert, values)).rowcount:
            await connection.execute(
                text("INSERT INTO control_outbox (topic, key, value, headers) VALUES (:topic, :key, :value, :headers)"),
                {
                    "topic": record.topic,
                    "key": record.key,
                    "value": record.value,
                    "headers": pack_headers(list(record.headers)),
                },
            )
            return given
        stored = await connection.execute(
            text(
                "SELECT by_whom, note, at FROM acknowledgements"
                " WHERE acknowledgement_id = :id AND warning_id = :warning"
            ),
            {"id": given.id, "warning": warning_id},
        )
        row = stored.one_or_none()
    return None if row is None else Acknowledged(given.id, row[0], row[1], row[2], known=True)


async def hold_control(connection: "asyncpg.Connection[Any]") -> bool:
    """Become the one replica that publishes; for as long as the connection lives."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('control'))"))


async def waiting_records(connection: "asyncpg.Connection[Any]", limit: int) -> list[Told]:
    """Records of the control outbox, in order."""
    rows = await connection.fetch("SELECT * FROM control_outbox ORDER BY number LIMIT $1", limit)
    return [Told(row["number"], _outgoing(row, unpack_headers(row["headers"]))) for row in rows]


async def published(connection: "asyncpg.Connection[Any]", numbers: Sequence[int]) -> None:
    """Delete records that are on their topic."""
    await connection.execute("DELETE FROM control_outbox WHERE number = ANY($1::bigint[])", list(numbers))


def _outgoing(row: Any, headers: Headers) -> Outgoing:
    return Outgoing(row["topic"], row["key"], row["value"], headers)
