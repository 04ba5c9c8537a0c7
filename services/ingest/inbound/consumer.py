"""Consumes topic events.inbound: a record is an event or a dead letter for good before its offset is committed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from services.ingest.admission import Admission, Sender
from services.ingest.inbound.batch import Batch, Records, sort
from services.ingest.metrics import Metrics
from services.ingest.publisher import Publisher
from shared.kafka.lag import Lag
from shared.kafka.producer import CLOSE_SECONDS, NotAcknowledgedError, Producer
from shared.kafka.watchdog import Watchdog

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

# A core banking system speaks for all its borrowers, but only a sender with a key of its own may move the clock.
SENDER = Sender(source=None, may_move_clock=False)
RECORDS_A_BATCH = 1_000  # admitted in one go, about 20 ms: heartbeats and HTTP wait no longer
POLL_MILLISECONDS = 500
RETRY_SECONDS = 0.5
COMMIT_SECONDS = 5.0
REVOKE_SECONDS = 5.0


class Inbound(ConsumerRebalanceListener):  # type: ignore[misc]
    """Background work for `shared.run.serve`. Whatever it raises takes the process down, and it goes on where it was.

    Order: an inbound partition's records reach a partition of topic events in their order; after a failure the rest is
    sent again from the first that is not acknowledged. A repeat after a crash or a rebalance falls to the ids.
    """

    def __init__(
        self,
        connect: Callable[[], AIOKafkaConsumer],
        topic: str,
        admission: Admission,
        publisher: Publisher,
        letters: Producer,
        dead_letters: str,
        *,
        metrics: Metrics,
        lag: Lag,
    ) -> None:
        self._connect = connect
        self._topic = topic
        self._admission = admission
        self._publisher = publisher
        self._letters = letters
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._lag = lag
        self._busy = asyncio.Lock()
        self._joined = False
        self._assignments = 0
        self._uncommitted: dict[TopicPartition, int] = {}

    async def check(self) -> None:
        """For readiness. Raises until the group has let it in."""
        if not self._joined:
            raise ConnectionError(f"has not joined the group that reads {self._topic} yet")

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`, then finish the batch in hand."""
        consumer = await self._started(stop)
        if consumer is None:
            return
        try:
            watchdog = Watchdog(consumer)
            while not stop.is_set():
                records = await _unless(
                    stop, consumer.getmany(timeout_ms=POLL_MILLISECONDS, max_records=RECORDS_A_BATCH)
                )
                if records:
                    await self._deal_with(consumer, records, stop)
                else:
                    await self._commit(consumer)
                await watchdog.look(progressed=bool(records))
        finally:
            with suppress(TimeoutError):  # it says goodbye to the group, which a Kafka that is away does not hear
                async with asyncio.timeout(CLOSE_SECONDS):
                    await consumer.stop()
            await self._letters.stop()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let the batch in hand finish, within reason: the group waits for it."""
        try:
            async with asyncio.timeout(REVOKE_SECONDS), self._busy:
                pass
        except TimeoutError:
            log.warning("ingest.inbound.batch_abandoned", seconds=REVOKE_SECONDS)
        self._assignments += 1
        self._uncommitted.clear()
        self._lag.forget(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._joined = True
        log.info("ingest.inbound.assigned", partitions=sorted(each.partition for each in assigned))

    async def _started(self, stop: asyncio.Event) -> AIOKafkaConsumer | None:
        """A consumer in the group; tried until Kafka is there, or None once it is time to stop."""
        while not stop.is_set():
            consumer = self._connect()
            consumer.subscribe([self._topic], listener=self)
            try:
                await consumer.start()
            except (KafkaError, OSError) as error:
                log.warning("ingest.inbound.kafka_away", error=repr(error))
                await consumer.stop()
                await _unless(stop, asyncio.sleep(RETRY_SECONDS))
            else:
                return consumer
        return None

    async def _deal_with(self, consumer: AIOKafkaConsumer, records: Records, stop: asyncio.Event) -> None:
        """Publish a fetch's events and dead letters, again until each is acknowledged or the partitions are lost."""
        assignment = self._assignments
        async with self._busy:
            batch: Batch | None = None
            while assignment == self._assignments:
                batch = batch or await self._sorted(records)
                if batch and await self._published(batch):
                    self._count(consumer, batch)
                    await self._commit(consumer)
                    return
                await _unless(stop, asyncio.sleep(RETRY_SECONDS))
                if stop.is_set():
                    return

    async def _sorted(self, records: Records) -> Batch | None:
        """The fetch, sorted; None while Kafka does not say how many partitions topic events has."""
        try:
            await self._publisher.connect()
        except (KafkaError, TimeoutError, OSError) as error:
            log.warning("ingest.inbound.kafka_away", error=repr(error))
            return None
        return sort(records, self._admission.gate(SENDER), self._publisher.place, self._dead_letters)

    async def _published(self, batch: Batch) -> bool:
        """Whether everything is acknowledged now. If not, the batch holds only what is left."""
        await asyncio.gather(self._publisher.publish(batch.shares), self._publish_letters(batch))
        if batch.complete:
            return True
        batch.retry()
        return False

    async def _publish_letters(self, batch: Batch) -> None:
        try:
            await self._letters.publish(batch.letters)
            batch.letters = []
        except NotAcknowledgedError as error:
            log.warning("ingest.inbound.dead_letters_not_acknowledged", error=str(error))
            batch.letters = [letter for letter, done in zip(batch.letters, error.acknowledged, strict=True) if not done]

    def _count(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        self._uncommitted.update(batch.offsets)
        self._lag.observe(consumer, batch.newest)
        for event_type, count in batch.types.items():
            self._metrics.accepted.labels(event_type).inc(count)
        if accepted := batch.types.total():
            self._metrics.inbound.labels("accepted").inc(accepted)
        for reason, count in batch.reasons.items():
            self._metrics.inbound.labels(reason).inc(count)

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        """Commit what is dealt with. What cannot be committed now is tried again, unless others own it by then."""
        if not self._uncommitted:
            return
        offsets = dict(self._uncommitted)
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # A rebalance: whoever owns the partitions now reads the records again.
            log.warning("ingest.inbound.commit_refused", error=repr(error))
        except (KafkaError, TimeoutError) as error:
            log.warning("ingest.inbound.commit_failed", error=repr(error))
            return
        for partition, offset in offsets.items():
            if self._uncommitted.get(partition) == offset:
                del self._uncommitted[partition]


async def _unless(stop: asyncio.Event, awaitable: Awaitable[Result]) -> Result | None:
    """What it returns, or None once `stop` is set: aiokafka waits for an assignment as long as it takes."""
    wanted, stopping = asyncio.ensure_future(awaitable), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({wanted, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return wanted.result() if wanted.done() else None
    finally:
        for each in (wanted, stopping):
            each.cancel()
        await asyncio.gather(wanted, stopping, return_exceptions=True)
