"""Asks Kafka where the logs end, beside the consumers: what they would say of it stands still when they do."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared.kafka.lag import Lag

log = structlog.get_logger(__name__)

EVERY_SECONDS = 5.0
ANSWER_SECONDS = 5.0


class LogEnds:
    """Background work for `shared.run.serve`: tells a Lag where its logs end, on a connection of its own.

    A Kafka that does not answer is asked again on a new connection; meanwhile the ends stay as they were last seen.
    """

    def __init__(self, connect: Callable[[], AIOKafkaConsumer], lag: Lag, *, every: float = EVERY_SECONDS) -> None:
        """`connect` makes a consumer of no group, with the isolation level of those it is measured for."""
        self._connect = connect
        self._lag = lag
        self._every = every
        self._open: AIOKafkaConsumer | None = None
        self._answered = True

    async def run(self, stop: asyncio.Event) -> None:
        """Ask every few seconds until `stop`."""
        try:
            while not stop.is_set():
                await self.ask()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._every)
        finally:
            await self._close()

    async def ask(self) -> None:
        """Ask once."""
        partitions = self._lag.measured()
        if not partitions:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                consumer = await self._connected()
                self._lag.end_at(await consumer.end_offsets(partitions))
        except (KafkaError, OSError, TimeoutError) as error:
            if self._answered:
                log.warning("kafka.ends.unknown", error=repr(error))
            self._answered = False
            await self._close()
        else:
            self._answered = True

    async def _connected(self) -> AIOKafkaConsumer:
        if self._open is None:
            self._open = self._connect()
            await self._open.start()
        return self._open

    async def _close(self) -> None:
        consumer, self._open = self._open, None
        if consumer is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await consumer.stop()
