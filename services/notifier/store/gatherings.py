"""Changes that wait for somebody: where, until when, and what became of each."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.gathering import Gathering
from services.notifier.core.message import Purpose
from services.notifier.core.reasons import Reason
from services.notifier.core.releasing import Held
from services.notifier.core.routing import Manner
from shared.warnings import WarningChange

HELD_AT_ONCE = 2_000
"""Changes of one gathering that one message sums up; the next one goes on with the rest."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What becomes of a change that somebody is not told at once. `key` names the gathering of one that is held."""

    change: WarningChange
    receiver: str
    reason: Reason
    detail: str
    key: str | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A gathering to add to, and when it is due if nothing is waiting there yet."""

    receiver: str
    gathering: Gathering
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A gathering that is due, what waits in it, and what it has told of that nobody has answered for."""

    receiver: str
    gathering: Gathering
    held: Sequence[Held]
    standing: Sequence[WarningChange]


_COLUMNS = "receiver, key, purpose, manner, common, wake, due_at, told_at"
# One that waits for nothing but its next repeat, or its end, is due again for what is new.
_HOLD = """
INSERT INTO gatherings AS w (receiver, key, purpose, manner, common, wake, due_at)
SELECT receiver, key, purpose, manner::jsonb, common::jsonb, wake, due_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::interval[])
    AS g(receiver, key, purpose, manner, common, wake, due_at, apart)
ORDER BY receiver, key
ON CONFLICT (receiver, key) DO UPDATE SET due_at = least(w.due_at, greatest(excluded.due_at, w.told_at + (
    SELECT apart FROM unnest($1::text[], $2::text[], $8::interval[]) AS g(receiver, key, apart)
    WHERE g.receiver = w.receiver AND g.key = w.key
))) RETURNING receiver, key, due_at
"""
_NOTICE = """
INSERT INTO notices (change_id, warning_id, borrower_id, receiver, state, reason, detail, key, known, at, settled_at)
SELECT change_id, warning_id, borrower_id, receiver, CASE WHEN key IS NULL THEN 'suppressed' ELSE 'held' END, reason,
    detail, key, known, $1::timestamptz, CASE WHEN key IS NULL THEN $1::timestamptz END
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bool[])
    WITH ORDINALITY
    AS g(change_id, warning_id, borrower_id, receiver, reason, detail, key, known, number) ORDER BY number
"""
_HELD_OF = f"""
SELECT DISTINCT ON (n.warning_id, n.receiver) n.warning_id, g.{_COLUMNS.replace(", ", ", g.")}
FROM notices n JOIN gatherings g USING (receiver, key)
WHERE n.warning_id = ANY($1::uuid[]) AND n.state = 'held' ORDER BY n.warning_id, n.receiver, n.number DESC
"""  # noqa: S608 - our own words
_GIVE_WAY = """
UPDATE notices n SET state = 'suppressed', reason = 'superseded', detail = 'a later change took its place',
    delivery_id = g.delivery_id, settled_at = $1
FROM unnest($2::text[], $3::uuid[], $4::uuid[]) AS g(receiver, warning_id, delivery_id)
WHERE n.warning_id = g.warning_id AND n.receiver = g.receiver AND n.state = 'held'
"""
_WAKE = """
UPDATE gatherings SET due_at = $2 WHERE (receiver, key) IN (
    SELECT receiver, key FROM gatherings WHERE wake = ANY($1::text[]) AND due_at > $2 ORDER BY receiver, key FOR UPDATE
)
"""
_FIND = "SELECT receiver, key FROM gatherings WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
# Warnings before gatherings, as everywhere.
_LOCK_WARNINGS = """
WITH g AS (SELECT * FROM unnest($1::text[], $2::text[]) AS g(receiver, key))
SELECT FROM open_warnings WHERE warning_id = ANY(ARRAY(
    SELECT n.warning_id FROM g JOIN notices n ON n.receiver = g.receiver AND n.key = g.key AND n.state = 'held'
    UNION
    SELECT n.warning_id FROM g JOIN notices n ON n.receiver = g.receiver AND n.key = g.key AND n.state = 'told'
)) ORDER BY warning_id FOR UPDATE
"""
_TAKE = f"""
SELECT {_COLUMNS} FROM gatherings
WHERE (receiver, key) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND due_at <= $3
ORDER BY receiver, key FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - our own words
# What has ended is not told again: an old gathering does not drag along all that it ever told of.
_LET_GO = """
UPDATE notices n SET key = NULL FROM unnest($1::text[], $2::text[]) AS g(receiver, key)
WHERE n.receiver = g.receiver AND n.key = g.key AND n.state = 'told'
    AND NOT EXISTS (SELECT FROM open_warnings w WHERE w.warning_id = n.warning_id)
"""
_HELD = """
SELECT h.* FROM unnest($1::text[], $2::text[]) AS g(receiver, key) CROSS JOIN LATERAL (
    SELECT n.receiver, n.key, n.number, n.reason, n.known OR coalesce(n.receiver = ANY(w.told), false) AS known, c.data
    FROM notices n JOIN changes c USING (change_id) LEFT JOIN open_warnings w ON w.warning_id = n.warning_id
    WHERE n.receiver = g.receiver AND n.key = g.key AND n.state = 'held' ORDER BY n.number LIMIT $3
) h ORDER BY h.number
"""
_STANDING = """
SELECT DISTINCT g.receiver, g.key, w.warning_id, c.data FROM unnest($1::text[], $2::text[]) AS g(receiver, key)
JOIN notices n ON n.receiver = g.receiver AND n.key = g.key AND n.state = 'told'
JOIN open_warnings w ON w.warning_id = n.warning_id AND w.acknowledged_at IS NULL
JOIN changes c ON c.change_id = w.change_id
"""
_SETTLE = """
UPDATE notices n SET state = g.state, reason = coalesce(g.reason, n.reason), detail = coalesce(g.detail, n.detail),
    delivery_id = g.delivery_id, settled_at = $1
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::uuid[])
    AS g(number, state, reason, detail, delivery_id)
WHERE n.number = g.number
"""
_AGAIN = """
UPDATE gatherings w SET due_at = g.due_at, told_at = coalesce(g.told_at, w.told_at)
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS g(receiver, key, due_at, told_at)
WHERE w.receiver = g.receiver AND w.key = g.key
"""
_OVER = """
WITH over AS (
    DELETE FROM gatherings w USING unnest($1::text[], $2::text[]) AS g(receiver, key)
    WHERE w.receiver = g.receiver AND w.key = g.key RETURNING w.receiver, w.key
)
UPDATE notices n SET key = NULL FROM over o WHERE n.receiver = o.receiver AND n.key = o.key AND n.state = 'told'
"""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a notice. A `reason` of None is the one it was held for."""

    number: int
    state: str
    reason: Reason | None = None
    detail: str | None = None
    delivery_id: UUID | None = None


async def held_of(connection: "asyncpg.Connection[Any]", warnings: Iterable[UUID]) -> dict[UUID, dict[str, Gathering]]:
    """Where changes of these warnings wait, by receiver. Asked while the warnings are held."""
    found: dict[UUID, dict[str, Gathering]] = {}
    for row in await connection.fetch(_HELD_OF, list(warnings)):
        found.setdefault(row["warning_id"], {})[row["receiver"]] = _gathering(row)
    return found


async def hold(
    connection: "asyncpg.Connection[Any]", waiting: Sequence[Waiting], notices: Sequence[Notice], now: datetime
) -> dict[tuple[str, str], datetime]:
    """In a transaction that holds their warnings: write notices, and have their gatherings wait. When each is due."""
    soonest: dict[tuple[str, str], Waiting] = {}
    for each in sorted(waiting, key=lambda one: one.due_at):
        soonest.setdefault((each.receiver, each.gathering.key), each)
    rows = await connection.fetch(_HOLD, *_columns([_row(each) for each in soonest.values()])) if soonest else []
    await _note(connection, notices, now)
    return {(row["receiver"], row["key"]): row["due_at"] for row in rows}


async def _note(connection: "asyncpg.Connection[Any]", notices: Sequence[Notice], now: datetime) -> None:
    if notices:
        rows = [
            (
                each.change.change_id,
                each.change.warning_id,
                each.change.borrower_id,
                each.receiver,
                each.reason,
                each.detail,
                each.key,
                each.known,
            )
            for each in notices
        ]
        await connection.execute(_NOTICE, now, *_columns(rows))


async def give_way(
    connection: "asyncpg.Connection[Any]", lanes: Sequence[tuple[str, UUID, UUID | None]], now: datetime
) -> None:
    """In the same transaction, before `hold`: what waits for a receiver on a warning gives way to a later change."""
    if lanes:
        await connection.execute(_GIVE_WAY, now, *_columns(lanes))


async def wake(connection: "asyncpg.Connection[Any]", keys: Sequence[str], now: datetime) -> None:
    """Make what these held back due."""
    if keys:
        await connection.execute(_WAKE, list(keys), now)


async def take_due(connection: "asyncpg.Connection[Any]", now: datetime, most: int) -> list[Due]:
    """Within a transaction: due gatherings that no other transaction holds, and their warnings."""
    found = _columns([tuple(row) for row in await connection.fetch(_FIND, now, most)])
    if not found:
        return []
    await connection.fetch(_LOCK_WARNINGS, *found)
    rows = await connection.fetch(_TAKE, *found, now)
    keys = _columns([(row["receiver"], row["key"]) for row in rows])
    if not keys:
        return []
    await connection.execute(_LET_GO, *keys)
    held, standing = await _held(connection, keys), await _standing(connection, keys)
    return [
        Due(receiver, _gathering(row), held[receiver, key], standing[receiver, key])
        for row in rows
        for receiver, key in [(row["receiver"], row["key"])]
    ]


async def _held(connection: "asyncpg.Connection[Any]", keys: list[list[Any]]) -> dict[tuple[str, str], list[Held]]:
    found: defaultdict[tuple[str, str], list[Held]] = defaultdict(list)
    for row in await connection.fetch(_HELD, *keys, HELD_AT_ONCE):
        change = WarningChange.model_validate_json(row["data"])
        found[row["receiver"], row["key"]].append(Held(row["number"], change, Reason(row["reason"]), row["known"]))
    return found


async def _standing(
    connection: "asyncpg.Connection[Any]", keys: list[list[Any]]
) -> dict[tuple[str, str], list[WarningChange]]:
    found: defaultdict[tuple[str, str], list[WarningChange]] = defaultdict(list)
    for row in await connection.fetch(_STANDING, *keys):
        found[row["receiver"], row["key"]].append(WarningChange.model_validate_json(row["data"]))
    return found


async def settle(
    connection: "asyncpg.Connection[Any]",
    settled: Sequence[Settled],
    again: Mapping[tuple[str, str], tuple[datetime, datetime | None]],
    over: Sequence[tuple[str, str]],
    now: datetime,
) -> None:
    """In the same transaction: what became of notices, and when each gathering is due next; `over` are gone."""
    if settled:
        rows = [(each.number, each.state, each.reason, each.detail, each.delivery_id) for each in settled]
        await connection.execute(_SETTLE, now, *_columns(rows))
    if again:
        await connection.execute(_AGAIN, *_columns([(*place, *when) for place, when in again.items()]))
    if over:
        await connection.execute(_OVER, *_columns(over))


def _row(each: Waiting) -> tuple[Any, ...]:
    gathering = each.gathering
    group = gathering.manner.group
    return (
        each.receiver,
        gathering.key,
        gathering.purpose,
        gathering.manner.model_dump_json(exclude_defaults=True),
        json.dumps(dict(gathering.common)),
        gathering.wake,
        each.due_at,
        group.interval if group is not None else timedelta(0),
    )


def _gathering(row: "asyncpg.Record") -> Gathering:
    return Gathering(
        row["key"],
        Purpose(row["purpose"]),
        Manner.model_validate_json(row["manner"]),
        json.loads(row["common"]) if row["common"] else {},
        row["wake"],
        row["due_at"],
        row["told_at"],
    )


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
