"""Publishes what was recorded, in order, from one replica at a time."""

import asyncio
from contextlib import suppress

import structlog

from services.warning.metrics import Metrics
from services.warning.store import control
from services.warning.store.steady import DATABASE_ERRORS, SteadyConnection
from services.warning.worker.letters import refused_letter
from shared.kafka.letterbox import LetterBox
from shared.kafka.producer import NotAcknowledgedError, Outgoing, Producer
from shared.kafka.refusals import REFUSED_BY_BROKER

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
RECORDS_A_TURN = 500


class ControlOutbox:
    """The replica that holds the lock publishes everybody's records; the others wait for it to go away.

    A record may be sent again after a failure: its id is the same, and readers drop what they have seen.
    """

    def __init__(
        self,
        connection: SteadyConnection,
        producer: Producer,
        letters: LetterBox,
        dead_letters: str,
        metrics: Metrics,
    ) -> None:
        self._connection = connection
        self._producer = producer
        self._letters = letters
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._written = asyncio.Event()

    def written(self) -> None:
        """Something new waits: no need to wait for the next poll."""
        self._written.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`."""
        while not stop.is_set():
            try:
                await self.publish()
            except (*DATABASE_ERRORS, NotAcknowledgedError) as error:
                log.warning("warning.control.not_published", error=f"{type(error).__name__}: {error}")
                await self._connection.renew()
            await self._pause(stop)
        await self.close()

    async def close(self) -> None:
        """Let another replica publish."""
        await self._connection.close()

    async def publish(self) -> int:
        """Publish what waits, if this replica is the one to do so; how many records that were."""
        connection = await self._connection.current()
        if not await control.hold_control(connection):
            return 0
        waiting = await control.waiting_records(connection, RECORDS_A_TURN)
        if waiting:
            try:
                await self._producer.publish([each.record for each in waiting])
            except NotAcknowledgedError as error:
                if error.refused is not None:
                    await self._give_up(waiting[error.refused].record, error.__cause__)
                    error.acknowledged[error.refused] = True
                there = [each.number for each, done in zip(waiting, error.acknowledged, strict=True) if done]
                await control.published(connection, there)
                raise
            await control.published(connection, [each.number for each in waiting])
        return len(waiting)

    async def _give_up(self, record: Outgoing, why: BaseException | None) -> None:
        """Have a record that Kafka refuses for good among the dead letters. Raises NotAcknowledgedError."""
        self._metrics.records_refused.inc()
        log.error("warning.control.refused", topic=record.topic, error=repr(why))
        await self._letters.publish([refused_letter(self._dead_letters, record, why)])
        self._metrics.dead_letters.labels(REFUSED_BY_BROKER).inc()

    async def _pause(self, stop: asyncio.Event) -> None:
        self._written.clear()
        waits = [asyncio.ensure_future(each.wait()) for each in (stop, self._written)]
        with suppress(TimeoutError):
            await asyncio.wait(waits, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
