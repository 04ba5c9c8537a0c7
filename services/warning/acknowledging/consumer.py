"""What topic `acknowledgements` holds is stored, or a dead letter, before its offset is committed."""

from collections import deque
from datetime import UTC

import structlog
from aiokafka import ConsumerRecord

from services.warning.acknowledging.reading import UnreadableError, read
from services.warning.acknowledging.recording import Recorder
from services.warning.metrics import Metrics
from services.warning.store.control import ERRORS, Acknowledged, IdInUseError, NoSuchWarningError
from shared.kafka.dead_letters import Origin, dead_letter
from shared.kafka.member import Attempt, Records, each_of
from shared.kafka.producer import NotAcknowledgedError, Outgoing, Producer

log = structlog.get_logger(__name__)

RECORDS_A_BATCH = 100  # a transaction each, 0.3 s in all: what is asked to stop finishes them


class Acknowledging:
    """What becomes of a fetch. After a crash or a rebalance some records come again, and their ids are known."""

    def __init__(self, recorder: Recorder, letters: Producer, dead_letters: str, *, metrics: Metrics) -> None:
        self._recorder = recorder
        self._letters = letters
        self._dead_letters = dead_letters
        self._metrics = metrics

    def take(self, records: Records) -> Attempt:
        """Settle one record after another; after a failure, from that one on."""
        left = deque(each_of(records))

        async def attempt() -> bool:
            while left and await self._settled(left[0]):
                left.popleft()
            return not left

        return attempt

    async def _settled(self, record: ConsumerRecord) -> bool:
        """Whether the record is stored, or a dead letter."""
        try:
            await self._settle(record)
        except ERRORS as error:
            log.warning("warning.acknowledging.database_away", error=f"{type(error).__name__}: {error}")
            return False
        except NotAcknowledgedError as error:
            log.warning("warning.acknowledging.dead_letter_not_acknowledged", error=str(error))
            return False
        return True

    async def _settle(self, record: ConsumerRecord) -> None:
        try:
            given = read(record.value, record.headers)
            at = given.at.astimezone(UTC)
            answer = Acknowledged(given.id, given.by, given.note, at, known=False, link_of=given.link_of)
            done = await self._recorder.record(given.warning_id, answer)
        except (UnreadableError, NoSuchWarningError, IdInUseError) as error:
            await self._give_up(record, error.reason, str(error))
        else:
            self._metrics.acknowledgements.labels("known" if done.known else "recorded").inc()

    async def _give_up(self, record: ConsumerRecord, reason: str, detail: str) -> None:
        whole = Outgoing(record.topic, record.key, record.value, list(record.headers))
        origin = Origin(record.topic, record.partition, record.offset)
        letter = dead_letter(self._dead_letters, whole, origin, service="warning", reason=reason, detail=detail)
        await self._letters.publish([letter])
        place = {"partition": record.partition, "offset": record.offset}
        log.warning("warning.acknowledging.dead_letter", reason=reason, detail=detail, **place)
        self._metrics.dead_letters.labels(reason).inc()
