"""Consumes topic events.inbound: a record is an event or a dead letter for good before its offset is committed."""

import asyncio
from collections.abc import Callable

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from services.ingest.admission import Admission, Sender
from services.ingest.inbound.batch import Batch, sort
from services.ingest.metrics import Metrics
from services.ingest.publisher import Publisher
from shared.kafka.lag import Lag
from shared.kafka.letterbox import LetterBox
from shared.kafka.member import Attempt, Member, Records
from shared.kafka.producer import NotAcknowledgedError

log = structlog.get_logger(__name__)

# A core banking system speaks for all its borrowers, but only a sender with a key of its own may move the clock.
SENDER = Sender(source=None, may_move_clock=False)
RECORDS_A_BATCH = 1_000  # admitted in one go, about 20 ms: heartbeats and HTTP wait no longer


class Inbound:
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
        letters: LetterBox,
        dead_letters: str,
        *,
        metrics: Metrics,
        lag: Lag,
    ) -> None:
        self._admission = admission
        self._publisher = publisher
        self._letters = letters
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._member = Member(connect, topic, self._take, most=RECORDS_A_BATCH, lag=lag)

    async def check(self) -> None:
        """For readiness. Raises until the group has let it in."""
        await self._member.check()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`, then finish the batch in hand."""
        try:
            await self._member.run(stop)
        finally:
            await self._letters.stop()

    def _take(self, records: Records) -> Attempt:
        """Publish a fetch's events and dead letters; at each attempt, what is not acknowledged yet."""
        batch: Batch | None = None

        async def attempt() -> bool:
            nonlocal batch
            batch = batch or await self._sorted(records)
            if batch is None or not await self._published(batch):
                return False
            self._count(batch)
            return True

        return attempt

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
        batch.give_up(self._dead_letters)
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

    def _count(self, batch: Batch) -> None:
        for event_type, count in batch.types.items():
            self._metrics.accepted.labels(event_type).inc(count)
        if accepted := batch.types.total():
            self._metrics.inbound.labels("accepted").inc(accepted)
        for reason, count in batch.reasons.items():
            self._metrics.inbound.labels(reason).inc(count)
