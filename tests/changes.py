"""Warning changes for tests, off the topic and on their way to receivers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.notifier.core.samples import sample_change
from services.notifier.store.taking import Order, Taken, order, see
from shared.kafka.cloudevents import to_headers
from shared.warnings import Kind, Level, WarningChange

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def warning(number: int) -> UUID:
    """The id of a made-up warning."""
    return UUID(int=number)


def change(number: int = 1, ordinal: int = 0, **fields: Any) -> WarningChange:
    """The `ordinal`th change of warning `number`: the first raises it, later ones escalate it."""
    kind = Kind.ESCALATED if ordinal else Kind.RAISED
    return sample_change(AT, ordinal=ordinal, warning_id=warning(number), **{"kind": kind, **fields})


def recovery(number: int = 1, ordinal: int = 1) -> WarningChange:
    """The end of a warning."""
    return change(number, ordinal, kind=Kind.CLEARED, level=None, previous_level=Level.YELLOW)


def taken(
    given: WarningChange,
    *receivers: str,
    accepted_at: datetime | None = None,
    give_up_at: datetime = AT + timedelta(days=1),
) -> Taken:
    """The change, routed to these receivers."""
    orders = [Order(name, "webhook", give_up_at) for name in receivers]
    return Taken(given, given.model_dump_json().encode(), accepted_at, orders, routed=bool(orders))


async def take(connection: "asyncpg.Connection[Any]", batch: Sequence[Taken], now: datetime) -> list[Taken]:
    """Within a transaction: take the changes in as intake does where all is told at once. Those that were new."""
    fresh = await see(connection, batch, now)
    await order(connection, fresh, now)
    return fresh


def record(given: WarningChange, accepted_ms: int | None = None) -> tuple[bytes, bytes, Sequence[tuple[str, bytes]]]:
    """Key, value and headers, as the warning service publishes them."""
    headers = to_headers({
        "specversion": "1.0",
        "id": str(given.change_id),
        "source": "/bellwether/warning",
        "type": f"warning.{given.kind}",
        "subject": given.borrower_id,
        "time": given.at.isoformat(),
    })  # fmt: skip
    if accepted_ms is not None:
        headers.append(("bellwether_accepted_at", str(accepted_ms).encode()))
    return given.borrower_id.encode(), given.model_dump_json().encode(), headers
