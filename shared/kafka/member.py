"""A member of a consumer group: a fetch is dealt with for good before its offsets are committed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.kafka.lag import Lag
from shared.kafka.producer import CLOSE_SECONDS
from shared.kafka.watchdog import Watchdog

log = structlog.get_logger(__name__)
_Result = TypeVar("_Result")

POLL_MILLISECONDS = 500
RETRY_SECONDS = 0.5
COMMIT_SECONDS = 5.0
COMMIT_EVERY_SECONDS = 0.25
"""While there is always more to fetch: a commit takes longer than dealing with a few records, which would wait."""
REVOKE_SECONDS = 5.0
POSITION_SECONDS = 1.0

Records = Mapping[TopicPartition, Sequence[ConsumerRecord]]
"""A fetch: some records of each partition, in their order."""
Attempt = Callable[[], Awaitable[bool]]
"""Tries what is left of a fetch. Whether nothing is left; where something is, it has said why in the log."""


def each_of(records: Records) -> Iterator[ConsumerRecord]:
    """One partition's records after another's."""
    return (record for of_partition in records.values() for record in of_partition)


class Member(ConsumerRebalanceListener):  # type: ignore[misc]
    """Background work for `shared.run.serve`. Whatever it raises takes the process down.

    `take` begins a fetch, which is attempted until nothing of it is left; meanwhile nothing more is fetched. After a
    crash or a rebalance some records come again: whoever takes them must know them by their ids.
    """

    def __init__(
        self,
        connect: Callable[[], AIOKafkaConsumer],
        topic: str,
        take: Callable[[Records], Attempt],
        *,
        most: int,
        lag: Lag,
    ) -> None:
        self._connect = connect
        self._topic = topic
        self._take = take
        self._most = most
        self._lag = lag
        self._busy = asyncio.Lock()
        self._joined = False
        self._assignments = 0
        self._uncommitted: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._rested: dict[TopicPartition, int] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._commit_at = 0.0

    async def check(self) -> None:
        """For readiness. Raises until the group has let it in."""
        if not self._joined:
            raise ConnectionError(f"has not joined the group that reads {self._topic} yet")

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`, then finish the fetch in hand."""
        consumer = self._consumer = await self._started(stop)
        if consumer is None:
            return
        try:
            watchdog = Watchdog(consumer)
            while not stop.is_set():
                fetch = consumer.getmany(timeout_ms=POLL_MILLISECONDS, max_records=self._most)
                if records := await _unless(stop, fetch):
                    with self._lag.in_hand(self._topic):
                        await self._deal_with(consumer, records, stop)
                elif not stop.is_set():
                    await self._rest(consumer)
                await watchdog.look(progressed=bool(records))
            await self._commit(consumer, seconds=CLOSE_SECONDS)
        finally:
            with suppress(TimeoutError):  # it says goodbye to the group, which a Kafka that is away does not hear
                async with asyncio.timeout(CLOSE_SECONDS):
                    await consumer.stop()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let the fetch in hand finish, within reason: the group waits for it."""
        try:
            async with asyncio.timeout(REVOKE_SECONDS), self._busy:
                pass
        except TimeoutError:
            log.warning("kafka.member.fetch_abandoned", topic=self._topic, seconds=REVOKE_SECONDS)
        if self._consumer is not None:
            await self._commit(self._consumer)
        self._assignments += 1
        self._uncommitted.clear()
        self._committed.clear()
        self._rested = {}
        self._lag.forget(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._joined = True
        partitions = sorted(each.partition for each in assigned)
        log.info("kafka.member.assigned", topic=self._topic, partitions=partitions)

    async def _started(self, stop: asyncio.Event) -> AIOKafkaConsumer | None:
        """A consumer in the group; tried until Kafka is there, or None once it is time to stop."""
        while not stop.is_set():
            consumer = self._connect()
            consumer.subscribe([self._topic], listener=self)
            try:
                await consumer.start()
            except (KafkaError, OSError) as error:
                log.warning("kafka.member.kafka_away", topic=self._topic, error=repr(error))
                await consumer.stop()
                await _unless(stop, asyncio.sleep(RETRY_SECONDS))
            else:
                return consumer
        return None

    async def _deal_with(self, consumer: AIOKafkaConsumer, records: Records, stop: asyncio.Event) -> None:
        """Attempt a fetch until it is done and can be committed, or its partitions are lost, or it is time to stop."""
        assignment, attempt = self._assignments, self._take(records)
        for partition, of_partition in records.items():
            self._lag.stands(partition, of_partition[0].offset)
        async with self._busy:
            while not await attempt():
                await _unless(stop, asyncio.sleep(RETRY_SECONDS))
                if stop.is_set() or assignment != self._assignments:
                    return
            if assignment == self._assignments:
                newest = [of_partition[-1] for of_partition in records.values()]
                self._uncommitted |= {TopicPartition(each.topic, each.partition): each.offset + 1 for each in newest}
                self._lag.observe(consumer, newest)
                if time.monotonic() >= self._commit_at:
                    await self._commit(consumer)

    async def _rest(self, consumer: AIOKafkaConsumer) -> None:
        """Nothing more came: all before the consumer's position is dealt with, and Kafka is told so.

        That is beyond the last record where a transaction's marker, or what it took back, ends the log: without it the
        group would seem to be behind for as long as nothing is sent. A position counts once a second look finds it
        unchanged: aiokafka moves it past a record that it cannot give a moment before it says so.
        """
        assignment, before = self._assignments, self._rested
        positions = await _positions(consumer)
        if assignment == self._assignments:
            self._rested = positions
            for partition in [each for each, position in positions.items() if before.get(each) == position]:
                self._lag.stands(partition, positions[partition])
                if self._committed.get(partition) != positions[partition]:
                    self._uncommitted[partition] = positions[partition]
        await self._commit(consumer)

    async def _commit(self, consumer: AIOKafkaConsumer, *, seconds: float = COMMIT_SECONDS) -> None:
        """Commit what is dealt with. What cannot be committed now is tried again, unless others own it by then."""
        if not self._uncommitted:
            return
        offsets = dict(self._uncommitted)
        self._commit_at = time.monotonic() + COMMIT_EVERY_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # A rebalance: whoever owns the partitions now reads the records again.
            log.warning("kafka.member.commit_refused", topic=self._topic, error=repr(error))
        except (KafkaError, TimeoutError) as error:
            log.warning("kafka.member.commit_failed", topic=self._topic, error=repr(error))
            return
        else:
            self._committed |= offsets
        for partition, offset in offsets.items():
            if self._uncommitted.get(partition) == offset:
                del self._uncommitted[partition]


async def _positions(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    """Where the consumer stands in each partition; none of them where it does not know soon."""
    try:
        async with asyncio.timeout(POSITION_SECONDS):
            return {each: await consumer.position(each) for each in consumer.assignment()}
    except (KafkaError, TimeoutError):  # a rebalance, or a Kafka that is away: both are met, and told, elsewhere
        return {}


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
