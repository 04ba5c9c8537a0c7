"""Claims what is due: each row by one worker, for the length of a lease."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.contact import Contact

# A row another worker holds is skipped, never waited for. `waiting` keeps blocked rows out of the index; that none goes
# before an earlier one of its lane is asked all the same, and that neither does one before what speaks of its warning
# among others, nor what speaks of several before anything of any of them. OFFSET 0 has the
# planner look for that row by row, and the array keeps it from guessing how many rows come. Of a claim whose lease has
# ended nobody knows how its attempt went.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT q.position, q.claimed FROM unnest($1::text[], $2::int[]) AS w(receiver, room)
    CROSS JOIN LATERAL (
        SELECT r.position, r.claimed FROM queue r
        WHERE r.receiver = w.receiver AND NOT r.waiting AND r.due_at <= $3 AND NOT EXISTS (
            SELECT FROM queue e
            WHERE e.receiver = r.receiver AND e.warning_id = r.warning_id AND e.position < r.position
        ) AND NOT EXISTS (
            SELECT FROM mentions m JOIN queue e USING (position)
            WHERE m.receiver = r.receiver AND m.warning_id = r.warning_id AND m.position < r.position
            OFFSET 0
        ) AND NOT EXISTS (
            SELECT FROM mentions o JOIN queue e ON e.receiver = o.receiver AND e.warning_id = o.warning_id
            WHERE o.position = r.position AND e.position < r.position OFFSET 0
        ) AND NOT EXISTS (
            SELECT FROM mentions o JOIN mentions m ON m.receiver = o.receiver AND m.warning_id = o.warning_id
            JOIN queue e ON e.position = m.position WHERE o.position = r.position AND m.position < r.position OFFSET 0
        )
        ORDER BY r.receiver, r.due_at, r.position LIMIT w.room FOR UPDATE OF r SKIP LOCKED
    ) q
    WHERE NOT EXISTS (SELECT FROM disabled_receivers d WHERE d.receiver = w.receiver)
), claimed AS (
    UPDATE queue SET due_at = $4, claimed = true, tries = tries + 1, fence = nextval('fences')
    WHERE position = ANY(ARRAY(SELECT position FROM due))
    RETURNING position, tries, fence
), lost AS (
    UPDATE deliveries SET reached = true WHERE position = ANY(ARRAY(SELECT position FROM due WHERE due.claimed))
)
SELECT q.position, d.delivery_id, d.receiver, d.warning_id, q.tries, q.fence, c.data, d.accepted_at, d.give_up_at,
    d.purpose, d.others, d.total, d.common,
    CASE WHEN d.stands_for IS NULL THEN d.created_at ELSE coalesce(
        (SELECT f.created_at FROM deliveries f WHERE f.delivery_id = d.stands_for), d.created_at
    ) END AS created_at,
    EXISTS (
        SELECT FROM open_warnings w WHERE w.warning_id = d.warning_id AND w.acknowledged_at IS NULL
    ) AS unanswered,
    d.kind IN ('cleared', 'withdrawn') AND (
        d.purpose = 'fallback' OR NOT EXISTS (
            SELECT FROM deliveries e WHERE e.warning_id = d.warning_id AND e.receiver = d.receiver
                AND e.position < d.position AND coalesce(e.reached, true)
        ) OR EXISTS (
            SELECT FROM deliveries e WHERE e.warning_id = d.warning_id AND e.receiver = d.receiver
                AND e.position < d.position AND e.fallback IS NOT NULL
        )
    ) AS doubtful
FROM claimed q JOIN deliveries d USING (position) JOIN changes c USING (change_id) ORDER BY q.position
"""
_CHANGES = "SELECT change_id, data FROM changes WHERE change_id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery that is this worker's until its lease ends. `fence` proves whose it is."""

    position: int
    delivery_id: UUID
    receiver: str
    warning_id: UUID
    tries: int
    fence: int
    data: bytes
    accepted_at: datetime | None
    created_at: datetime
    """When the message was made; of a fallback, that which it stands for."""
    give_up_at: datetime
    recipient: Contact | None = None
    """The borrower it goes to, once the guard has let it pass."""
    unanswered: bool = False
    """The warning that leads is open, and nobody answers for it yet."""
    purpose: str = "change"
    others: Sequence[UUID] | None = None
    """The changes told along, in their order; `told` holds those that are still kept."""
    total: int = 1
    common: str | None = None
    told: Sequence[bytes] = ()
    doubtful: bool = False
    """It says that a warning is over, and its receiver may not have heard of it, or somebody else may have."""


async def claim(
    connection: "asyncpg.Connection[Any]", rooms: Mapping[str, int], now: datetime, leased_until: datetime
) -> list[Claim]:
    """What is due, at most so many for each receiver; none behind an earlier pending one on the same warning."""
    rows = await connection.fetch(_CLAIM, list(rooms), list(rooms.values()), now, leased_until)
    claims = [Claim(**row) for row in rows]
    return await _with_others(connection, claims) if any(each.others for each in claims) else claims


async def _with_others(connection: "asyncpg.Connection[Any]", claims: Sequence[Claim]) -> list[Claim]:
    wanted = {each for one in claims for each in one.others or ()}
    kept = {row["change_id"]: row["data"] for row in await connection.fetch(_CHANGES, list(wanted))}
    return [replace(one, told=[kept[each] for each in one.others or () if each in kept]) for one in claims]
