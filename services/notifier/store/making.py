"""Makes deliveries: each once, whichever replica comes first, and last in its lane."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.message import Purpose
from shared.warnings import WarningChange


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One message to one receiver. Its id says what it stands for, so that the same again changes nothing."""

    id: UUID
    change: WarningChange
    """What leads it; the lane is its warning's."""
    receiver: str
    channel: str
    give_up_at: datetime
    purpose: Purpose
    others: Sequence[UUID] = ()
    """The newest changes of the other warnings told along."""
    total: int = 1
    common: Mapping[str, str] | None = None
    stands_for: UUID | None = None
    """The delivery that could not be made, of a fallback."""
    mentions: Collection[UUID] = ()
    """The warnings that it speaks of besides the one that leads it: what is told of them later waits for it."""
    accepted_at: datetime | None = None
    """When ingest accepted what led to the change; only of a change that is told at once."""


# A statement of its own: it must see what another worker committed while the same transaction waited for it.
# The lock on the lane's rows keeps them from being settled unseen: a new row either waits behind a row whose
# settlement will release it, or finds the lane empty.
_MAKE = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(
        $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::timestamptz[], $11::text[], $12::text[], $13::int[], $14::text[], $15::uuid[], $16::timestamptz[]
    ) WITH ORDINALITY AS g(
        delivery_id, change_id, warning_id, borrower_id, kind, level, receiver, channel, give_up_at, purpose, others,
        total, common, stands_for, accepted_at, number
    )
), ahead AS MATERIALIZED (
    SELECT q.receiver, q.warning_id FROM queue q
    WHERE q.position = ANY(ARRAY(
        SELECT l.position FROM (SELECT DISTINCT receiver, warning_id FROM given) g
        CROSS JOIN LATERAL (
            SELECT position FROM queue WHERE receiver = g.receiver AND warning_id = g.warning_id
        ) l
    ))
    ORDER BY q.position FOR SHARE
), made AS (
    INSERT INTO deliveries (
        delivery_id, change_id, warning_id, borrower_id, kind, level, receiver, channel, state, created_at, give_up_at,
        purpose, others, total, common, stands_for, accepted_at
    )
    SELECT delivery_id, change_id, warning_id, borrower_id, kind, level, receiver, channel, 'pending', $1, give_up_at,
        purpose, others::uuid[], total, common::jsonb, stands_for, accepted_at
    FROM given ORDER BY number
    ON CONFLICT (delivery_id) DO NOTHING
    RETURNING position, delivery_id, receiver, warning_id
), queued AS (
    INSERT INTO queue (position, delivery_id, receiver, warning_id, due_at, waiting)
    SELECT position, delivery_id, receiver, warning_id, $1,
        row_number() OVER (PARTITION BY receiver, warning_id ORDER BY position) > 1
        OR (receiver, warning_id) IN (SELECT receiver, warning_id FROM ahead)
    FROM made
)
SELECT delivery_id FROM made
"""
_MENTION = """
INSERT INTO mentions (receiver, warning_id, position)
SELECT d.receiver, g.warning_id, d.position
FROM unnest($1::uuid[], $2::uuid[]) AS g(delivery_id, warning_id) JOIN deliveries d USING (delivery_id)
ON CONFLICT DO NOTHING
"""


async def make(connection: "asyncpg.Connection[Any]", given: Sequence[NewDelivery], now: datetime) -> set[UUID]:
    """Within a transaction: queue these in their order. The ids that were new."""
    if not given:
        return set()
    rows = await connection.fetch(_MAKE, now, *_columns(given))
    made = {row["delivery_id"] for row in rows}
    if mentions := [(each.id, warning) for each in given if each.id in made for warning in each.mentions]:
        await connection.execute(_MENTION, *(list(column) for column in zip(*mentions, strict=True)))
    return made


def _columns(given: Sequence[NewDelivery]) -> list[list[Any]]:
    rows = [
        (
            each.id,
            each.change.change_id,
            each.change.warning_id,
            each.change.borrower_id,
            each.change.kind,
            each.change.level,
            each.receiver,
            each.channel,
            each.give_up_at,
            each.purpose,
            "{" + ",".join(map(str, each.others)) + "}" if each.others else None,
            each.total,
            json.dumps(each.common) if each.common is not None else None,
            each.stands_for,
            each.accepted_at,
        )
        for each in given
    ]
    return [list(column) for column in zip(*rows, strict=True)]
