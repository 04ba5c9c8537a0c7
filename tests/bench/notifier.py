"""The notifier: deliveries a second, latency from topic to sink, a hung receiver's price, and a long queue's."""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import aiohttp
import yaml
from aiokafka import AIOKafkaProducer

from deploy.local import processes
from deploy.local.ports import free_port
from deploy.local.services import run_command
from services.notifier.core.message import delivery_id
from services.notifier.settings import NotifierSettings
from services.notifier.store.claiming import claim
from services.notifier.store.connection import Connection
from shared.warnings import WarningChange
from tests.bench.machine import Deployment, Machine
from tests.changes import change, record, take, taken
from tests.sink import SECRET, webhook

DELIVERIES, PENDING = 30_000, 1_000_000
RECEIVERS, RATE, SECONDS, ROUNDS = 50, 200, 10, 4
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


async def measure(machine: Machine) -> dict[str, Any]:
    """The figures of `notifier` in `build/bench.json`."""
    deployment = await machine.deployment()
    await asyncio.to_thread(run_command, "notifier", ["migrate"], deployment.env, logs=machine.logs)
    async with _sink(machine.logs) as sink:
        rate = await _rate(deployment, sink)
        well, beside_a_hung_one = await _with_and_without_a_hung_one(deployment, sink)
    growth = await _claim_growth(deployment)
    await deployment.remove()
    return {
        "deliveries_per_s": round(rate),
        "p50_ms": round(_percentile(well, 50), 1),
        "p99_ms": round(_percentile(well, 99), 1),
        "healthy_p99_ratio": round(_percentile(beside_a_hung_one, 99) / _percentile(well, 99), 2),
        "claim_growth": round(growth, 2),
    }


def _percentile(milliseconds: Sequence[float], which: int) -> float:
    return statistics.quantiles(milliseconds, n=100)[which - 1]


class Sink:
    """The sink's process, seen from here."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._session = session

    async def arrived(self) -> dict[str, float]:
        async with self._session.get(self.url) as answer:
            return dict(await answer.json(content_type=None))

    async def wait_for(self, ids: set[str]) -> dict[str, float]:
        """When each of these came, once all have."""
        while not ids <= (arrived := await self.arrived()).keys():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
        return {each: arrived[each] for each in ids}


@asynccontextmanager
async def _sink(logs: Path) -> AsyncIterator[Sink]:
    port = free_port()
    process = processes.start("sink", [sys.executable, "-m", "tests.bench.sink", str(port)], log=logs / "sink.log")
    async with aiohttp.ClientSession() as session:
        sink = Sink(port, session)
        while True:
            try:
                await sink.arrived()
                break
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)
        yield sink
    await asyncio.to_thread(process.kill)


def _env(deployment: Deployment, receivers: dict[str, Any], routes: list[dict[str, Any]]) -> dict[str, str]:
    path = deployment.machine.logs / f"notifier-{token_hex(2)}.yaml"
    path.write_text(yaml.safe_dump({"receivers": receivers, "routes": routes}))
    return {"NOTIFIER_CONFIG": str(path), "SINK_SECRET": SECRET}


async def _rate(deployment: Deployment, sink: Sink) -> float:
    """Deliveries a second of one process, consuming included: from the first to the last of a full topic.

    The receiver has all the room there is, so that the worker is measured and not the room: with 64 under way the
    process idles for a quarter of the time, waiting for its claims to commit.
    """
    changes = [change(number) for number in range(DELIVERIES)]
    async with _producer(deployment) as send:
        await asyncio.gather(*[await send(each) for each in changes])
    receivers = {"hook": webhook(f"{sink.url}/", concurrency=256)}
    service = deployment.start("notifier", **_env(deployment, receivers, [{"receivers": ["hook"]}]))
    arrived = await sink.wait_for({str(delivery_id(each.change_id, "hook")) for each in changes})
    await asyncio.to_thread(service.process.stop)
    return len(arrived) / (max(arrived.values()) - min(arrived.values()))


@asynccontextmanager
async def _producer(deployment: Deployment) -> AsyncIterator[Any]:
    producer = AIOKafkaProducer(bootstrap_servers=deployment.machine.bootstrap, acks="all", linger_ms=1)
    await producer.start()

    async def send(each: WarningChange) -> Any:
        key, value, headers = record(each)
        return await producer.send(f"{deployment.name}.warnings", value, key=key, headers=list(headers))

    try:
        yield send
    finally:
        await producer.stop()


async def _with_and_without_a_hung_one(deployment: Deployment, sink: Sink) -> tuple[list[float], list[float]]:
    """Latencies of rounds by turns: the p99 of one round alone differs by more than 10 % from the next one's."""
    found: dict[bool, list[float]] = {False: [], True: []}
    await _latencies(deployment, sink, first=1_000_000, hanging=False)  # the first round finds nothing cached
    for number, hanging in enumerate((False, True, True, False) * (ROUNDS // 2), 2):
        found[hanging] += await _latencies(deployment, sink, first=number * 1_000_000, hanging=hanging)
    return found[False], found[True]


async def _latencies(deployment: Deployment, sink: Sink, *, first: int, hanging: bool) -> list[float]:
    """Milliseconds from before a change is sent to the topic until a sink has it; one receiver hangs, or none."""
    paths = ["/hang" if hanging and number == 0 else "/" for number in range(RECEIVERS)]
    receivers = {f"r{number}": webhook(f"{sink.url}{path}") for number, path in enumerate(paths)}
    routes = [{"match": {"rule": name}, "receivers": [name]} for name in receivers]
    service = deployment.start("notifier", **_env(deployment, receivers, routes))
    await asyncio.to_thread(service.wait_ready)
    sent: dict[str, float] = {}
    began = time.time()
    async with _producer(deployment) as send:
        for number in range(RATE * SECONDS):
            await asyncio.sleep(max(0.0, began + number / RATE - time.time()))
            given = change(first + number, rule=f"r{number % RECEIVERS}")
            sent[str(delivery_id(given.change_id, given.rule))] = time.time()
            await send(given)
    healthy = {each for number, each in enumerate(sent) if number % RECEIVERS}
    arrived = await sink.wait_for(healthy)
    await asyncio.to_thread(service.process.kill)
    return [1000 * (arrived[each] - sent[each]) for each in healthy]


async def _claim_growth(deployment: Deployment) -> float:
    """How many times longer a claim takes once a million rows are pending for a receiver that is away."""
    settings = NotifierSettings.model_validate({"database_url": deployment.database_url})
    await _claim_seconds(settings)  # the first ones find nothing cached
    few = await _claim_seconds(settings)
    connection = Connection(settings, by_index=False)
    for _ in range(PENDING // 50_000):
        async with connection.statements() as open_now:
            await open_now.execute(_PENDING, 50_000, timeout=60)
    await connection.close()
    return await _claim_seconds(settings) / few


async def _claim_seconds(settings: NotifierSettings, *, rounds: int = 200) -> float:
    """The median of claims of ten rows each."""
    until, first = datetime.now(UTC) + timedelta(days=1), time.time_ns()
    batch = [taken(change(first + number), "claimed", give_up_at=until) for number in range(rounds * 10)]
    connection, seconds = Connection(settings), []
    for start in range(0, len(batch), 500):
        async with connection.transaction() as open_now:
            await take(open_now, batch[start : start + 500], datetime.now(UTC))
    for _ in range(rounds):
        now, started = datetime.now(UTC), time.perf_counter()
        async with connection.statements() as open_now:
            rows = await claim(open_now, {"claimed": 10}, now, until)
        seconds.append(time.perf_counter() - started)
        assert len(rows) == 10
    await connection.close()
    return statistics.median(seconds)
