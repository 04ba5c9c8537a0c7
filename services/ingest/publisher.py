"""Accepted events onto topic `events`: each on its borrower's partition, safe once acknowledged."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache, partial

from services.ingest.lane import Lane, Share
from services.ingest.metrics import Metrics
from shared.kafka.partitions import partition_of
from shared.kafka.producer import CLOSE_SECONDS, Producer

PLACES_REMEMBERED = 200_000
"""Borrowers whose key and partition are kept: murmur2 in Python costs 3 us, remembering 0.1 us."""


class BusyError(Exception):
    """Kafka is slower than the senders: nothing of this request was taken, try again later."""


class Publisher:
    """Sends shares through one lane a partition, all on one idempotent producer with acks=all.

    At most `inflight_bytes` of requests wait at once, and a request for at most `within` seconds.
    """

    def __init__(self, producer: Producer, topic: str, *, inflight_bytes: int, within: float, metrics: Metrics) -> None:
        self._producer = producer
        self._topic = topic
        self._limit = inflight_bytes
        self._inflight = 0
        self._within = within
        self._metrics = metrics
        self._lanes: list[Lane] = []
        self.place: Callable[[str], tuple[int, bytes]] = _not_connected
        """A borrower's partition and key. Only after `connect`."""

    async def connect(self) -> None:
        """Learn how many partitions the topic has. Raises KafkaError, TimeoutError or OSError while Kafka is away."""
        if self._lanes:
            return
        async with asyncio.timeout(self._within):
            producer = await self._producer.current()
            count = len(await producer.partitions_for(self._topic))
        self.place = lru_cache(PLACES_REMEMBERED)(partial(_place, count))
        self._lanes = [
            Lane(self._producer, self._topic, each, within=self._within, metrics=self._metrics) for each in range(count)
        ]

    async def check(self) -> None:
        """Ask Kafka, now, for the topic's metadata. Raises where it does not answer or has no such topic."""
        await self.connect()
        await self._producer.check(self._topic)

    @property
    def partitions(self) -> range:
        """The topic's partitions; none before `connect`."""
        return range(len(self._lanes))

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Hold room for a request of `size` bytes. Raises BusyError at once where there is none."""
        if self._inflight and self._inflight + size > self._limit:
            raise BusyError(f"{self._inflight} bytes wait for Kafka already, at most {self._limit} may")
        self._inflight += size
        self._metrics.inflight_bytes.set(self._inflight)
        try:
            yield
        finally:
            self._inflight -= size
            self._metrics.inflight_bytes.set(self._inflight)

    async def publish(self, shares: Mapping[int, Share]) -> None:
        """Send each partition's share. Returns once each is acknowledged, has failed or is out of time: look at it."""
        for number, share in shares.items():
            self._lanes[number].put(share)
        try:
            async with asyncio.timeout(self._within):
                for share in shares.values():
                    await share.settled
        except TimeoutError:
            pass  # the shares say how far they came
        finally:
            for share in shares.values():
                share.settle()

    async def close(self) -> None:
        """Wait for what is on its way, for CLOSE_SECONDS at most, then disconnect."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*(each.idle() for each in self._lanes))
        await self._producer.stop()


def _not_connected(subject: str) -> tuple[int, bytes]:
    raise RuntimeError(f"expected connect() before place({subject!r})")


def _place(partitions: int, subject: str) -> tuple[int, bytes]:
    key = subject.encode()
    return partition_of(key, partitions), key
