"""One partition's way to Kafka: what waits goes out together, one batch at a time."""

import asyncio
from collections import deque
from time import perf_counter

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from services.ingest.metrics import Metrics
from shared.events import CONTENT_TYPE
from shared.kafka.producer import Producer
from shared.kafka.refusals import REFUSALS

log = structlog.get_logger(__name__)

HEADERS = [("content-type", CONTENT_TYPE.encode())]
Record = tuple[bytes, bytes]
"""Key and value."""


class Share:
    """One request's records for one partition, in order. The first `acknowledged` of them are safe, but for `refused`.

    `settled` is set once nothing more will be acknowledged; what a share has not had sent by then never is.
    """

    __slots__ = ("acknowledged", "records", "refused", "sent", "settled")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.sent = 0
        self.acknowledged = 0
        self.refused: dict[int, str] = {}
        """Of these Kafka said, for good, that it will never take them, and why."""
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def complete(self) -> bool:
        return self.acknowledged == len(self.records)

    def rest(self) -> "Share":
        """What is not acknowledged, to be sent again."""
        share = Share()
        share.records = self.records[self.acknowledged :]
        return share

    def settle(self) -> None:
        """No more of it will be sent."""
        if not self.settled.done():
            self.settled.set_result(None)


class Lane:
    """Sends the shares of one partition in the order they came.

    The next batch is built only once the last one is acknowledged: whatever arrives meanwhile travels together, and
    nothing can overtake a batch that failed. A failure settles all that waits here as it stands.

    A batch that Kafka refuses for good goes again in halves, until the one record to blame is alone in its batch.
    """

    def __init__(self, producer: Producer, topic: str, partition: int, *, within: float, metrics: Metrics) -> None:
        self._producer = producer
        self._topic = topic
        self._partition = partition
        self._within = within
        self._metrics = metrics
        self._waiting: deque[Share] = deque()
        self._sending: list[tuple[Share, int]] = []  # of each share, how many records are in the batch on its way
        self._sender: asyncio.Task[None] | None = None
        self._most = 0  # records a batch, while some of the next `_doubtful` may be refused
        self._doubtful = 0

    def put(self, share: Share) -> None:
        """Queue a share; `share.settled` says when its fate is known."""
        self._waiting.append(share)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all(), name=f"lane {self._partition}")

    async def idle(self) -> None:
        """Wait until nothing is on its way."""
        if self._sender is not None:
            await asyncio.wait([self._sender])

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await self._send_one_batch()
        finally:
            self._give_up()
            self._sender = None

    async def _send_one_batch(self) -> None:
        began = perf_counter()
        producer = None
        try:
            async with asyncio.timeout(self._within):
                producer = await self._producer.current()
            batch = producer.create_batch()
            if self._fill(batch):
                await self._acknowledged(producer, batch)
                self._metrics.produce_seconds.observe(perf_counter() - began)
            self._credit()
        except REFUSALS as error:
            self._narrow(repr(error))
            if producer is not None:
                await self._producer.drop(producer)
        except (KafkaError, TimeoutError, OSError) as error:
            log.warning("ingest.batch.failed", partition=self._partition, error=repr(error))
            self._give_up()
            if producer is not None:
                await self._producer.drop(producer)

    def _fill(self, batch: BatchBuilder) -> bool:
        """Move what fits into the batch; whether that is anything."""
        left = self._most if self._doubtful else None
        while self._waiting:
            share = self._waiting[0]
            if not share.settled.done():
                if count := _append(batch, share, left):
                    self._sending.append((share, count))
                    left = None if left is None else left - count
                if share.sent < len(share.records):
                    break  # the batch is full
            self._waiting.popleft()
        return bool(self._sending)

    def _on_its_way(self) -> int:
        return sum(count for _, count in self._sending)

    def _narrow(self, why: str) -> None:
        """Of the batch that was refused try the first half, or blame the one record that it is."""
        count = self._on_its_way()
        log.error("ingest.batch.refused", partition=self._partition, records=count, error=why)
        if count == 1:
            share, _ = self._sending[0]
            share.refused[share.acknowledged] = why
            self._metrics.records_refused.inc()
            self._doubtful = 0
            self._credit()
            return
        self._most, self._doubtful = count // 2, max(count, self._doubtful)
        for share, sent in reversed(self._sending):
            share.sent -= sent
            if not self._waiting or self._waiting[0] is not share:
                self._waiting.appendleft(share)
        self._sending.clear()

    def _credit(self) -> None:
        self._doubtful = max(0, self._doubtful - self._on_its_way())
        for share, count in self._sending:
            share.acknowledged += count
            if share.complete:
                share.settle()
        self._sending.clear()

    async def _acknowledged(self, producer: AIOKafkaProducer, batch: BatchBuilder) -> None:
        """Send a batch and wait for its acknowledgement. Raises what the broker refused with, or TimeoutError."""
        batch.close()  # so that aiokafka does not linger for more
        async with asyncio.timeout(self._within):
            answer = await producer.send_batch(batch, self._topic, partition=self._partition)
        # Waited for, not awaited: a cancelled future would trip aiokafka's own bookkeeping.
        await asyncio.wait([answer], timeout=self._within)
        if not answer.done():
            answer.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise TimeoutError(f"no acknowledgement from partition {self._partition} within {self._within:g} s")
        answer.result()

    def _give_up(self) -> None:
        for share, _ in self._sending:
            share.settle()
        for share in self._waiting:
            share.settle()
        self._sending.clear()
        self._waiting.clear()


def _append(batch: BatchBuilder, share: Share, most: int | None) -> int:
    append, records, first = batch.append, share.records, share.sent
    last = None if most is None else first + most
    for key, value in records[first:last] if first or last is not None else records:
        if append(timestamp=None, key=key, value=value, headers=HEADERS) is None:
            break
        share.sent += 1
    return share.sent - first
