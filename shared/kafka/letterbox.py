"""Dead letters onto their topic, each as large as the topic takes it."""

from collections.abc import Sequence

import structlog
from prometheus_client import Counter

from shared.kafka.fitting import SMALLEST_LETTER_BYTES, fitted
from shared.kafka.producer import NotAcknowledgedError, Outgoing, Producer, size_of
from shared.kafka.refusals import TOO_LARGE
from shared.kafka.topics import MAX_LETTER_BYTES

log = structlog.get_logger(__name__)


class LetterRoom:
    """What the dead-letter topic takes: what `migrate` makes it for, until it refuses a letter of less.

    An operator may have made it smaller, which not every client may ask: half of what was refused is tried next.
    """

    def __init__(self) -> None:
        self._limit = MAX_LETTER_BYTES

    def fit(self, letter: Outgoing) -> Outgoing:
        """The letter, cut where it must be."""
        return fitted(letter, self._limit)

    def learn(self, letter: Outgoing, why: BaseException | None) -> None:
        """Kafka refused this letter for good."""
        size = size_of(self.fit(letter))
        if isinstance(why, TOO_LARGE) and size > SMALLEST_LETTER_BYTES:
            self._limit = max(SMALLEST_LETTER_BYTES, size // 2)
        log.error("kafka.letters.refused", topic=letter.topic, bytes=size, next_limit=self._limit, error=repr(why))


class LetterBox:
    """A producer for dead letters. `refused` counts those that Kafka refused, which are smaller at the next attempt."""

    def __init__(self, producer: Producer, refused: Counter) -> None:
        self._producer = producer
        self._refused = refused
        self._room = LetterRoom()

    async def publish(self, letters: Sequence[Outgoing]) -> None:
        """Send all. Raises NotAcknowledgedError where some are to be sent again."""
        try:
            await self._producer.publish([self._room.fit(each) for each in letters])
        except NotAcknowledgedError as error:
            if error.refused is not None:
                self._refused.inc()
                self._room.learn(letters[error.refused], error.__cause__)
            raise

    async def stop(self) -> None:
        """Wait for what is on its way, then disconnect."""
        await self._producer.stop()
