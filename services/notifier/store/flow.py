"""How many messages of late each receiver was made that knows storms."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg

_OF = """
SELECT g.receiver, coalesce(sum(f.messages), 0)::int AS messages
FROM unnest($1::text[], $2::timestamptz[]) AS g(receiver, since)
LEFT JOIN flow f ON f.receiver = g.receiver AND f.minute > g.since GROUP BY g.receiver
"""
_ADD = """
INSERT INTO flow (receiver, minute, messages)
SELECT * FROM unnest($2::text[], array_fill($1::timestamptz, ARRAY[cardinality($2::text[])]), $3::int[]) ORDER BY 1
ON CONFLICT (receiver, minute) DO UPDATE SET messages = flow.messages + excluded.messages
"""


async def of(connection: "asyncpg.Connection[Any]", windows: Mapping[str, timedelta], now: datetime) -> dict[str, int]:
    """Within a transaction: messages to each receiver in its window, counted in whole minutes."""
    if not windows:
        return {}
    rows = await connection.fetch(_OF, list(windows), [now - each for each in windows.values()])
    return {row["receiver"]: row["messages"] for row in rows}


async def add(connection: "asyncpg.Connection[Any]", messages: Mapping[str, int], now: datetime) -> None:
    """In the same transaction: so many more to each."""
    if messages:
        minute = now.replace(second=0, microsecond=0)
        await connection.execute(_ADD, minute, list(messages), list(messages.values()))
