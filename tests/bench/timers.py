"""(f) Half a million due times at one midnight, with 500 events a second running."""

import asyncio
import time
from datetime import datetime
from typing import Any

import asyncpg

from tests.bench.machine import Deployment, Machine, producer_of, records_of, send, wait_decided
from tests.bench.workload import ZONE, Item, clock, event

DUE = 500_000
RATE = 500
MIDNIGHT = datetime(2025, 4, 1, tzinfo=ZONE)


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
        await deployment.append([clock(MIDNIGHT)])
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
    producer = producer_of(deployment.machine.bootstrap)
    await producer.start()
    try:
        while True:
            batch = [_exposure(sent + number) for number in range(RATE // 10)]
            began = time.perf_counter()
            await send(producer, deployment.events_topic, batch)
            sent += len(batch)
            waits.append(await wait_decided(connection, sent, poll=0.005) - began)
            await asyncio.sleep(max(0.0, 0.1 - (time.perf_counter() - began)))
    except asyncio.CancelledError:
        return waits
    finally:
        await producer.stop()
        await connection.close()


def _p99(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.99)]


def _instalment(number: int) -> Item:
    data = {"loan_id": f"L{number}", "due_date": "2025-03-31", "amount": "100.00", "currency": "EUR"}
    return event(f"due-{number}", f"B{number:07}", "installment.due", datetime(2025, 3, 1, 10, tzinfo=ZONE), data)


def _exposure(number: int) -> Item:
    data = {"lender": "lender-001", "balance": "5.00", "currency": "EUR", "as_of": "2025-03-31"}
    return event(
        f"exposure-{number}", f"N{number:07}", "exposure.reported", datetime(2025, 3, 31, 10, tzinfo=ZONE), data
    )
