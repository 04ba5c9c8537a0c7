"""The worker put together, and what it must agree on with the database before it may work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer

from services.warning.core.engine import Engine
from services.warning.metrics import Metrics
from services.warning.settings import Settings
from services.warning.store import ownership
from services.warning.store.clock import DatabaseClock
from services.warning.store.steady import SteadyConnection
from services.warning.worker.committing import Committer
from services.warning.worker.deciding import Decider
from services.warning.worker.future import FutureLimit
from services.warning.worker.outbox import Outbox
from services.warning.worker.possession import Possession
from services.warning.worker.two_clocks import SecondClock, TwoClocks
from services.warning.worker.wall_clock import WallClock
from services.warning.worker.worker import Worker
from shared.clock import Clock
from shared.kafka.connection import consumer
from shared.kafka.producer import Producer
from shared.kafka.topics import Topics

MEGABYTE = 1_000_000
INSTANCE_SECONDS = 5.0


class SameInstanceError(Exception):
    """Another worker runs under this group instance id: the broker would let each push the other out."""


class NoTopicError(Exception):
    """The topic of events does not exist."""


class WarningWorker:
    """All of a replica's background work: the consume loop and, where the wall clock is business time, that clock."""

    def __init__(self, worker: Worker, clock: WallClock | None, outbox: Outbox) -> None:
        self._worker = worker
        self._clock = clock
        self._outbox = outbox

    async def check(self) -> None:
        """For readiness. Raises while what was committed does not reach its topics."""
        self._outbox.check()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._worker.run(stop))
            if self._clock is not None:
                group.create_task(self._clock.run(stop))


@asynccontextmanager
async def assembled(
    settings: Settings,
    engine: Engine,
    producer: Producer,
    clock: Clock,
    metrics: Metrics,
    second: SecondClock | None = None,
) -> AsyncIterator[WarningWorker]:
    """A worker on its own connections; the second clock is PostgreSQL's, unless another is given.

    Raises NoTopicError, OtherDeploymentError or SameInstanceError.
    """
    topics = Topics(settings.kafka_topic_prefix)
    partitions = await _partitions(producer, topics.events)
    reader, writer, instance = (SteadyConnection(settings) for _ in range(3))
    try:
        await _agree(settings, partitions, instance)
        outbox = Outbox(producer, topics.dead_letters, metrics)
        committer = Committer(writer, topics.events)
        possession = Possession(
            topics.events,
            lambda: _consumer(settings, topics),
            committer,
            outbox,
            reader,
            metrics,
            cache_bytes=settings.warning_cache_mb * MEGABYTE,
        )
        decider = Decider(engine, topics, partitions, _future_limit(settings))
        batch = settings.warning_batch_records
        worker = Worker(possession, decider, possession.flight, outbox, reader, metrics, batch_records=batch)
        wall = None
        if settings.warning_clock == "wall":
            tolerance = timedelta(seconds=settings.warning_clock_tolerance_seconds)
            wall = WallClock(
                TwoClocks(clock, second or DatabaseClock(reader), metrics, tolerance=tolerance),
                possession.owned,
                reader,
                producer,
                topics.events,
                settle=timedelta(seconds=settings.warning_clock_settle_seconds),
                step=timedelta(seconds=settings.warning_clock_step_seconds),
            )
        yield WarningWorker(worker, wall, outbox)
    finally:
        for each in (reader, writer, instance):
            await each.close()


def _future_limit(settings: Settings) -> FutureLimit:
    seconds = settings.warning_future_limit_seconds if settings.warning_clock == "wall" else 0
    return FutureLimit(timedelta(seconds=seconds) or None)


async def _partitions(producer: Producer, topic: str) -> int:
    found = await (await producer.current()).partitions_for(topic)
    if not found:
        raise NoTopicError(f"topic {topic} does not exist; create it with: python -m services.warning migrate")
    return len(found)


async def _agree(settings: Settings, partitions: int, connection: SteadyConnection) -> None:
    raw = await connection.current()
    await ownership.agree(raw, settings.time_zone, partitions)
    instance = settings.warning_group_instance_id
    if instance is not None:
        await _hold(raw, instance)


async def _hold(connection: Any, instance: str) -> None:
    """Claim the instance id; one that was killed a moment ago may still seem to hold it."""
    try:
        async with asyncio.timeout(INSTANCE_SECONDS):
            while not await ownership.hold_instance(connection, instance):  # noqa: ASYNC110 - another process holds it
                await asyncio.sleep(0.1)
    except TimeoutError:
        message = (
            f"expected WARNING_GROUP_INSTANCE_ID {instance!r} to be this worker's alone; another one runs under it"
        )
        raise SameInstanceError(message) from None


def _consumer(settings: Settings, topics: Topics) -> AIOKafkaConsumer:
    return consumer(
        settings,
        group=topics.group("warning", topics.events),
        auto_offset_reset="none",
        group_instance_id=settings.warning_group_instance_id,
    )
