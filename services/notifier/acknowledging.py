"""Hands acknowledgements to the warning service, whose they are: by topic `acknowledgements`, every replica's word."""

import structlog
from prometheus_client import Counter

from shared.acknowledgements import AcknowledgementGiven, record
from shared.kafka.producer import NotAcknowledgedError, Producer

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 5.0
"""Whoever waits for it is a person with a page open, or a system that tries again."""


class Acknowledging:
    """Publishes each acknowledgement before it is confirmed."""

    def __init__(self, producer: Producer, topic: str, refused: Counter) -> None:
        self._producer = producer
        self._topic = topic
        self._refused = refused

    async def publish(self, given: AcknowledgementGiven) -> None:
        """Have it on every in-sync replica. Raises NotAcknowledgedError; it may be there all the same."""
        try:
            await self._producer.publish([record(self._topic, given)], within=ANSWER_SECONDS)
        except NotAcknowledgedError as error:
            self._tell(error)
            raise

    def _tell(self, error: NotAcknowledgedError) -> None:
        """Whoever gave it hears that it is not taken; that no later attempt will be, an operator must hear."""
        if error.refused is not None:
            self._refused.inc()
            log.error("notifier.acknowledging.refused", topic=self._topic, error=str(error))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._producer.stop()
