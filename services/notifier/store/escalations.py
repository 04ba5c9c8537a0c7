"""Escalations under way: begun and ended with the changes that do so, and taken when a step is due."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.escalating import Escalation, Standing, spared, turned
from services.notifier.core.reasons import Reason
from shared.warnings import WarningChange

_BEGIN = """
INSERT INTO escalations (warning_id, policy, change_id, step, round, due_at, begun_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::int[], $6::timestamptz[], $7::timestamptz[])
ON CONFLICT DO NOTHING RETURNING warning_id
"""
# In one order, so that nobody waits in a circle.
_END = """
WITH held AS MATERIALIZED (
    SELECT warning_id, policy FROM escalations WHERE warning_id = ANY($1::uuid[])
    ORDER BY warning_id, policy FOR UPDATE
)
DELETE FROM escalations e USING held h WHERE e.warning_id = h.warning_id AND e.policy = h.policy
RETURNING e.warning_id, e.policy, e.change_id, e.step, e.round, e.due_at, e.begun_at
"""
# Whoever escalates has told somebody of the warning, or has it wait for somebody.
_SPARE = """
INSERT INTO notices (change_id, warning_id, borrower_id, receiver, state, reason, detail, at, settled_at)
SELECT change_id, warning_id, coalesce(
    (SELECT borrower_id FROM deliveries d WHERE d.warning_id = g.warning_id LIMIT 1),
    (SELECT borrower_id FROM notices n WHERE n.warning_id = g.warning_id LIMIT 1),
    ''
), receiver, 'suppressed', reason, detail, $1, $1
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
    AS g(change_id, warning_id, receiver, reason, detail, number) ORDER BY number
"""
_UNDER_WAY = """
SELECT warning_id, policy, change_id, step, round, due_at, begun_at FROM escalations
WHERE warning_id = $1 ORDER BY policy
"""
_DUE = (
    "SELECT DISTINCT warning_id FROM (SELECT warning_id FROM escalations WHERE due_at <= $1 ORDER BY due_at LIMIT $2) d"
)
# Warnings are locked before their escalations, as whoever takes changes in does. One that another transaction holds is
# skipped: that one is about to tell of it or to end it.
_LOCK_WARNINGS = """
SELECT warning_id, change_id, acknowledged_at FROM open_warnings WHERE warning_id = ANY($1::uuid[])
ORDER BY warning_id FOR UPDATE SKIP LOCKED
"""
_TAKE = """
SELECT e.warning_id, e.policy, e.change_id, e.step, e.round, e.due_at, e.begun_at FROM escalations e
WHERE e.warning_id = ANY($1::uuid[]) AND e.due_at <= $3 AND (
    e.warning_id = ANY($2::uuid[]) OR NOT EXISTS (SELECT FROM open_warnings w WHERE w.warning_id = e.warning_id)
)
ORDER BY e.warning_id, e.policy FOR UPDATE SKIP LOCKED
"""
_CHANGES = "SELECT change_id, data FROM changes WHERE change_id = ANY($1::uuid[])"
_GO_ON = """
UPDATE escalations e SET step = g.step, round = g.round, due_at = g.due_at, wake = g.wake
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::timestamptz[], $6::text[])
    AS g(warning_id, policy, step, round, due_at, wake)
WHERE e.warning_id = g.warning_id AND e.policy = g.policy
"""
_FINISH = """
DELETE FROM escalations e USING unnest($1::uuid[], $2::text[]) AS g(warning_id, policy)
WHERE e.warning_id = g.warning_id AND e.policy = g.policy
"""
_TOLD = """
UPDATE open_warnings w SET told = w.told || ARRAY(
    SELECT DISTINCT g.receiver FROM unnest($1::uuid[], $2::text[]) AS g(warning_id, receiver)
    WHERE g.warning_id = w.warning_id AND NOT g.receiver = ANY(w.told) ORDER BY g.receiver
)
WHERE w.warning_id = ANY($1::uuid[])
"""
_WAKE = """
WITH held AS MATERIALIZED (
    SELECT warning_id, policy FROM escalations WHERE wake = ANY($1::text[]) ORDER BY warning_id, policy FOR UPDATE
)
UPDATE escalations e SET due_at = least(e.due_at, $2), wake = NULL FROM held h
WHERE e.warning_id = h.warning_id AND e.policy = h.policy
"""


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step that is due, and the warning as it is now: its newest change, None where it is over."""

    standing: Standing
    newest: WarningChange | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Onward:
    """How an escalation goes on. `wake` names what may make its step due earlier."""

    standing: Standing
    wake: str | None = None


async def escalate(
    connection: "asyncpg.Connection[Any]",
    changes: Iterable[tuple[WarningChange, Mapping[str, datetime]]],
    policies: Mapping[str, Escalation],
    now: datetime,
) -> Counter[str]:
    """Within the transaction that takes these changes in, in their order, each new and with the policies that begin.

    Called once it holds their `open_warnings`: begins what they begin and ends what they end. How many have begun, and
    how many ended, by why.
    """
    turn = turned(changes, policies, now)
    ended = [(each, turn.ended[each.warning_id]) for each in await end(connection, turn.ended)]
    await spare(connection, ended, policies, now)
    became: Counter[str] = Counter(why for _, why in ended)
    became["begun"] = await begin(connection, turn.begun)
    return became


async def begin(connection: "asyncpg.Connection[Any]", begun: Sequence[Standing]) -> int:
    """Within a transaction that holds their warnings: begin those that are not under way already. How many."""
    rows = [
        (each.warning_id, each.policy, each.change_id, each.step, each.round, each.due_at, each.begun_at)
        for each in begun
    ]
    return len(await connection.fetch(_BEGIN, *_columns(rows))) if rows else 0


async def end(connection: "asyncpg.Connection[Any]", warnings: Collection[UUID]) -> list[Standing]:
    """Within a transaction that holds them: end all that is under way for these. How far each had come."""
    rows = await connection.fetch(_END, sorted(warnings)) if warnings else []
    return [Standing(**row) for row in rows]


async def spare(
    connection: "asyncpg.Connection[Any]",
    ended: Iterable[tuple[Standing, Reason]],
    policies: Mapping[str, Escalation],
    now: datetime,
) -> None:
    """In the same transaction: keep why those on their next steps are not told."""
    rows = [
        (each.change_id, each.warning_id, name, why, f"step {number + 1} of the escalation {each.policy}")
        for each, why in ended
        for name, number in spared(each, policies.get(each.policy))
    ]
    if rows:
        await connection.execute(_SPARE, now, *_columns(rows))


async def under_way(connection: "asyncpg.Connection[Any]", warning: UUID) -> list[Standing]:
    """The escalations of a warning."""
    return [Standing(**row) for row in await connection.fetch(_UNDER_WAY, warning)]


async def take_due(connection: "asyncpg.Connection[Any]", now: datetime, most: int) -> list[DueStep]:
    """Within a transaction: due steps that no other transaction holds, of `most` warnings at most."""
    found = [row["warning_id"] for row in await connection.fetch(_DUE, now, most)]
    if not found:
        return []
    held = {row["warning_id"]: row for row in await connection.fetch(_LOCK_WARNINGS, found)}
    standings = [Standing(**row) for row in await connection.fetch(_TAKE, found, list(held), now)]
    wanted = [row["change_id"] for row in held.values()] + [each.change_id for each in standings]
    data = {row["change_id"]: row["data"] for row in await connection.fetch(_CHANGES, wanted)}
    return [_due(each, held.get(each.warning_id), data) for each in standings]


def _due(standing: Standing, warning: "asyncpg.Record | None", data: Mapping[UUID, bytes]) -> DueStep:
    if warning is None:
        return DueStep(standing, None, None)
    # A change that led to no message is forgotten after a while; the one that began this is kept longer.
    newest = data.get(warning["change_id"]) or data.get(standing.change_id)
    change = WarningChange.model_validate_json(newest) if newest else None
    return DueStep(standing, change, warning["acknowledged_at"])


async def go_on(connection: "asyncpg.Connection[Any]", onward: Sequence[Onward]) -> None:
    """In the same transaction: the next step of each, or the same one later."""
    rows = [
        (each.standing.warning_id, each.standing.policy, each.standing.step, each.standing.round,
         each.standing.due_at, each.wake)
        for each in onward
    ]  # fmt: skip
    if rows:
        await connection.execute(_GO_ON, *_columns(rows))


async def finish(connection: "asyncpg.Connection[Any]", over: Sequence[Standing]) -> None:
    """In the same transaction: these have nothing more to tell."""
    if over:
        await connection.execute(_FINISH, [each.warning_id for each in over], [each.policy for each in over])


async def told(connection: "asyncpg.Connection[Any]", tellings: Sequence[tuple[UUID, str]]) -> None:
    """In the same transaction: these receivers know of these warnings from now on, and hear of their end."""
    if tellings:
        await connection.execute(_TOLD, *_columns(tellings))


async def wake(connection: "asyncpg.Connection[Any]", keys: Sequence[str], now: datetime) -> None:
    """Make steps due now that one of these holds."""
    if keys:
        await connection.execute(_WAKE, list(keys), now)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
