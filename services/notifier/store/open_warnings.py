"""What is open, and who knows of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.warnings import Kind, Level, WarningChange

_LOCK = """
SELECT warning_id, level, told FROM open_warnings WHERE warning_id = ANY($1::uuid[]) ORDER BY warning_id FOR UPDATE
"""
# Whoever answered for the warning did not answer for what it has become when it gets more serious.
_OPEN = """
INSERT INTO open_warnings AS w (warning_id, borrower_id, level, at, change_id, connected, told)
SELECT warning_id, borrower_id, level, at, change_id, connected, string_to_array(told, ',')
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[])
    AS g(warning_id, borrower_id, level, at, change_id, connected, told)
ORDER BY warning_id
ON CONFLICT (warning_id) DO UPDATE SET level = excluded.level, at = excluded.at, change_id = excluded.change_id,
    connected = excluded.connected, told = excluded.told
"""
_UNANSWER = """
UPDATE open_warnings SET acknowledged_at = NULL, acknowledged_by = NULL
WHERE warning_id = ANY($1::uuid[]) AND acknowledged_at IS NOT NULL
"""
_CLOSE = "DELETE FROM open_warnings WHERE warning_id = ANY($1::uuid[])"
_ACKNOWLEDGE = """
UPDATE open_warnings w SET acknowledged_at = $1, acknowledged_by = g.by
FROM unnest($2::uuid[], $3::text[]) AS g(warning_id, by) WHERE w.warning_id = g.warning_id
"""
# Each half walks an index of its own.
_OF = """
SELECT c.data FROM (
    SELECT warning_id, change_id FROM open_warnings WHERE borrower_id = ANY($1::text[])
    UNION
    SELECT warning_id, change_id FROM open_warnings WHERE connected = ANY($2::text[])
) w JOIN changes c USING (change_id) ORDER BY w.warning_id
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A warning after a batch: its newest change, and who knows of it."""

    change: WarningChange
    told: Sequence[str]


@dataclass(frozen=True, slots=True)
class Before:
    """An open warning before a batch: its level, and who knows of it."""

    level: Level
    told: frozenset[str]


async def lock(connection: "asyncpg.Connection[Any]", warnings: Iterable[UUID]) -> dict[UUID, Before]:
    """Within a transaction: hold these, and say how those are that are open."""
    rows = await connection.fetch(_LOCK, sorted(warnings))
    return {row["warning_id"]: Before(Level(row["level"]), frozenset(row["told"])) for row in rows}


async def of(
    connection: "asyncpg.Connection[Any]", borrowers: Iterable[str], groups: Iterable[str]
) -> list[WarningChange]:
    """The newest change of every open warning of these borrowers, and of borrowers in these groups."""
    rows = await connection.fetch(_OF, sorted(borrowers), sorted(groups))
    return [WarningChange.model_validate_json(row["data"]) for row in rows]


async def write(connection: "asyncpg.Connection[Any]", standing: Sequence[Standing]) -> None:
    """In the same transaction: how these warnings stand now, each once. None of the changes is an acknowledgement."""
    over = [each.change.warning_id for each in standing if each.change.level is None]
    if over:
        await connection.execute(_CLOSE, over)
    rows = [
        (
            each.change.warning_id,
            each.change.borrower_id,
            each.change.level,
            each.change.at,
            each.change.change_id,
            each.change.about.group,
            ",".join(each.told),
        )
        for each in standing
        if each.change.level is not None
    ]
    if rows:
        await connection.execute(_OPEN, *(list(column) for column in zip(*rows, strict=True)))
    worse = [each.change.warning_id for each in standing if each.change.kind is Kind.ESCALATED]
    if worse:
        await connection.execute(_UNANSWER, worse)


async def acknowledge(connection: "asyncpg.Connection[Any]", answers: Iterable[WarningChange], now: datetime) -> None:
    """In the same transaction: somebody answers for these warnings, each once."""
    by = {each.warning_id: each.acknowledgement.by if each.acknowledgement else "" for each in answers}
    if by:
        await connection.execute(_ACKNOWLEDGE, now, list(by), list(by.values()))
