"""What receivers have heard of warnings, by the deliveries that spoke of them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.hearing import Heard, heard_of
from services.notifier.core.message import fallback_id
from services.notifier.core.reasons import Reason

# A message that speaks of several warnings is found by the notices that it settled.
_TOLD = """
SELECT warning_id, receiver FROM deliveries WHERE warning_id = ANY($1::uuid[])
UNION
SELECT n.warning_id, d.receiver FROM notices n JOIN deliveries d USING (delivery_id) WHERE n.warning_id = ANY($1)
"""
_NAMED = """
SELECT DISTINCT warning_id, delivery_id FROM notices
WHERE warning_id = ANY($1::uuid[]) AND delivery_id IS NOT NULL
"""
_EARLIER = """
SELECT g.number, coalesce(d.reached, true) AS reached, d.fallback
FROM unnest($1::int[], $2::bigint[], $3::text[], $4::uuid[]) AS g(number, position, receiver, warning_id)
JOIN deliveries d ON d.warning_id = g.warning_id AND d.receiver = g.receiver AND d.position < g.position
UNION ALL
SELECT g.number, coalesce(d.reached, true), d.fallback
FROM unnest($5::int[], $6::uuid[]) AS n(number, delivery_id) JOIN deliveries d USING (delivery_id)
JOIN unnest($1::int[], $2::bigint[], $3::text[], $4::uuid[]) AS g(number, position, receiver, warning_id) USING (number)
WHERE d.receiver = g.receiver AND d.warning_id <> g.warning_id AND d.position < g.position
"""
# What was told at once has no notice yet, and what stands in for another receiver's message has none either.
_STRIKE = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[])
        AS g(delivery_id, receiver, change_id, warning_id, borrower_id)
), struck AS (
    UPDATE notices n SET state = 'suppressed', reason = $7, detail = $8 FROM given g
    WHERE n.delivery_id = g.delivery_id AND n.warning_id = g.warning_id AND n.receiver = g.receiver
        AND n.change_id = g.change_id AND n.state = 'told'
)
INSERT INTO notices (change_id, warning_id, borrower_id, receiver, state, reason, detail, delivery_id, at, settled_at)
SELECT g.change_id, g.warning_id, g.borrower_id, g.receiver, 'suppressed', $7, $8, g.delivery_id, $1, $1 FROM given g
WHERE NOT EXISTS (
    SELECT FROM notices n
    WHERE n.warning_id = g.warning_id AND n.delivery_id = g.delivery_id AND n.change_id = g.change_id
)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one delivery, at its position, says of one warning."""

    position: int
    receiver: str
    warning_id: UUID


@dataclass(frozen=True, slots=True)
class Earlier:
    """What its receiver had heard of the warning before, and who stood in for it then."""

    heard: Heard
    instead: frozenset[str]


@dataclass(frozen=True, slots=True)
class Struck:
    """What a delivery does not say of a warning after all."""

    delivery_id: UUID
    receiver: str
    change_id: UUID
    warning_id: UUID
    borrower_id: str


async def told_of(connection: "asyncpg.Connection[Any]", warnings: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """Whom messages were made for that speak of warnings which are not open any more, or were never heard of."""
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    for row in await connection.fetch(_TOLD, list(warnings)):
        found[row["warning_id"]].add(row["receiver"])
    return {warning: frozenset(receivers) for warning, receivers in found.items()}


async def earlier(connection: "asyncpg.Connection[Any]", asked: Sequence[Asked]) -> dict[Asked, Earlier]:
    """What came before each in its lane."""
    if not asked:
        return {}
    named: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for row in await connection.fetch(_NAMED, list({each.warning_id for each in asked})):
        named[row["warning_id"]].append(row["delivery_id"])
    others = [
        (number, identity)
        for number, each in enumerate(asked)
        for first in named[each.warning_id]
        for identity in (first, fallback_id(first, each.receiver))
    ]
    rows = await connection.fetch(
        _EARLIER,
        [*range(len(asked))],
        [each.position for each in asked],
        [each.receiver for each in asked],
        [each.warning_id for each in asked],
        [number for number, _ in others],
        [identity for _, identity in others],
    )
    reached: defaultdict[int, list[bool]] = defaultdict(list)
    instead: defaultdict[int, set[str]] = defaultdict(set)
    for row in rows:
        reached[row["number"]].append(row["reached"])
        instead[row["number"]] |= {row["fallback"]} - {None}
    return {each: Earlier(heard_of(reached[number]), frozenset(instead[number])) for number, each in enumerate(asked)}


async def strike(connection: "asyncpg.Connection[Any]", struck: Sequence[Struck], why: str, now: datetime) -> None:
    """Within a transaction: keep that these are not said, and why."""
    if struck:
        columns = [
            [each.delivery_id for each in struck],
            [each.receiver for each in struck],
            [each.change_id for each in struck],
            [each.warning_id for each in struck],
            [each.borrower_id for each in struck],
        ]
        await connection.execute(_STRIKE, now, *columns, Reason.UNTOLD, why)
