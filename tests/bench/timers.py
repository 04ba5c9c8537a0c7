"""(f) Half a million due times at one midnight, with 500 events a second running."""

import asyncio
import time
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from tests.bench.machine import Deployment, Machine, append, records_of, wait_decided
from tests.bench.workload import SOURCE, Item

DUE = 500_000
RATE = 500
_encode = msgspec.json.Encoder(order="sorted").encode


async def measure(machine: Machine, *, due: int = DUE) -> dict[str, Any]:
    """Seconds until all have fired, and the 99th percentile of an event's way to its commit meanwhile."""
    deployment = await machine.deployment()
    connection = await deployment.connect()
    loans = [_instalment(number) for number in range(due)]
    await deployment.append(loans)
    worker = deployment.start("warning", WARNING_CACHE_MB="4096")
    try:
        await wait_decided(connection, records_of(loans), poll=0.2)
        began = time.perf_counter()
        await deployment.append([_clock()])
        running = asyncio.create_task(_events(deployment, records_of(loans) + 4))
        await _all_fired(connection)
        seconds = time.perf_counter() - began
        running.cancel()
        waits = await running
        return {"due": due, "seconds": round(seconds, 1), "p99_ms": round(_p99(waits) * 1000)}
    finally:
        await asyncio.to_thread(worker.process.stop)
        await connection.close()
        await deployment.remove()


async def _all_fired(connection: "asyncpg.Connection") -> None:
    while await connection.fetchval(  # noqa: ASYNC110 - the worker is another process
        "SELECT EXISTS (SELECT FROM timers t JOIN partition_progress p USING (partition) WHERE t.due_at <= p.clock)"
        " OR EXISTS (SELECT FROM partition_progress WHERE clock = 0)"
    ):
        await asyncio.sleep(0.1)


async def _events(deployment: Deployment, before: int) -> list[float]:
    """Send ten batches a second until cancelled; how long each took until it was committed."""
    connection = await deployment.connect()
    waits: list[float] = []
    sent = before
    try:
        while True:
            batch = [_exposure(sent + number) for number in range(RATE // 10)]
            began = time.perf_counter()
            await append(deployment.machine.bootstrap, deployment.events_topic, batch)
            sent += len(batch)
            waits.append(await wait_decided(connection, sent, poll=0.005) - began)
            await asyncio.sleep(max(0.0, 0.1 - (time.perf_counter() - began)))
    except asyncio.CancelledError:
        return waits
    finally:
        await connection.close()


def _p99(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.99)]


def _event(identity: str, borrower: str, event_type: str, moment: str, data: dict[str, Any]) -> Item:
    document = {
        "specversion": "1.0",
        "id": identity,
        "source": SOURCE,
        "type": event_type,
        "subject": borrower,
        "time": moment,
        "data": data,
    }
    return Item(borrower.encode(), _encode(document))


def _instalment(number: int) -> Item:
    data = {"loan_id": f"L{number}", "due_date": "2025-03-31", "amount": "100.00", "currency": "EUR"}
    return _event(f"due-{number}", f"B{number:07}", "installment.due", "2025-03-01T09:00:00Z", data)


def _exposure(number: int) -> Item:
    data = {"lender": "lender-001", "balance": "5.00", "currency": "EUR", "as_of": "2025-03-31"}
    return _event(f"exposure-{number}", f"N{number:07}", "exposure.reported", "2025-03-31T09:00:00Z", data)


def _clock() -> Item:
    through = datetime(2025, 3, 31, 23).isoformat() + "Z"  # noqa: DTZ001 - 00:00 of 1 April in Lagos, written in UTC
    item = _event("midnight", "clock", "clock.advanced", through, {"through": through})
    return Item(None, item.value)
