"""What topic `acknowledgements` holds is stored, or a dead letter, before its offset is committed."""

from collections import deque
from datetime import UTC
from uuid import UUID

import structlog
from aiokafka import ConsumerRecord

from services.warning.acknowledging.reading import read
from services.warning.acknowledging.recording import Recorder
from services.warning.metrics import Metrics
from services.warning.store.control import ERRORS, UNSTORABLE, Acknowledged, IdInUseError, NoSuchWarningError
from shared.kafka.dead_letters import of_record
from shared.kafka.letterbox import LetterBox
from shared.kafka.member import Attempt, Records, each_of
from shared.kafka.producer import NotAcknowledgedError
from shared.kafka.reading import UnreadableError, judged

log = structlog.get_logger(__name__)

RECORDS_A_BATCH = 100  # a transaction each, 0.3 s in all: what is asked to stop finishes them


class Acknowledging:
    """What becomes of a fetch. After a crash or a rebalance some records come again, and their ids are known."""

    def __init__(self, recorder: Recorder, letters: LetterBox, dead_letters: str, *, metrics: Metrics) -> None:
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
            warning_id, answer = judged(record, _read)
            done = await self._recorder.record(warning_id, answer)
        except (UnreadableError, NoSuchWarningError, IdInUseError) as error:
            await self._give_up(record, error.reason, str(error))
        except Exception as error:
            if isinstance(error, ERRORS) and not isinstance(error, UNSTORABLE):
                raise
            log.exception("warning.acknowledging.unstorable")
            await self._give_up(record, "unstorable", f"{type(error).__name__}: {error}")
        else:
            self._metrics.acknowledgements.labels("known" if done.known else "recorded").inc()

    async def _give_up(self, record: ConsumerRecord, reason: str, detail: str) -> None:
        letter = of_record(self._dead_letters, record, service="warning", reason=reason, detail=detail)
        await self._letters.publish([letter])
        place = {"partition": record.partition, "offset": record.offset}
        log.warning("warning.acknowledging.dead_letter", reason=reason, detail=detail, **place)
        self._metrics.dead_letters.labels(reason).inc()


def _read(record: ConsumerRecord) -> tuple[UUID, Acknowledged]:
    """Of which warning, and what to store."""
    given = read(record.value, record.headers)
    at = given.at.astimezone(UTC)
    return given.warning_id, Acknowledged(given.id, given.by, given.note, at, known=False, link_of=given.link_of)
