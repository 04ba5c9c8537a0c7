"""Takes changes in, each once, and queues what is told of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.message import Purpose, delivery_id
from services.notifier.store.making import NewDelivery, make
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
    await make(connection, [_delivery(each, order) for each in taken for order in each.orders], now)


def _delivery(taken: Taken, order: Order) -> NewDelivery:
    return NewDelivery(
        delivery_id(taken.change.change_id, order.receiver),
        taken.change,
        order.receiver,
        order.channel,
        order.give_up_at,
        Purpose.CHANGE,
        accepted_at=taken.accepted_at,
    )
