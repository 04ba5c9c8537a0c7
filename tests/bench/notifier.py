"""The notifier alone, on a real PostgreSQL and a local sink: deliveries a second, latency, and a long queue's price."""

import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop
from prometheus_client import CollectorRegistry

from deploy.local.postgres import embedded_postgres
from services.notifier.channels import discover
from services.notifier.delivering.endpoint import open_endpoints
from services.notifier.delivering.worker import Pace, Worker
from services.notifier.metrics import Metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import MIGRATIONS, SCHEMA
from services.notifier.store.claiming import claim
from services.notifier.store.connection import Connection
from services.notifier.store.taking import take
from shared import db
from shared.clock import WallClock
from tests.changes import change, taken
from tests.sink import SECRET, Sink, sink, webhook

PACE = Pace(attempt=30, lease=60, poll=0.5)
BATCH = 500
_PENDING = """
WITH made AS (
    INSERT INTO deliveries (delivery_id, change_id, warning_id, borrower_id, kind, receiver, channel, state, created_at,
        give_up_at)
    SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'B', 'raised', 'away', 'webhook', 'pending', now(),
        now() + interval '1 day' FROM generate_series(1, $1::int)
    RETURNING position, delivery_id, receiver, warning_id, created_at
)
INSERT INTO queue (position, delivery_id, receiver, warning_id, due_at, waiting)
SELECT position, delivery_id, receiver, warning_id, created_at, false FROM made
"""


async def measure(*, deliveries: int = 20_000, pending: int = 1_000_000) -> dict[str, float]:
    """The figures of `build/bench.json`'s `notifier`."""
    os.environ["SINK_SECRET"] = SECRET
    with embedded_postgres() as server:
        url = await server.create_database("notifier_bench")
        settings = NotifierSettings.model_validate({"database_url": url})
        await db.migrate(settings, SCHEMA, MIGRATIONS)
        async with sink() as receiver:
            rate = await _rate(settings, receiver, deliveries)
            latencies = await _latencies(settings, receiver)
        growth = await _claim_growth(settings, pending)
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "deliveries_per_s": round(rate),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "claim_growth": round(growth, 2),
    }


def _worker(settings: NotifierSettings, receiver: Sink, path: str) -> Worker:
    written = webhook(receiver.url(path), concurrency=64)
    configured = discover()["webhook"].settings.model_validate(written)
    connections = [Connection(settings) for _ in range(2)]
    metrics = Metrics(CollectorRegistry())
    return Worker(open_endpoints({"hook": configured}), *connections, pace=PACE, clock=WallClock(), metrics=metrics)


async def _queue(settings: NotifierSettings, numbers: Sequence[int]) -> None:
    connection = Connection(settings)
    until = datetime.now(UTC) + timedelta(days=1)
    for start in range(0, len(numbers), BATCH):
        batch = [taken(change(each), "hook", give_up_at=until) for each in numbers[start : start + BATCH]]
        async with connection.transaction() as open_now:
            await take(open_now, batch, datetime.now(UTC))
    await connection.close()


async def _rate(settings: NotifierSettings, receiver: Sink, deliveries: int) -> float:
    """Deliveries a second of one worker, from a full queue."""
    await _queue(settings, range(deliveries))
    worker, stop = _worker(settings, receiver, "/rate"), asyncio.Event()
    started = time.perf_counter()
    running = asyncio.create_task(worker.run(stop))
    while len(receiver.received) < deliveries:  # noqa: ASYNC110 - the sink sets no event
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - started
    stop.set()
    await running
    return deliveries / seconds


async def _latencies(
    settings: NotifierSettings, receiver: Sink, *, changes: int = 2_000, rate: int = 100
) -> list[float]:
    """Seconds from before a change is stored until the sink has it, at a moderate rate."""
    worker, stop = _worker(settings, receiver, "/latency"), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    connection, loop = Connection(settings), asyncio.get_running_loop()
    sent: dict[str, float] = {}
    began = loop.time()
    for number in range(changes):
        await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
        given = change(10_000_000 + number)
        sent[str(given.change_id)] = loop.time()
        async with connection.transaction() as open_now:
            now = datetime.now(UTC)
            await take(open_now, [taken(given, "hook", give_up_at=now + timedelta(days=1))], now)
        worker.wake(["hook"])
    while len(receiver.of("/latency")) < changes:  # noqa: ASYNC110 - the sink sets no event
        await asyncio.sleep(0.005)
    stop.set()
    await running
    await connection.close()
    return [each.at - sent[each.data["change_id"]] for each in receiver.of("/latency")]


async def _claim_growth(settings: NotifierSettings, pending: int) -> float:
    """How many times longer a claim takes with so many rows pending for another receiver and for this one."""
    few = await _claim_seconds(settings)
    connection = Connection(settings, by_index=False)
    for _ in range(pending // 50_000):
        async with connection.statements() as open_now:
            await open_now.execute(_PENDING, 50_000, timeout=60)
    await connection.close()
    return await _claim_seconds(settings) / few


async def _claim_seconds(settings: NotifierSettings, *, rounds: int = 100) -> float:
    """The median of claims of ten rows each."""
    await _queue(settings, [int(time.time_ns()) + each for each in range(rounds * 10)])
    connection, seconds = Connection(settings), []
    for _ in range(rounds):
        now = datetime.now(UTC)
        started = time.perf_counter()
        async with connection.statements() as open_now:
            rows = await claim(open_now, {"hook": 10}, now, now + timedelta(days=1))
        seconds.append(time.perf_counter() - started)
        assert len(rows) == 10
    await connection.close()
    return statistics.median(seconds)


def main() -> dict[str, Any]:
    """Measure, on the event loop production runs on."""
    return uvloop.run(measure())


if __name__ == "__main__":
    print(main())  # noqa: T201 - for a person at a terminal
