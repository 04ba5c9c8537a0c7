"""Consumes topic `warnings`: a record is stored, or a dead letter, before its offset is committed."""

import asyncio
from collections.abc import Callable, Iterable

import structlog
from aiokafka import AIOKafkaConsumer

from services.notifier.consuming.intake import Intake
from services.notifier.store.connection import PASSING
from shared.kafka.lag import Lag
from shared.kafka.letterbox import LetterBox
from shared.kafka.member import Attempt, Member, Records, each_of
from shared.kafka.producer import NotAcknowledgedError, Outgoing

log = structlog.get_logger(__name__)

RECORDS_A_BATCH = 500


class Consumer:
    """Background work for `shared.run.serve`. Whatever it raises takes the process down.

    After a crash or a rebalance some records come again; their ids are known. `arrived` hears for whom there is work.
    """

    def __init__(
        self,
        connect: Callable[[], AIOKafkaConsumer],
        topic: str,
        intake: Intake,
        letters: LetterBox,
        *,
        lag: Lag,
        arrived: Callable[[Iterable[str]], None],
    ) -> None:
        self._intake = intake
        self._letters = letters
        self._arrived = arrived
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
        """Store a fetch, then publish its dead letters; at each attempt, what is still to be done."""
        letters: list[Outgoing] | None = None

        async def attempt() -> bool:
            nonlocal letters
            try:
                if letters is None:
                    letters = await self._stored(records)
            except PASSING as error:
                log.warning("notifier.consumer.database_away", error=repr(error))
                return False
            letters = await self._published(letters)
            return not letters

        return attempt

    async def _stored(self, records: Records) -> list[Outgoing]:
        result = await self._intake.take(each_of(records))
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
