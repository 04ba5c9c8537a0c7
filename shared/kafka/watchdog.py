"""Notices a consumer that stands still: aiokafka's has been seen to, without an error, after a broker's restart."""

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 30.0
ASK_SECONDS = 5.0


class StuckConsumerError(Exception):
    """The topic has records for this consumer, and it gets none: only a new process helps."""


class Watchdog:
    """Asks Kafka for the log's ends whenever the consumer has got nothing for a while.

    Two answers in a row that say it is behind, at the same place, are proof. No answer proves nothing.
    """

    def __init__(self, consumer: AIOKafkaConsumer, *, patience: float = PATIENCE_SECONDS) -> None:
        self._consumer = consumer
        self._patience = patience
        self._looked = asyncio.get_running_loop().time()
        self._behind: dict[TopicPartition, int] = {}

    async def look(self, *, progressed: bool) -> None:
        """Call after each poll. Raises StuckConsumerError."""
        now = asyncio.get_running_loop().time()
        if progressed:
            self._looked, self._behind = now, {}
        elif now - self._looked >= self._patience:
            self._looked = now
            behind = await self._where_behind()
            if stuck := {each: at for each, at in behind.items() if self._behind.get(each) == at}:
                places = ", ".join(f"{each.topic} {each.partition} at {at}" for each, at in stuck.items())
                raise StuckConsumerError(f"no record for {2 * self._patience:g} s although there are some: {places}")
            self._behind = behind

    async def _where_behind(self) -> dict[TopicPartition, int]:
        """The partitions with records beyond the consumer's position, and that position."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                assigned = self._consumer.assignment()
                ends = await self._consumer.end_offsets(assigned) if assigned else {}
                positions = {each: await self._consumer.position(each) for each in ends}
        except (KafkaError, TimeoutError) as error:
            log.info("kafka.watchdog.ends_unknown", error=repr(error))
            return {}
        return {each: at for each, at in positions.items() if at < ends[each]}
