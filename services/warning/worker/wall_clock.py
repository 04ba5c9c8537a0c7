"""Business time from the machine's clock: clock records behind whatever is in the log already."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import msgspec
import structlog

from services.warning.core.calendar import micros
from services.warning.core.changes import as_datetime
from services.warning.store import states
from services.warning.store.steady import SteadyConnection
from services.warning.worker.letters import SOURCE
from services.warning.worker.partition import Partition
from services.warning.worker.two_clocks import TwoClocks
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

    What is told cannot be taken back, so the time is what two clocks agree on, and one record goes at most `step`
    beyond the due time that has come: after an outage time comes back a step a second, each of them agreed on.
    """

    def __init__(
        self,
        clocks: TwoClocks,
        owned: Mapping[int, Partition],
        reader: SteadyConnection,
        producer: Producer,
        topic: str,
        *,
        settle: timedelta,
        step: timedelta,
    ) -> None:
        self._clocks = clocks
        self._owned = owned
        self._reader = reader
        self._producer = producer
        self._topic = topic
        self._settle = settle
        self._step = step // timedelta(microseconds=1)
        self._told: dict[int, tuple[int, int]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look once a second until `stop`."""
        while not stop.is_set():
            await self.advance()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)

    async def advance(self) -> None:
        """Look once."""
        now = await self._clocks.now()
        if now is None:
            return
        latest = micros(now - self._settle)
        waiting = [each for each in self._owned.values() if each.clock < latest and not self._under_way(each, latest)]
        if not waiting:
            return
        clocks = {each.number: each.clock for each in waiting}
        epochs = {each.number: each.epoch for each in waiting}
        due = await self._reader.read(lambda connection: states.next_due(connection, list(clocks)))
        come = {number: max(at, clocks[number]) for number, at in due.items() if at <= latest}
        if come:
            await self._tell({number: min(latest, at + self._step) for number, at in come.items()}, epochs)

    async def _tell(self, through: Mapping[int, int], epochs: Mapping[int, int]) -> None:
        """Append a record to each partition; what is not acknowledged is told anew at the next look."""
        try:
            await self._producer.publish([self._record(number, moment) for number, moment in through.items()])
        except NotAcknowledgedError as error:
            log.warning("warning.clock.not_acknowledged", error=str(error))
            return
        self._told.update({number: (epochs[number], moment) for number, moment in through.items()})

    def _under_way(self, partition: Partition, latest: int) -> bool:
        """A clock record of this owner is in the log, and the partition has not come to it yet.

        One that is ahead of the time by now was told by a clock that was wrong, and is refused as such in the log.
        """
        epoch, told = self._told.get(partition.number, (0, 0))
        return epoch == partition.epoch and partition.clock < told <= latest

    def _record(self, number: int, through: int) -> Outgoing:
        text = utc_text(as_datetime(through))
        document = {
            "data": {"through": text},
            "id": f"clock-{number}-{through}",
            "source": SOURCE,
            "specversion": "1.0",
            "subject": CONTROL_SUBJECT,
            "time": text,
            "type": "clock.advanced",
        }
        return Outgoing(self._topic, CONTROL_SUBJECT.encode(), _encode(document), HEADERS, partition=number)
