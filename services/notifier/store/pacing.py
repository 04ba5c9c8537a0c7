"""Claims for receivers that have a rate: no more than all replicas together may send now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from services.notifier.core.flow import Rate
from services.notifier.store.claiming import Claim, claim

BUSY = timedelta(milliseconds=20)
"""When to look again at a receiver whose pace another replica holds: it claims at this moment."""
_BEGIN = """
INSERT INTO paces (receiver, next_at) SELECT receiver, 'epoch' FROM unnest($1::text[]) AS g(receiver)
ON CONFLICT DO NOTHING
"""
# Whose pace another replica holds is left to that one. The time is the database's: replicas' clocks differ.
_LOCK = """
SELECT receiver, next_at, clock_timestamp() AS now FROM paces WHERE receiver = ANY($1::text[])
ORDER BY receiver FOR UPDATE SKIP LOCKED
"""
_MOVE = """
UPDATE paces p SET next_at = g.next_at FROM unnest($1::text[], $2::timestamptz[]) AS g(receiver, next_at)
WHERE p.receiver = g.receiver
"""


@dataclass(frozen=True, slots=True)
class Paced:
    """What was claimed, and for how long nothing more may be claimed for each receiver that was asked for."""

    claims: Sequence[Claim]
    waits: Mapping[str, timedelta]


async def begin(connection: "asyncpg.Connection[Any]", receivers: Sequence[str]) -> None:
    """Give each of these a pace, unless it has one. Once is enough: none is ever taken away."""
    if receivers:
        await connection.execute(_BEGIN, sorted(receivers))


async def claim_paced(
    connection: "asyncpg.Connection[Any]",
    rooms: Mapping[str, int],
    rates: Mapping[str, Rate],
    now: datetime,
    leased_until: datetime,
) -> Paced:
    """Within a transaction: as `claim`, and for none of these receivers more than its pace lets through now."""
    paces = {row["receiver"]: row for row in await connection.fetch(_LOCK, list(rooms))}
    allowed = {
        name: min(rooms[name], rates[name].allowed(pace["next_at"], pace["now"])) for name, pace in paces.items()
    }
    claims = await claim(connection, {name: room for name, room in allowed.items() if room}, now, leased_until)
    moved = {
        name: rates[name].spent(paces[name]["next_at"], paces[name]["now"], taken)
        for name in paces
        if (taken := sum(each.receiver == name for each in claims))
    }
    if moved:
        await connection.execute(_MOVE, list(moved), list(moved.values()))
    next_at = {name: moved.get(name, pace["next_at"]) for name, pace in paces.items()}
    waits = {name: rates[name].wait(next_at[name], pace["now"]) for name, pace in paces.items()}
    return Paced(claims, {name: waits.get(name, BUSY) for name in rooms})
