"""Heartbeats: each made once, whichever replica comes first, and when each receiver last took one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.store.making import NewDelivery, make

_KNOWN = "SELECT delivery_id FROM deliveries WHERE delivery_id = ANY($1::uuid[])"
_SAY = """
INSERT INTO changes (change_id, warning_id, seen_at, routed, data)
SELECT change_id, warning_id, $1, true, data FROM unnest($2::uuid[], $3::uuid[], $4::bytea[])
    AS g(change_id, warning_id, data)
ORDER BY change_id ON CONFLICT DO NOTHING
"""
_LATEST = """
SELECT r.receiver, coalesce(
    (SELECT settled_at FROM deliveries d WHERE d.receiver = r.receiver AND d.purpose = 'heartbeat'
        AND d.state = 'delivered' ORDER BY d.position DESC LIMIT 1),
    (SELECT created_at FROM deliveries d WHERE d.receiver = r.receiver AND d.purpose = 'heartbeat'
        ORDER BY d.position LIMIT 1)
) AS at FROM unnest($1::text[]) AS r(receiver)
"""


async def known(connection: "asyncpg.Connection[Any]", ids: Sequence[UUID]) -> set[UUID]:
    """Those of these deliveries that were made."""
    return {row["delivery_id"] for row in await connection.fetch(_KNOWN, list(ids))}


async def beat(connection: "asyncpg.Connection[Any]", given: Sequence[NewDelivery], now: datetime) -> set[UUID]:
    """Within a transaction: queue these, which tell of no warning. The ids that were new."""
    changes = [each.change for each in given]
    await connection.execute(
        _SAY,
        now,
        [each.change_id for each in changes],
        [each.warning_id for each in changes],
        [each.model_dump_json().encode() for each in changes],
    )
    return await make(connection, given, now)


async def latest(connection: "asyncpg.Connection[Any]", receivers: Sequence[str]) -> Mapping[str, datetime]:
    """When each of these last took one; when its first was made, while it has taken none."""
    rows = await connection.fetch(_LATEST, list(receivers))
    return {row["receiver"]: row["at"] for row in rows if row["at"] is not None}
