"""Silences: those that hold now, and the history of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.matching import Match
from services.notifier.core.silencing import Silence, SilenceState

_COLUMNS = "silence_id, match, author, reason, begins_at, ends_at, created_at, ended_by, number"
_ACTIVE = f"SELECT {_COLUMNS} FROM silences WHERE begins_at <= $1 AND ends_at > $1 ORDER BY number"  # noqa: S608
_ADD = """
INSERT INTO silences (silence_id, match, author, reason, begins_at, ends_at, created_at)
VALUES ($1, $2::jsonb, $3, $4, $5, $6, $7)
"""
_END = "UPDATE silences SET ends_at = $2, ended_by = $3 WHERE silence_id = $1 AND ends_at > $2 RETURNING silence_id"
_ONE = f"SELECT {_COLUMNS} FROM silences WHERE silence_id = $1"  # noqa: S608
_STATES = {
    SilenceState.PENDING: "begins_at > $3 AND ends_at > $3",
    SilenceState.ACTIVE: "begins_at <= $3 AND ends_at > $3",
    SilenceState.ENDED: "ends_at <= $3",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A silence as it is kept. `number` is its place in the history; `ended_by` is who ended it early."""

    silence: Silence
    created_at: datetime
    ended_by: str | None
    number: int


async def active(connection: "asyncpg.Connection[Any]", now: datetime) -> list[Silence]:
    """Those that hold now, in the order in which they were made."""
    return [_kept(row).silence for row in await connection.fetch(_ACTIVE, now)]


async def add(connection: "asyncpg.Connection[Any]", silence: Silence, now: datetime) -> None:
    """Keep a new silence."""
    match = silence.match.model_dump_json(exclude_unset=True)
    await connection.execute(
        _ADD, silence.id, match, silence.author, silence.reason, silence.begins_at, silence.ends_at, now
    )


async def end(connection: "asyncpg.Connection[Any]", silence: UUID, by: str, now: datetime) -> bool:
    """End it now. False where it has ended already, or there is none."""
    return await connection.fetchval(_END, silence, now, by) is not None


async def one(connection: "asyncpg.Connection[Any]", silence: UUID) -> Kept | None:
    """A silence, also one that has ended."""
    row = await connection.fetchrow(_ONE, silence)
    return _kept(row) if row else None


async def page(
    connection: "asyncpg.Connection[Any]",
    *,
    state: SilenceState | None,
    before: int | None,
    limit: int,
    now: datetime,
) -> Sequence[Kept]:
    """The newest below number `before`, of one state at `now` or of any."""
    chosen = _STATES[state] if state else "$3::timestamptz IS NOT NULL"
    sql = (
        f"SELECT {_COLUMNS} FROM silences WHERE number < coalesce($1, 9223372036854775807) AND {chosen}"  # noqa: S608
        " ORDER BY number DESC LIMIT $2"
    )
    return [_kept(row) for row in await connection.fetch(sql, before, limit, now)]


def _kept(row: "asyncpg.Record") -> Kept:
    match = Match.model_validate_json(row["match"])
    silence = Silence(row["silence_id"], match, row["author"], row["reason"], row["begins_at"], row["ends_at"])
    return Kept(silence, row["created_at"], row["ended_by"], row["number"])
