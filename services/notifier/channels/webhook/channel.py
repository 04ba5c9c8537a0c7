"""Sends a change to a webhook, and reads the answer's status."""

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.webhook.message import body
from services.notifier.channels.webhook.settings import WebhookSettings
from services.notifier.channels.webhook.signature import signatures, signing_key
from services.notifier.core.message import Message
from services.notifier.core.verdict import Delivered, Retry, Verdict
from services.notifier.outbound.answers import unless_taken


class Webhook:
    """One receiver's endpoint."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._url = settings.url
        self._keys = [signing_key(each.get_secret_value()) for each in settings.secrets]
        self._poster = settings.poster()

    async def send(self, message: Message) -> Verdict:
        content = body(message)
        timestamp = int(message.sent_at.timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(message.id),
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signatures(self._keys, str(message.id), timestamp, content),
        }
        answer = await self._poster.post(self._url, content, headers)
        if isinstance(answer, Retry):
            return answer
        return unless_taken(answer, message.sent_at) or Delivered(answer.answer)

    def preview(self, message: Message) -> str:
        return body(message).decode()

    async def close(self) -> None:
        await self._poster.close()


CHANNEL = ChannelType(WebhookSettings, Webhook)
