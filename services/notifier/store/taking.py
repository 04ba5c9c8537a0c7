"""Takes changes in, each once, and queues what is told of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.message import delivery_id
from shared.warnings import WarningChange


@dataclass(frozen=True, slots=True)
class Order:
    """One receiver to tell, and until when to try."""

    receiver: str
    channel: str
    give_up_at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """One change off the topic, and whom to tell of it."""

    change: WarningChange
    data: bytes
    accepted_at: datetime | None
    orders: Sequence[Order] = ()
    routed: bool = True
    """Whether it may be for anybody: what is for nobody is forgotten sooner."""


# In the order of the ids, so that two workers with the same changes wait for each other and never in a circle.
_SEE = """
INSERT INTO changes (change_id, warning_id, seen_at, routed, data)
SELECT change_id, warning_id, $1, routed, data
FROM unnest($2::uuid[], $3::uuid[], $4::bool[], $5::bytea[]) AS g(change_id, warning_id, routed, data)
ORDER BY change_id
ON CONFLICT (change_id) DO NOTHING RETURNING change_id
"""

# A statement of its own, after _SEE: it must see what another worker committed while _SEE waited for it.
# The lock on the lane's rows keeps them from being settled unseen: a new row either waits behind a row whose
# settlement will release it, or finds the lane empty.
_ORDER = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(
        $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::timestamptz[], $11::timestamptz[]
    ) WITH ORDINALITY AS g(
        delivery_id, change_id, warning_id, borrower_id, kind, level, receiver, channel, accepted_at, give_up_at, number
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
        delivery_id, change_id, warning_id, borrower_id, kind, level, receiver, channel, state, accepted_at, created_at,
        give_up_at
    )
    SELECT delivery_id, change_id, warning_id, borrower_id, kind, level, receiver, channel, 'pending', accepted_at, $1,
        give_up_at
    FROM given ORDER BY number
    RETURNING position, delivery_id, receiver, warning_id
)
INSERT INTO queue (position, delivery_id, receiver, warning_id, due_at, waiting)
SELECT position, delivery_id, receiver, warning_id, $1,
    row_number() OVER (PARTITION BY receiver, warning_id ORDER BY position) > 1
    OR (receiver, warning_id) IN (SELECT receiver, warning_id FROM ahead)
FROM made
"""


# A claimed row may be on its way. What was made of several changes, or for another reason, is not one change's to undo.
_SUPERSEDE = """
WITH unsent AS MATERIALIZED (
    SELECT q.position FROM unnest($2::text[], $3::uuid[]) AS g(receiver, warning_id)
    JOIN queue q ON q.receiver = g.receiver AND q.warning_id = g.warning_id AND NOT q.claimed
    JOIN deliveries d ON d.position = q.position AND d.purpose = 'change' AND d.others IS NULL
    ORDER BY q.position FOR UPDATE OF q
), gone AS (
    DELETE FROM queue WHERE position = ANY(ARRAY(SELECT position FROM unsent)) AND NOT claimed RETURNING position
)
UPDATE deliveries SET state = 'superseded', settled_at = $1, error = 'a later change of the warning was told instead'
WHERE position = ANY(ARRAY(SELECT position FROM gone)) RETURNING delivery_id
"""


async def see(connection: "asyncpg.Connection[Any]", batch: Sequence[Taken], now: datetime) -> list[Taken]:
    """Within a transaction: keep the changes not seen before, and say which these are, in the batch's order."""
    first = {each.change.change_id: each for each in reversed(batch)}
    rows = await connection.fetch(
        _SEE,
        now,
        [*first],
        [each.change.warning_id for each in first.values()],
        [each.routed for each in first.values()],
        [each.data for each in first.values()],
    )
    fresh = {row["change_id"] for row in rows}
    return [each for each in batch if each.change.change_id in fresh and first[each.change.change_id] is each]


async def supersede(
    connection: "asyncpg.Connection[Any]", lanes: Sequence[tuple[str, UUID]], now: datetime
) -> set[UUID]:
    """In the same transaction, before `order`: take back what these receivers have not been sent of these warnings."""
    if not lanes:
        return set()
    rows = await connection.fetch(_SUPERSEDE, now, [each for each, _ in lanes], [each for _, each in lanes])
    return {row["delivery_id"] for row in rows}


async def order(connection: "asyncpg.Connection[Any]", taken: Sequence[Taken], now: datetime) -> None:
    """In the same transaction: queue the deliveries of changes that were not seen before, in the batch's order."""
    orders = [(each, order) for each in taken for order in each.orders]
    if orders:
        await connection.execute(_ORDER, now, *_columns(orders))


def _columns(orders: Sequence[tuple[Taken, Order]]) -> list[list[Any]]:
    rows: list[tuple[UUID | str | datetime | None, ...]] = [
        (
            delivery_id(each.change.change_id, order.receiver),
            each.change.change_id,
            each.change.warning_id,
            each.change.borrower_id,
            each.change.kind,
            each.change.level,
            order.receiver,
            order.channel,
            each.accepted_at,
            order.give_up_at,
        )
        for each, order in orders
    ]
    return [list(column) for column in zip(*rows, strict=True)]
