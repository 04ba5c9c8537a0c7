"""Publishes changes to a topic, and waits until every in-sync replica has them."""

from aiokafka.errors import InvalidTopicError

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.kafka.message import records, shown
from services.notifier.channels.kafka.settings import KafkaReceiverSettings
from services.notifier.core.message import Message
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from shared.kafka.producer import NotAcknowledgedError, Producer
from shared.kafka.refusals import REFUSALS
from shared.settings import SettingError

NEVER = (*REFUSALS, InvalidTopicError)
"""What no later attempt mends. A right that is missing or a topic that is not there yet, an operator can."""


class Kafka:
    """One topic. What is acknowledged is there; what is not may be there too, and comes again under the same id.

    Raises ValueError where the CA's file cannot be used.
    """

    def __init__(self, settings: KafkaReceiverSettings) -> None:
        self._topic = settings.topic
        self._seconds = settings.timeout.total_seconds()
        try:
            self._producer = Producer(settings.cluster(), client_id="bellwether-notifier")
        except SettingError as error:
            raise ValueError(f"ca_file: {error.expected}") from None

    async def send(self, message: Message) -> Verdict:
        try:
            await self._producer.publish(records(message, self._topic), within=self._seconds)
        except NotAcknowledgedError as error:
            cause = error.__cause__
            if isinstance(cause, TimeoutError):
                return Retry(f"no acknowledgement within {self._seconds:g} s: is there a topic {self._topic}?")
            return (Refused if isinstance(cause, NEVER) else Retry)(f"not acknowledged: {cause!r}")
        return Delivered()

    def preview(self, message: Message) -> str:
        return shown(message, self._topic)

    async def close(self) -> None:
        await self._producer.stop()


CHANNEL = ChannelType(KafkaReceiverSettings, Kafka)
