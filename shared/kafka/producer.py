"""An ordered producer that survives its own failures."""
# ruff: noqa: SLF001 - aiokafka has no way to close a producer without flushing it

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed
from aiokafka.producer.message_accumulator import MessageAccumulator
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.kafka.connection import connection
from shared.kafka.refusals import REFUSALS, InvalidRecordError
from shared.kafka.topics import MAX_LETTER_BYTES
from shared.settings import KafkaSettings

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 10.0
"""Past this a send's outcome is unknown."""
CLOSE_SECONDS = 1.0


class Outgoing(NamedTuple):
    """One record to send; without a partition, the key's murmur2 hash chooses it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    partition: int | None = None


def size_of(record: Outgoing) -> int:
    """The most bytes a record takes on its topic, alone in its batch."""
    return int(DefaultRecordBatchBuilder.estimate_size_in_bytes(record.key, record.value, list(record.headers)))


class NotAcknowledgedError(Exception):
    """Some records have no acknowledgement. They may or may not be on the topic: send them again, with the same ids.

    All but `refused`, by its index: Kafka will never take that one, whose partition's later ones were not sent yet.
    """

    def __init__(self, acknowledged: list[bool], cause: BaseException | None, *, refused: int | None = None) -> None:
        done = sum(acknowledged)
        super().__init__(f"{len(acknowledged) - done} of {len(acknowledged)} records not acknowledged: {cause!r}")
        self.acknowledged = acknowledged
        self.refused = refused


class Producer:
    """acks=all and idempotent: what is acknowledged is there once, in the order it was handed over.

    aiokafka's idempotent producer cannot go on after a batch that failed for good, and a batch waiting behind it
    would overtake it. So a failure drops the connection with all that waits in it, and the next send opens another.
    """

    def __init__(
        self, settings: KafkaSettings, *, client_id: str, linger_ms: int = 2, max_batch_size: int = 262_144
    ) -> None:
        self._options: dict[str, Any] = {
            **connection(settings),
            "client_id": client_id,
            "enable_idempotence": True,
            "acks": "all",
            "linger_ms": linger_ms,
            "max_batch_size": max_batch_size,
            "max_request_size": MAX_LETTER_BYTES,
            "request_timeout_ms": int(ANSWER_SECONDS * 1000),
        }
        self._open: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()

    async def start(self) -> None:
        """Connect now, so that a wrong address fails at start."""
        await self.current()

    async def stop(self) -> None:
        """Wait for what is on its way, for CLOSE_SECONDS at most, then disconnect."""
        producer, self._open = self._open, None
        if producer is not None:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await producer.stop()
            except (KafkaError, TimeoutError):
                await _abandon(producer)

    async def current(self) -> AIOKafkaProducer:
        """The connection in use, opened where there is none. For batch builders; hand it to `drop` if it fails."""
        async with self._opening:
            if self._open is None:
                producer = AIOKafkaProducer(**self._options)
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await producer.start()
                except BaseException:
                    await _abandon(producer)
                    raise
                self._open = producer
            return self._open

    async def check(self, topic: str) -> None:
        """Ask Kafka, now, for the topic's metadata. Raises where it does not answer or has no such topic."""
        client = (await self.current()).client
        if not await client.force_metadata_update():
            raise ConnectionError("no broker answered")
        if not client.cluster.partitions_for_topic(topic):
            raise LookupError(f"topic {topic} does not exist")

    async def drop(self, producer: AIOKafkaProducer) -> None:
        """Abandon a connection on which a send failed, and everything that waits in it. Idempotent."""
        if self._open is producer:
            self._open = None
            log.warning("kafka.producer.reopened", client_id=self._options["client_id"])
            await _abandon(producer)

    async def publish(self, records: Sequence[Outgoing], *, within: float = ANSWER_SECONDS) -> None:
        """Send all, in order for each partition. Raises NotAcknowledgedError unless all are acknowledged in time.

        Where a batch is refused for good, its records and what waits behind it go one by one, up to the one to blame.
        """
        deadline = asyncio.get_running_loop().time() + within
        try:
            await self._publish_together(records, deadline)
        except NotAcknowledgedError as error:
            if not isinstance(error.__cause__, REFUSALS):
                raise
            await self._publish_each(records, error.acknowledged, deadline)

    async def _publish_together(self, records: Sequence[Outgoing], deadline: float) -> None:
        sent: list[asyncio.Future[Any]] = []
        producer = None
        try:
            async with asyncio.timeout_at(deadline):
                producer = await self.current()
                for each in records:
                    sent.append(await _send(producer, each))  # noqa: PERF401 - those sent before a failure count
                await asyncio.gather(*sent)
        except (KafkaError, TimeoutError, OSError) as error:
            if producer is not None:
                await self.drop(producer)
            acknowledged = [each.done() and not each.cancelled() and each.exception() is None for each in sent]
            raise NotAcknowledgedError(acknowledged + [False] * (len(records) - len(sent)), error) from error

    async def _publish_each(self, records: Sequence[Outgoing], acknowledged: list[bool], deadline: float) -> None:
        for index, record in enumerate(records):
            if acknowledged[index]:
                continue
            try:
                await self._publish_together([record], deadline)
            except NotAcknowledgedError as error:
                cause = error.__cause__
                refused = index if isinstance(cause, REFUSALS) else None
                raise NotAcknowledgedError(acknowledged, cause, refused=refused) from cause
            acknowledged[index] = True


async def _send(producer: AIOKafkaProducer, record: Outgoing) -> "asyncio.Future[Any]":
    headers = list(record.headers)
    try:
        if record.key is None and record.value is None:
            return await _send_bare(producer, record)
        return await producer.send(  # type: ignore[no-any-return]
            record.topic, record.value, key=record.key, partition=record.partition, headers=headers
        )
    except (AssertionError, TypeError, ValueError) as error:  # a partition that is not there, a name that is no text
        raise InvalidRecordError(f"expected a record that can be written: {error!r}") from error


async def _send_bare(producer: AIOKafkaProducer, record: Outgoing) -> "asyncio.Future[Any]":
    """A record of headers alone, as a dead letter may be: aiokafka's `send` asserts that there is a key or a value."""
    partition = record.partition
    if partition is None:
        partition = random.choice(list(await producer.partitions_for(record.topic)))  # noqa: S311 - no secret
    batch = producer.create_batch()
    batch.append(timestamp=None, key=None, value=None, headers=list(record.headers))
    return await producer.send_batch(batch, record.topic, partition=partition)  # type: ignore[no-any-return]


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Close without the flush that `stop` does: what waits must not reach the log behind what failed before it.

    In this order: aiokafka's sender first takes no more, then what is on its way fails and goes back to what waits, and
    then all of that fails. The other way round it trips over its own bookkeeping, and may then wait for ever.
    """
    producer._closed = True
    sender = producer._sender.sender_task if producer._sender is not None else None
    if sender is not None:
        sender.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await producer.client.close()
    if sender is not None:
        await asyncio.wait({sender}, timeout=CLOSE_SECONDS)
        sender.cancel()  # it may sit in the handler of its first cancellation
        sender.add_done_callback(_look_away)
    _fail_all(producer._message_accumulator)


def _fail_all(accumulator: MessageAccumulator) -> None:
    waiting = [batch for batches in accumulator._batches.values() for batch in batches]
    for batch in waiting:
        batch._drain_waiter.add_done_callback(_look_away)
    # What came back is looked for here once it fails.
    accumulator._pending_batches.update(waiting)
    accumulator._batches.clear()
    accumulator.fail_all(ProducerClosed())


def _look_away(future: "asyncio.Future[Any]") -> None:
    """How it ended no longer matters: asyncio need not report it as an error that nobody saw."""
    if not future.cancelled():
        future.exception()
