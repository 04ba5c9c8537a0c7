"""A fetch of records becomes deliveries in one transaction; after an error, one record at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
import structlog
from aiokafka import ConsumerRecord

from services.notifier.channels.settings import ReceiverSettings
from services.notifier.configuration import Configuration
from services.notifier.consuming.reading import Incoming, UnreadableError, read
from services.notifier.core.routing import receivers_of
from services.notifier.metrics import Metrics
from services.notifier.store.connection import PASSING, Connection
from services.notifier.store.taking import Order, Taken, take
from shared.clock import Clock
from shared.kafka.dead_letters import Origin, dead_letter
from shared.kafka.producer import Outgoing

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a fetch: whom there is something for now, and what could not be taken."""

    receivers: set[str]
    letters: list[Outgoing]


class Intake:
    """Takes fetches. The same record again changes nothing."""

    def __init__(
        self,
        configuration: Configuration,
        connection: Connection,
        dead_letters: str,
        *,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._routes = configuration.routes
        self._receivers: Mapping[str, ReceiverSettings] = configuration.receivers
        self._connection = connection
        self._dead_letters = dead_letters
        self._clock = clock
        self._metrics = metrics

    def use(self, configuration: Configuration) -> None:
        """Go on with this configuration, from the next fetch on."""
        self._routes = configuration.routes
        self._receivers = configuration.receivers

    async def take(self, records: Iterable[ConsumerRecord]) -> Result:
        """Store what the records say, or raise one of `PASSING` and have it done again.

        Unreadable records are letters; they and what they stand for are not stored.
        """
        result = Result(set(), [])
        incoming: list[tuple[ConsumerRecord, Incoming]] = []
        for record in records:
            try:
                incoming.append((record, read(record.value, record.headers)))
            except UnreadableError as error:
                result.letters.append(self._letter(record, error.reason, str(error)))
        if incoming:
            await self._store(incoming, result)
        return result

    async def _store(self, incoming: Sequence[tuple[ConsumerRecord, Incoming]], result: Result) -> None:
        try:
            await self._commit([each for _, each in incoming], result)
        except PASSING:
            raise
        except (asyncpg.PostgresError, ValueError) as error:
            if len(incoming) == 1:
                result.letters.append(self._letter(incoming[0][0], "unstorable", repr(error)))
                return
            log.warning("notifier.intake.record_by_record", error=repr(error), records=len(incoming))
            for each in incoming:
                await self._store([each], result)

    async def _commit(self, incoming: Sequence[Incoming], result: Result) -> None:
        batch = [self._routed(each) for each in incoming]
        async with self._connection.transaction() as connection:
            taken = await take(connection, batch, self._clock.now())
        result.receivers.update(order.receiver for each in taken for order in each.orders)
        routed = sum(bool(each.orders) for each in taken)
        self._metrics.changes.labels("routed").inc(routed)
        self._metrics.changes.labels("unrouted").inc(len(taken) - routed)
        self._metrics.changes.labels("duplicate").inc(len(batch) - len(taken))

    def _routed(self, incoming: Incoming) -> Taken:
        now, level = self._clock.now(), incoming.change.level
        orders = [
            Order(name, self._receivers[name].channel, now + self._receivers[name].schedule(level).deadline)
            for name in receivers_of(self._routes, incoming.change)
        ]
        return Taken(incoming.change, incoming.data, incoming.accepted_at, orders)

    def _letter(self, record: ConsumerRecord, reason: str, detail: str) -> Outgoing:
        log.warning(
            "notifier.intake.dead_letter",
            reason=reason,
            detail=detail,
            partition=record.partition,
            offset=record.offset,
        )
        self._metrics.dead_letters.labels(reason).inc()
        whole = Outgoing(record.topic, record.key, record.value, list(record.headers))
        origin = Origin(record.topic, record.partition, record.offset)
        return dead_letter(self._dead_letters, whole, origin, service="notifier", reason=reason, detail=detail)
