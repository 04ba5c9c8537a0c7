"""The contact directory, sealed, and when each borrower was written to or spoken to."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.conduct import Touch
from services.notifier.core.contact import Contact
from services.notifier.core.times import zone_name
from services.notifier.store.sealing import Sealer, SealError

ALL_DEBTS = ""
"""Stands in `contact_touches` for what was not about one debt."""

_PUT = """
INSERT INTO contacts (borrower_id, sealed, updated_at) VALUES ($1, $2, $3)
ON CONFLICT (borrower_id) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at
"""
_SEALED = "SELECT borrower_id, sealed, updated_at FROM contacts WHERE borrower_id = ANY($1::text[])"
_DELETE = "DELETE FROM contacts WHERE borrower_id = $1 RETURNING borrower_id"
_TOUCH = """
INSERT INTO contact_touches (borrower_id, debt, at, kind, delivery_id)
SELECT borrower_id, debt, $1, kind, delivery_id FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[])
AS g(borrower_id, debt, kind, delivery_id) ON CONFLICT DO NOTHING
"""
_TOUCHES = "SELECT borrower_id, debt, at, kind FROM contact_touches WHERE borrower_id = ANY($1::text[]) AND at > $2"
_UNTOUCH = """
DELETE FROM contact_touches t USING unnest($1::text[], $2::uuid[]) AS g(borrower_id, delivery_id)
WHERE t.borrower_id = g.borrower_id AND t.delivery_id = g.delivery_id AND t.kind = 'message'
    AND t.at = (
        SELECT max(l.at) FROM contact_touches l
        WHERE l.borrower_id = g.borrower_id AND l.delivery_id = g.delivery_id AND l.kind = 'message'
    )
"""
# Whoever counts a borrower's touches in order to add one does so alone; those of other borrowers do not wait.
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(id, 4)) FROM (SELECT unnest($1::text[]) AS id ORDER BY 1) o"


@dataclass(frozen=True, slots=True)
class Kept:
    """A contact, and since when it is so."""

    contact: Contact
    updated_at: datetime


async def put(connection: "asyncpg.Connection[Any]", sealer: Sealer, contact: Contact, now: datetime) -> None:
    """Keep a contact in place of what was known."""
    sealed = sealer.seal(contact.borrower_id, _written(contact))
    await connection.execute(_PUT, contact.borrower_id, sealed, now)


async def known(connection: "asyncpg.Connection[Any]", sealer: Sealer, borrowers: Collection[str]) -> dict[str, Kept]:
    """What is known of these. Raises SealError."""
    return {
        row["borrower_id"]: Kept(_read(row["borrower_id"], sealer.open(*row[:2])), row["updated_at"])
        for row in await connection.fetch(_SEALED, list(borrowers))
    }


async def delete(connection: "asyncpg.Connection[Any]", borrower_id: str) -> bool:
    """Forget how to reach a borrower. False where that was not known."""
    return await connection.fetchval(_DELETE, borrower_id) is not None


async def alone(connection: "asyncpg.Connection[Any]", borrowers: Collection[str]) -> None:
    """Within a transaction, first of all: until its end nobody else counts the touches of these."""
    await connection.fetch(_ALONE, sorted(borrowers))


async def touches(
    connection: "asyncpg.Connection[Any]", borrowers: Collection[str], since: datetime
) -> dict[str, list[Touch]]:
    """When these were written to and spoken to."""
    found: dict[str, list[Touch]] = {each: [] for each in borrowers}
    for row in await connection.fetch(_TOUCHES, list(borrowers), since):
        found[row["borrower_id"]].append(Touch(row["at"], row["kind"], row["debt"] or None))
    return found


async def touch(
    connection: "asyncpg.Connection[Any]", touched: Sequence[tuple[str, str | None, str, UUID]], at: datetime
) -> None:
    """These borrowers are written to or spoken to: borrower, debt, kind, and what stands for it."""
    columns = [[*each] for each in zip(*touched, strict=True)] if touched else [[], [], [], []]
    columns[1] = [debt or ALL_DEBTS for debt in columns[1]]
    await connection.execute(_TOUCH, at, *columns)


async def untouch(connection: "asyncpg.Connection[Any]", never_reached: Mapping[UUID, str]) -> None:
    """The last attempt at these deliveries has not reached their borrowers: it does not count."""
    if never_reached:
        await connection.execute(_UNTOUCH, [*never_reached.values()], [*never_reached])


def _written(contact: Contact) -> bytes:
    return json.dumps(
        {
            "language": contact.language,
            "time_zone": contact.time_zone,
            "phone": contact.phone,
            "email": contact.email,
            "consents": sorted(contact.consents),
            "opted_out": contact.opted_out,
        }
    ).encode()


def _read(borrower_id: str, plain: bytes) -> Contact:
    found = json.loads(plain)
    try:
        zone_name(found["time_zone"])
    except ValueError as error:
        raise SealError(f"it cannot be used: {error}") from None
    return Contact(borrower_id, **{**found, "consents": frozenset(found["consents"])})
