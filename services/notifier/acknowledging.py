"""Hands acknowledgements to the warning service, whose they are: by topic `acknowledgements`, every replica's word."""

from shared.acknowledgements import AcknowledgementGiven, record
from shared.kafka.producer import Producer

ANSWER_SECONDS = 5.0
"""Whoever waits for it is a person with a page open, or a system that tries again."""


class Acknowledging:
    """Publishes each acknowledgement before it is confirmed."""

    def __init__(self, producer: Producer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def publish(self, given: AcknowledgementGiven) -> None:
        """Have it on every in-sync replica. Raises NotAcknowledgedError; it may be there all the same."""
        await self._producer.publish([record(self._topic, given)], within=ANSWER_SECONDS)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._producer.stop()
