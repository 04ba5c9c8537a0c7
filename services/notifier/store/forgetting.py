"""Deletes what is past its time, in steps that each take rows no other replica has.

What is over is deleted by whoever ends it: rows of `queue`, `open_warnings`, `gatherings` and `escalations`. Contacts
are deleted by request; `paces` and `disabled_receivers` have a row for each receiver's name. The rest is deleted here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

ROWS_A_STEP = 5_000
"""Each step passes by what is old and still named again: 200,000 such changes take it a second."""

# While the warning is open they say who has heard of it, and so who hears of its end.
_DELIVERIES = """
WITH old AS (
    DELETE FROM deliveries WHERE position = ANY(ARRAY(
        SELECT d.position FROM deliveries d WHERE d.created_at < $1 AND d.state <> 'pending'
            AND NOT EXISTS (SELECT FROM open_warnings w WHERE w.warning_id = d.warning_id)
        LIMIT $2 FOR UPDATE OF d SKIP LOCKED
    )) RETURNING delivery_id
), their_attempts AS (
    DELETE FROM attempts WHERE delivery_id = ANY(ARRAY(SELECT delivery_id FROM old))
)
SELECT count(*) FROM old
"""
# Of what may still be sent, or sent again, they are needed.
_MENTIONS = """
WITH old AS (
    DELETE FROM mentions WHERE ctid = ANY(ARRAY(
        SELECT m.ctid FROM mentions m WHERE NOT EXISTS (
            SELECT FROM deliveries d
            WHERE d.position = m.position AND (d.state IN ('pending', 'dead') OR d.settled_at >= $1)
        ) LIMIT $2 FOR UPDATE OF m SKIP LOCKED
    )) RETURNING 1
)
SELECT count(*) FROM old
"""
# One that was told and still has its key is what its gathering repeats.
_NOTICES = """
WITH old AS (
    DELETE FROM notices WHERE number = ANY(ARRAY(
        SELECT n.number FROM notices n
        WHERE n.at < $1 AND n.settled_at < $1 AND (n.state = 'suppressed' OR n.key IS NULL)
            AND NOT EXISTS (SELECT FROM deliveries d WHERE d.delivery_id = n.delivery_id)
        LIMIT $2 FOR UPDATE OF n SKIP LOCKED
    )) RETURNING number
)
SELECT count(*) FROM old
"""


def _changes(which: str) -> str:
    """Changes that nothing names any more: not as the newest of what is open, and in no message, past or to come."""
    names = ("open_warnings", "notices", "escalations", "deliveries")
    unnamed = " AND ".join(
        f"NOT EXISTS (SELECT FROM {name} o WHERE o.warning_id = c.warning_id AND o.change_id = c.change_id)"
        for name in names
    )
    return f"""
    WITH old AS (
        DELETE FROM changes WHERE change_id = ANY(ARRAY(
            SELECT c.change_id FROM changes c WHERE {which} AND c.seen_at < $1 AND {unnamed}
            LIMIT $2 FOR UPDATE OF c SKIP LOCKED
        )) RETURNING change_id
    )
    SELECT count(*) FROM old
    """  # noqa: S608 - our own words


_UNROUTED, _ROUTED = _changes("NOT c.routed"), _changes("c.routed")


def _before(table: str, column: str) -> str:
    """Rows of a table that nothing refers to."""
    return f"""
    WITH old AS (
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM {table} WHERE {column} < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
        )) RETURNING 1
    )
    SELECT count(*) FROM old
    """  # noqa: S608 - our own words


_TOUCHES, _FLOW, _SILENCES = _before("contact_touches", "at"), _before("flow", "minute"), _before("silences", "ends_at")


@dataclass(frozen=True, slots=True)
class Keep:
    """How long what is kept: ids of changes, records of what was told and why not, and what is counted of late."""

    ids: timedelta
    records: timedelta
    touches: timedelta
    flow: timedelta


@dataclass(frozen=True, slots=True)
class Old:
    """Rows of one kind from before a moment."""

    delete: str
    before: datetime


def olds(now: datetime, keep: Keep) -> Iterator[Old]:
    """What is past its time, in the order in which it is to be forgotten.

    A change is kept for `keep.ids` at least, and as long as anything names it.
    """
    records = now - keep.records
    yield Old(_DELIVERIES, records)
    yield Old(_MENTIONS, now)
    yield Old(_NOTICES, records)
    yield Old(_UNROUTED, now - keep.ids)
    yield Old(_ROUTED, min(records, now - keep.ids))
    yield Old(_TOUCHES, now - keep.touches)
    yield Old(_FLOW, now - keep.flow)
    yield Old(_SILENCES, records)


async def forget(connection: "asyncpg.Connection[Any]", old: Old) -> bool:
    """Delete some of it. Whether there may be more."""
    return int(await connection.fetchval(old.delete, old.before, ROWS_A_STEP)) == ROWS_A_STEP
