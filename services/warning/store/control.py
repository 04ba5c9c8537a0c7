"""Acknowledgements, each with the record that tells of it, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.warning.store.commit import Headers, pack_headers, unpack_headers
from services.warning.store.steady import DATABASE_ERRORS
from shared.kafka.producer import Outgoing

ERRORS = (*DATABASE_ERRORS, SQLAlchemyError)
"""As DATABASE_ERRORS, of an engine: whoever retries says so in the log."""
UNSTORABLE = (DataError, IntegrityError)
"""Those of them that are the record's own: no later attempt mends them."""
_LAST_CHANGE = text("SELECT last_change FROM warnings WHERE warning_id = :warning_id")
_ACKNOWLEDGE = text(
    "INSERT INTO acknowledgements (acknowledgement_id, warning_id, by_whom, note, at, link_of)"
    " VALUES (:id, :warning_id, :by, :note, :at, :link_of) ON CONFLICT DO NOTHING"
)
_PUBLISH = text("INSERT INTO control_outbox (topic, key, value, headers) VALUES (:topic, :key, :value, :headers)")
_STORED = text(
    "SELECT by_whom, note, at, link_of FROM acknowledgements"
    " WHERE acknowledgement_id = :id AND warning_id = :warning_id"
)


class Acknowledged(NamedTuple):
    """An acknowledgement as it is stored, and whether it was so already."""

    id: UUID
    by: str
    note: str | None
    at: datetime
    known: bool
    link_of: str | None = None


class Told(NamedTuple):
    """A record on its way, with its place in the control outbox."""

    number: int
    record: Outgoing


class NoSuchWarningError(Exception):
    """Nobody raised a warning of this id."""

    reason = "unknown_warning"


class IdInUseError(Exception):
    """The id belongs to an acknowledgement of another warning."""

    reason = "id_in_use"


async def acknowledge(
    database: AsyncEngine, warning_id: UUID, given: Acknowledged, tell: Callable[[Any], Outgoing]
) -> Acknowledged:
    """Write an acknowledgement and what `tell` makes of the warning's last change; a known id changes nothing.

    As it is stored now. Raises NoSuchWarningError, IdInUseError, or one of ERRORS.
    """
    values = {**given._asdict(), "warning_id": warning_id}
    async with database.begin() as connection:
        last = (await connection.execute(_LAST_CHANGE, values)).scalar_one_or_none()
        if last is None:
            raise NoSuchWarningError(f"no warning has the id {warning_id}")
        if (await connection.execute(_ACKNOWLEDGE, values)).rowcount:
            record = tell(last)
            headers = pack_headers(list(record.headers))
            await connection.execute(_PUBLISH, {**record._asdict(), "headers": headers})
            return given
        row = (await connection.execute(_STORED, values)).one_or_none()
    if row is None:
        raise IdInUseError(f"the id {given.id} belongs to an acknowledgement of another warning")
    return Acknowledged(given.id, row.by_whom, row.note, row.at, known=True, link_of=row.link_of)


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
