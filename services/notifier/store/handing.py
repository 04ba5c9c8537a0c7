"""Hands a message on to the receiver's fallback: once, in the transaction in which it turns out to be needed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.message import Purpose, fallback_id
from services.notifier.store.escalations import told
from services.notifier.store.making import NewDelivery, make
from shared.warnings import WarningChange

ROWS_A_STEP = 500
Place = tuple[UUID, int]
"""How far what waits for a receiver has been looked through: warning and position."""
START: Place = UUID(int=0), 0


@dataclass(frozen=True, slots=True)
class Fallback:
    """Who is told when a receiver cannot be, and until when that is tried, by the message's level."""

    receiver: str
    channel: str
    give_up_at: Mapping[str | None, datetime]


@dataclass(frozen=True, slots=True)
class Handing:
    """A delivery, by its position, and to whom it is handed on."""

    position: int
    fallback: Fallback


# As everywhere: warnings before anything that is queued.
_LOCK = """
SELECT FROM open_warnings WHERE warning_id = ANY(ARRAY(
    SELECT warning_id FROM deliveries WHERE position = ANY($1::bigint[])
    UNION
    SELECT c.warning_id FROM deliveries d JOIN changes c ON c.change_id = ANY(d.others) WHERE d.position = ANY($1)
)) ORDER BY warning_id FOR UPDATE
"""
# A message that proves the path is not for anyone else. Nobody is handed what stands for a message of their own, nor
# what they were sent anyway: so a chain of fallbacks ends, and a circle does too.
_MARK = """
WITH marked AS (
    UPDATE deliveries d SET fallback = g.receiver
    FROM unnest($1::bigint[], $2::text[]) AS g(position, receiver)
    WHERE d.position = g.position AND d.fallback IS NULL AND d.purpose NOT IN ('heartbeat', 'test')
    RETURNING d.position, d.change_id, d.warning_id, d.level, d.others, d.total, d.common, g.receiver,
        coalesce(d.stands_for, d.delivery_id) AS first
)
SELECT m.*, c.data, ARRAY(SELECT warning_id FROM changes WHERE change_id = ANY(m.others)) AS other_warnings,
    EXISTS (SELECT FROM deliveries f WHERE f.delivery_id = m.first AND f.receiver = m.receiver) OR EXISTS (
        SELECT FROM deliveries s WHERE s.warning_id = m.warning_id AND s.change_id = m.change_id
            AND s.receiver = m.receiver AND s.state <> 'dead' AND m.others IS NULL
    ) AS known
FROM marked m JOIN changes c USING (change_id) ORDER BY m.position
"""
_WAITING = """
SELECT q.warning_id, q.position, d.fallback IS NULL AND d.purpose NOT IN ('heartbeat', 'test') AS wanted
FROM queue q JOIN deliveries d USING (position)
WHERE q.receiver = $1 AND (q.warning_id, q.position) > ($2::uuid, $3::bigint)
ORDER BY q.receiver, q.warning_id, q.position LIMIT $4
"""
_DISABLED = "SELECT receiver FROM disabled_receivers WHERE receiver = ANY($1::text[])"


async def lock(connection: "asyncpg.Connection[Any]", handings: Sequence[Handing]) -> None:
    """Within a transaction, before it locks anything else: hold the warnings of these."""
    if handings:
        await connection.fetch(_LOCK, [each.position for each in handings])


async def hand_on(connection: "asyncpg.Connection[Any]", handings: Sequence[Handing], now: datetime) -> list[str]:
    """In the same transaction: queue a copy of each that was not handed on before. The receivers that get one."""
    if not handings:
        return []
    by_name = {each.fallback.receiver: each.fallback for each in handings}
    rows = await connection.fetch(
        _MARK, [each.position for each in handings], [each.fallback.receiver for each in handings]
    )
    copies = [_copy(row, by_name[row["receiver"]]) for row in rows if not row["known"]]
    warnings = {(each, row["receiver"]) for row in rows for each in (row["warning_id"], *row["other_warnings"])}
    await told(connection, sorted(warnings))
    made = await make(connection, copies, now)
    return [each.receiver for each in copies if each.id in made]


async def waiting(connection: "asyncpg.Connection[Any]", receiver: str, after: Place) -> tuple[list[int], Place | None]:
    """Some of what is pending for a receiver and was not handed on, and where to go on; None at the end."""
    rows = await connection.fetch(_WAITING, receiver, *after, ROWS_A_STEP)
    found = [row["position"] for row in rows if row["wanted"]]
    return found, (rows[-1]["warning_id"], rows[-1]["position"]) if len(rows) == ROWS_A_STEP else None


async def disabled(connection: "asyncpg.Connection[Any]", receivers: Sequence[str]) -> set[str]:
    """Those of these that nothing is sent to."""
    return {row["receiver"] for row in await connection.fetch(_DISABLED, list(receivers))}


def _copy(row: "asyncpg.Record", fallback: Fallback) -> NewDelivery:
    return NewDelivery(
        fallback_id(row["first"], fallback.receiver),
        WarningChange.model_validate_json(row["data"]),
        fallback.receiver,
        fallback.channel,
        fallback.give_up_at[row["level"]],
        Purpose.FALLBACK,
        others=row["others"] or (),
        total=row["total"],
        common=json.loads(row["common"]) if row["common"] is not None else None,
        stands_for=row["first"],
        mentions={*row["other_warnings"]} - {row["warning_id"]},
    )
