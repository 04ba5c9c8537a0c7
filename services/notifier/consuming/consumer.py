"""Consumes topic `warnings`: a record is stored, or a dead letter, before its offset is committed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from services.notifier.consuming.intake import Intake
from services.notifier.store.connection import PASSING
from shared.kafka.lag import Lag
from shared.kafka.producer import NotAcknowledgedError, Outgoing, Producer
from shared.kafka.watchdog import Watchdog

log = structlog.get_logger(__name__)
_Result = TypeVar("_Result")

RECORDS_A_BATCH = 500
POLL_MILLISECONDS = 500
RETRY_SECONDS = 0.5
COMMIT_SECONDS = 5.0
REVOKE_SECONDS = 5.0

Records = Mapping[TopicPartition, Sequence[ConsumerRecord]]


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Background work for `shared.run.serve`. Whatever it raises takes the process down.

    After a crash or a rebalance some records come again; their ids are known. `arrived` hears for whom there is work.
    """

    def __init__(
        self,
        connect: Callable[[], AIOKafkaConsumer],
        topic: str,
        intake: Intake,
        letters: Producer,
        *,
        lag: Lag,
        arrived: Callable[[Iterable[str]], None],
    ) -> None:
        self._connect = connect
        self._topic = topic
        self._intake = intake
        self._letters = letters
        self._lag = lag
        self._arrived = arrived
        self._busy = asyncio.Lock()
        self._joined = False

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
                fetch = consumer.getmany(timeout_ms=POLL_MILLISECONDS, max_records=RECORDS_A_BATCH)
                if records := await _unless(stop, fetch):
                    await self._deal_with(consumer, records, stop)
                await watchdog.look(progressed=bool(records))
        finally:
            await consumer.stop()
            await self._letters.stop()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let the batch in hand finish, within reason: the group waits for it."""
        try:
            async with asyncio.timeout(REVOKE_SECONDS), self._busy:
                self._lag.forget(revoked)
        except TimeoutError:
            log.warning("notifier.consumer.batch_left_behind", seconds=REVOKE_SECONDS)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._joined = True
        log.info("notifier.consumer.assigned", partitions=sorted(each.partition for each in assigned))

    async def _started(self, stop: asyncio.Event) -> AIOKafkaConsumer | None:
        """A consumer in the group; tried until Kafka is there, or None once it is time to stop."""
        while not stop.is_set():
            consumer = self._connect()
            consumer.subscribe([self._topic], listener=self)
            try:
                await consumer.start()
            except (KafkaError, OSError) as error:
                log.warning("notifier.consumer.kafka_away", error=repr(error))
                await consumer.stop()
                await _unless(stop, asyncio.sleep(RETRY_SECONDS))
            else:
                return consumer
        return None

    async def _deal_with(self, consumer: AIOKafkaConsumer, records: Records, stop: asyncio.Event) -> None:
        """Store a fetch and commit its offsets. While the database is away, nothing more is fetched."""
        async with self._busy:
            letters: list[Outgoing] | None = None
            while letters is None or letters:
                try:
                    letters = letters or await self._stored(records)
                    letters = await self._published(letters)
                    if not letters:
                        break
                except PASSING as error:
                    log.warning("notifier.consumer.database_away", error=repr(error))
                await _unless(stop, asyncio.sleep(RETRY_SECONDS))
                if stop.is_set():
                    return
            newest = [of_partition[-1] for of_partition in records.values() if of_partition]
            await self._commit(consumer, newest)
            self._lag.observe(consumer, newest)

    async def _stored(self, records: Records) -> list[Outgoing]:
        result = await self._intake.take(record for of_partition in records.values() for record in of_partition)
        self._arrived(result.receivers)
        return result.letters

    async def _published(self, letters: list[Outgoing]) -> list[Outgoing]:
        """The letters that are not acknowledged yet."""
        if not letters:
            return []
        try:
            await self._letters.publish(letters)
        except NotAcknowledgedError as error:
            log.warning("notifier.consumer.dead_letters_not_acknowledged", error=str(error))
            return [letter for letter, done in zip(letters, error.acknowledged, strict=True) if not done]
        return []

    async def _commit(self, consumer: AIOKafkaConsumer, newest: Sequence[ConsumerRecord]) -> None:
        """Commit what is stored. Where that fails, a later commit covers it or the records come again and are known."""
        offsets = {TopicPartition(each.topic, each.partition): each.offset + 1 for each in newest}
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:  # a rebalance: they are another's now
            log.warning("notifier.consumer.commit_refused", error=repr(error))
        except (KafkaError, TimeoutError) as error:
            log.warning("notifier.consumer.commit_failed", error=repr(error))


async def _unless(stop: asyncio.Event, awaitable: Awaitable[_Result]) -> _Result | None:
    """What it returns, or None once `stop` is set: aiokafka waits for an assignment as long as it takes."""
    wanted, stopping = asyncio.ensure_future(awaitable), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({wanted, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return wanted.result() if wanted.done() else None
    finally:
        for each in (wanted, stopping):
            each.cancel()
        await asyncio.gather(wanted, stopping, return_exceptions=True)
