"""Writes down what became of attempts: the delivery's new state, the attempt itself, and who may go next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.notifier.core.schedule import Conclusion
from services.notifier.core.verdict import Answer
from services.notifier.store.claiming import Claim


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended. `gone` says that the receiver itself is."""

    claim: Claim
    conclusion: Conclusion
    answer: Answer
    started_at: datetime
    seconds: float
    gone: bool = False
    channel: str = ""
    reached: bool = True
    """Whoever it was for may have got it."""
    digest: bytes | None = None
    """SHA-256 of what was sent, without signatures and secrets; None where there was nothing to send."""


# Locked in the order of their positions, as whoever takes changes in locks them: nobody waits in a circle.
_SETTLE = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::text[], $7::bool[])
    AS g(position, fence, state, due_at, error, reached)
), mine AS MATERIALIZED (
    SELECT q.position, g.state, g.due_at, g.error, g.reached FROM given g JOIN queue q USING (position)
    WHERE q.fence = g.fence ORDER BY q.position FOR UPDATE OF q
), again AS (
    UPDATE queue q SET due_at = m.due_at, claimed = false FROM mine m
    WHERE q.position = m.position AND m.state = 'pending' RETURNING q.position, m.error, m.reached
), over AS (
    DELETE FROM queue q USING mine m
    WHERE q.position = m.position AND m.state <> 'pending' RETURNING q.position, m.state, m.error, m.reached
), recorded AS (
    UPDATE deliveries d SET state = o.state, error = o.error, settled_at = o.settled_at,
        reached = d.reached OR o.reached
    FROM (
        SELECT position, state, error, $6::timestamptz AS settled_at, reached FROM over
        UNION ALL SELECT position, 'pending', error, NULL, reached FROM again
    ) o
    WHERE d.position = o.position
)
SELECT position FROM mine
"""
_RECORD = """
INSERT INTO attempts (delivery_id, fence, number, started_at, seconds, result, error, answer_code, answer_body,
    request_digest)
SELECT * FROM unnest(
    $1::uuid[], $2::bigint[], $3::int[], $4::timestamptz[], $5::float8[], $6::text[], $7::text[], $8::int[], $9::text[],
    $10::bytea[]
) ON CONFLICT DO NOTHING
"""

# A statement of its own, after _SETTLE: it must see rows that were queued while _SETTLE waited for their lock.
RELEASE = """
UPDATE queue SET waiting = false WHERE waiting AND position = ANY(ARRAY(
    SELECT head.position FROM unnest($1::text[], $2::uuid[]) AS s(receiver, warning_id)
    CROSS JOIN LATERAL (
        SELECT position FROM queue WHERE receiver = s.receiver AND warning_id = s.warning_id
        ORDER BY receiver, warning_id, position LIMIT 1
    ) head
)) RETURNING receiver
"""
_DISABLE = """
INSERT INTO disabled_receivers (receiver, at, why) SELECT receiver, $1, why
FROM unnest($2::text[], $3::text[]) AS g(receiver, why) ON CONFLICT DO NOTHING
"""


async def settle(connection: "asyncpg.Connection[Any]", outcomes: Sequence[Outcome], now: datetime) -> set[int]:
    """Within a transaction: the positions recorded. Of the others the lease had ended and another worker took over;
    the attempt is kept, and its verdict changes nothing."""
    rows = await connection.fetch(
        _SETTLE,
        [each.claim.position for each in outcomes],
        [each.claim.fence for each in outcomes],
        [each.conclusion.state for each in outcomes],
        [each.conclusion.due_at for each in outcomes],
        [each.conclusion.error for each in outcomes],
        now,
        [each.reached for each in outcomes],
    )
    mine = {row["position"] for row in rows}
    await connection.execute(_RECORD, *_attempts(outcomes))
    if gone := {each.claim.receiver: each.conclusion.error for each in outcomes if each.gone}:
        await connection.execute(_DISABLE, now, list(gone), list(gone.values()))
    return mine


async def release(connection: "asyncpg.Connection[Any]", settled: Sequence[Claim]) -> list[str]:
    """In the same transaction: let the next message of each lane go. The receivers that have one."""
    lanes = {(each.receiver, each.warning_id) for each in settled}
    if not lanes:
        return []
    rows = await connection.fetch(RELEASE, [receiver for receiver, _ in lanes], [warning for _, warning in lanes])
    return [row["receiver"] for row in rows]


def _attempts(outcomes: Sequence[Outcome]) -> list[list[Any]]:
    rows = [
        (
            each.claim.delivery_id,
            each.claim.fence,
            each.claim.tries,
            each.started_at,
            each.seconds,
            each.conclusion.result,
            each.conclusion.error,
            each.answer.code,
            each.answer.body or None,
            each.digest,
        )
        for each in outcomes
    ]
    return [list(column) for column in zip(*rows, strict=True)]
