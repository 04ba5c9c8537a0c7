"""A fetch of records becomes deliveries in one transaction; after an error, one record at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from aiokafka import ConsumerRecord

from services.notifier.configuration import Configuration
from services.notifier.consuming.reading import Incoming, read
from services.notifier.consuming.telling import NOTHING_TOLD, Telling, Told
from services.notifier.metrics import Metrics
from services.notifier.store.connection import PASSING, Connection
from services.notifier.store.taking import Taken, see
from shared.clock import Clock
from shared.kafka.dead_letters import of_record
from shared.kafka.producer import Outgoing
from shared.kafka.reading import UnreadableError, judged

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
        self._telling = Telling(configuration)
        self._connection = connection
        self._dead_letters = dead_letters
        self._clock = clock
        self._metrics = metrics

    def use(self, configuration: Configuration) -> None:
        """Go on with this configuration, from the next fetch on."""
        self._telling = Telling(configuration)

    async def take(self, records: Iterable[ConsumerRecord]) -> Result:
        """Store what the records say, or raise one of `PASSING` and have it done again.

        Unreadable records are letters; they and what they stand for are not stored.
        """
        result = Result(set(), [])
        incoming: list[tuple[ConsumerRecord, Incoming]] = []
        for record in records:
            try:
                incoming.append((record, judged(record, _read)))
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
        except Exception as error:
            if len(incoming) == 1:
                log.exception("notifier.intake.unstorable")
                result.letters.append(self._letter(incoming[0][0], "unstorable", repr(error)))
                return
            log.warning("notifier.intake.record_by_record", error=repr(error), records=len(incoming))
            for each in incoming:
                await self._store([each], result)

    async def _commit(self, incoming: Sequence[Incoming], result: Result) -> None:
        telling = self._telling
        batch = [
            Taken(each.change, each.data, each.accepted_at, routed=telling.is_for_anybody(each.change))
            for each in incoming
        ]
        now = self._clock.now()
        async with self._connection.transaction() as connection:
            fresh = await see(connection, batch, now)
            told = await telling.tell(connection, fresh, now) if fresh else NOTHING_TOLD
        result.receivers.update(order.receiver for each in told.taken for order in each.orders)
        self._count(len(batch), told)

    def _count(self, records: int, told: Told) -> None:
        routed = sum(bool(each.orders) for each in told.taken)
        self._metrics.changes.labels("routed").inc(routed)
        self._metrics.changes.labels("unrouted").inc(len(told.taken) - routed)
        self._metrics.changes.labels("duplicate").inc(records - len(told.taken))
        for notice in told.notices:
            self._metrics.notices.labels("held" if notice.key else "suppressed", notice.reason).inc()
        for outcome, number in told.escalations.items():
            self._metrics.escalations.labels(outcome).inc(number)

    def _letter(self, record: ConsumerRecord, reason: str, detail: str) -> Outgoing:
        log.warning(
            "notifier.intake.dead_letter",
            reason=reason,
            detail=detail,
            partition=record.partition,
            offset=record.offset,
        )
        self._metrics.dead_letters.labels(reason).inc()
        return of_record(self._dead_letters, record, service="notifier", reason=reason, detail=detail)


def _read(record: ConsumerRecord) -> Incoming:
    return read(record.value, record.headers)
