"""What the API reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncEngine

Database = AsyncEngine
Row = RowMapping

_WARNING = "warning_id, borrower_id, rule, family, loan_id, level, open, raised_at, changed_at, last_change"
_CONDITIONS = {
    "borrower_id": "borrower_id = :borrower_id",
    "loan_id": "loan_id = :loan_id",
    "rule": "rule = :rule",
    "family": "family = :family",
    "level": "level = :level",
    "open": "open = :open",
    "raised_from": "raised_at >= :raised_from",
    "raised_before": "raised_at < :raised_before",
}


class Place(NamedTuple):
    """Where a page of warnings ended."""

    raised_at: datetime
    warning_id: UUID


@dataclass(frozen=True, slots=True)
class StoredBorrower:
    """A borrower's state, its partition's clock in microseconds, and why it may not be the whole picture."""

    state: bytes
    clock: int
    blind: str | None


async def warnings(database: Database, filters: Mapping[str, object], after: Place | None, limit: int) -> list[Row]:
    """Warnings that meet every filter given, the newest first, from `after` on."""
    given = {name: value for name, value in filters.items() if value is not None}
    conditions = [_CONDITIONS[name] for name in given]
    if after is not None:
        conditions.append("(raised_at, warning_id) < (:after_at, :after_id)")
        given |= {"after_at": after.raised_at, "after_id": after.warning_id}
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = f"SELECT {_WARNING} FROM warnings {where} ORDER BY raised_at DESC, warning_id DESC LIMIT :limit"  # noqa: S608 - constants
    async with database.connect() as connection:
        return list((await connection.execute(text(statement), {**given, "limit": limit})).mappings())


async def warning(database: Database, warning_id: UUID) -> tuple[Row, Sequence[Row], Sequence[Row]] | None:
    """One warning, its changes in order and its acknowledgements; None where there is none."""
    key = {"id": warning_id}
    async with database.connect() as connection:
        found = await connection.execute(text(f"SELECT {_WARNING} FROM warnings WHERE warning_id = :id"), key)  # noqa: S608 - constants
        row = found.mappings().one_or_none()
        if row is None:
            return None
        changes = await connection.execute(text("SELECT data FROM changes WHERE warning_id = :id ORDER BY number"), key)
        acknowledged = await connection.execute(
            text(
                "SELECT acknowledgement_id AS id, by_whom AS by, note, at, link_of FROM acknowledgements"
                " WHERE warning_id = :id ORDER BY at"
            ),
            key,
        )
        return row, list(changes.mappings()), list(acknowledged.mappings())


async def borrowers(database: Database, topic: str, borrower_ids: Sequence[str]) -> dict[str, StoredBorrower]:
    """Those of these borrowers that somebody has heard of, as last committed."""
    statement = text(
        "SELECT b.borrower_id, b.state, p.clock, x.error FROM borrowers b"
        " JOIN partition_progress p ON p.topic = :topic AND p.partition = b.partition"
        " LEFT JOIN blind_borrowers x USING (borrower_id) WHERE b.borrower_id = ANY(:ids)"
    )
    async with database.connect() as connection:
        rows = await connection.execute(statement, {"topic": topic, "ids": list(borrower_ids)})
        return {row[0]: StoredBorrower(row[1], row[2], row[3]) for row in rows}


async def answers(database: Database) -> None:
    """Raises where the database does not answer."""
    async with database.connect() as connection:
        await connection.execute(text("SELECT 1"))
