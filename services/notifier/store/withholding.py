"""Puts claimed deliveries back until they may go, or ends them because they may not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from services.notifier.core.conduct import Never
from services.notifier.store.claiming import Claim

# It was no try: neither sent nor refused.
_WAIT = """
UPDATE queue q SET due_at = g.until, claimed = false, tries = tries - 1
FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS g(position, fence, until)
WHERE q.position = g.position AND q.fence = g.fence
"""
_WITHHOLD = """
WITH over AS (
    DELETE FROM queue q USING unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[])
        AS g(position, fence, reason, why)
    WHERE q.position = g.position AND q.fence = g.fence RETURNING q.position, g.reason, g.why
), settled AS (
    UPDATE deliveries d SET state = 'suppressed', error = o.why, settled_at = $1 FROM over o
    WHERE d.position = o.position
    RETURNING d.change_id, d.warning_id, d.borrower_id, d.receiver, d.delivery_id, o.reason, o.why
)
INSERT INTO notices (change_id, warning_id, borrower_id, receiver, state, reason, detail, delivery_id, at, settled_at)
SELECT change_id, warning_id, borrower_id, receiver, 'suppressed', reason, why, delivery_id, $1, $1 FROM settled
"""


async def wait(connection: "asyncpg.Connection[Any]", claims: Sequence[tuple[Claim, datetime]]) -> None:
    """Within a transaction: each is due again then, as if it had not been claimed."""
    if claims:
        columns = ([claim.position for claim, _ in claims], [claim.fence for claim, _ in claims])
        await connection.execute(_WAIT, *columns, [until for _, until in claims])


async def withhold(connection: "asyncpg.Connection[Any]", claims: Sequence[tuple[Claim, Never]], now: datetime) -> None:
    """Within a transaction: these are never sent, and a notice says why."""
    if claims:
        await connection.execute(
            _WITHHOLD,
            now,
            [claim.position for claim, _ in claims],
            [claim.fence for claim, _ in claims],
            [never.reason for _, never in claims],
            [never.why for _, never in claims],
        )
