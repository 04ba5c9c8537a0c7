"""Business time from the machine's clock: clock records behind whatever is in the log already."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
import structlog

from services.warning.core.calendar import micros
from services.warning.store import states
from services.warning.store.steady import SteadyConnection
from services.warning.worker.letters import SOURCE
from services.warning.worker.partition import Partition
from shared.clock import Clock
from shared.events import CONTENT_TYPE, CONTROL_SUBJECT, utc_text
from shared.kafka.producer import NotAcknowledgedError, Outgoing, Producer

log = structlog.get_logger(__name__)

EVERY_SECONDS = 1.0
HEADERS = (("content-type", CONTENT_TYPE.encode()),)
_encode = msgspec.json.Encoder(order="sorted").encode


class WallClock:
    """Appends clock.advanced to each owned partition in which a due time has come, at most once a second.

    It tells the wall clock less `settle`, so that what was booked just before a due time is in the log first. A record
    stands behind any backlog: an outage never turns payments that wait in the topic into missed ones.
    """

    def __init__(
        self,
        clock: Clock,
        owned: Mapping[int, Partition],
        reader: SteadyConnection,
        producer: Producer,
        topic: str,
        *,
        settle: timedelta,
    ) -> None:
        self._clock = clock
        self._owned = owned
        self._reader = reader
        self._producer = producer
        self._topic = topic
        self._settle = settle
        self._told: dict[int, tuple[int, int]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look once a second until `stop`."""
        while not stop.is_set():
            await self.advance()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)

    async def advance(self) -> None:
        """Look once."""
        through = self._clock.now() - self._settle
        partitions = {each.number: each.epoch for each in self._owned.values() if not self._under_way(each)}
        if not partitions:
            return
        due = await self._reader.read(lambda connection: states.next_due(connection, list(partitions)))
        come = [number for number, at in due.items() if at <= micros(through)]
        if not come:
            return
        try:
            await self._producer.publish([self._record(number, through) for number in come])
        except NotAcknowledgedError as error:
            log.warning("warning.clock.not_acknowledged", error=str(error))
            return
        self._told.update({number: (partitions[number], micros(through)) for number in come})

    def _under_way(self, partition: Partition) -> bool:
        """A clock record of this owner is in the log, and the partition has not come to it yet."""
        epoch, told = self._told.get(partition.number, (0, 0))
        return epoch == partition.epoch and partition.clock < told

    def _record(self, number: int, through: datetime) -> Outgoing:
        text = utc_text(through)
        document = {
            "data": {"through": text},
            "id": f"clock-{number}-{micros(through)}",
            "source": SOURCE,
            "specversion": "1.0",
            "subject": CONTROL_SUBJECT,
            "time": text,
            "type": "clock.advanced",
        }
        return Outgoing(self._topic, CONTROL_SUBJECT.encode(), _encode(document), HEADERS, partition=number)
