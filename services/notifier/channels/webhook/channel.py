"""Sends a change to a webhook, and reads the answer's status."""

from datetime import datetime

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.webhook.message import body
from services.notifier.channels.webhook.settings import WebhookSettings
from services.notifier.channels.webhook.signature import signatures, signing_key
from services.notifier.core.message import Message
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from services.notifier.outbound.post import HttpAnswer, Poster, retry_after

GONE = 410
LATER = frozenset({408, 409, 425, 429})
"""Answers of the 4xx class that say nothing against the message: too slow, in conflict, too early, too many."""


class Webhook:
    """One receiver's endpoint."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._url = settings.url
        self._keys = [signing_key(each.get_secret_value()) for each in settings.secrets]
        self._poster = Poster(
            seconds=settings.timeout.total_seconds(),
            connections=settings.concurrency,
            allowed=settings.allow_networks,
            ca_file=settings.ca_file,
        )

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
        return answer if isinstance(answer, Retry) else verdict(answer, message.sent_at)

    def preview(self, message: Message) -> str:
        return body(message).decode()

    async def close(self) -> None:
        await self._poster.close()


def verdict(given: HttpAnswer, now: datetime) -> Verdict:
    """What a webhook's answer means."""
    status, answer = given.status, given.answer
    if 200 <= status < 300:
        return Delivered(answer)
    if status in LATER or status >= 500:
        return Retry(f"HTTP {status}", retry_after(given.headers, now), answer)
    if status == GONE:
        return Refused("HTTP 410: the receiver is gone", answer, gone=True)
    if 300 <= status < 400:
        return Refused(f"HTTP {status}: redirects are not followed, configure the final address", answer)
    return Refused(f"HTTP {status}", answer)


CHANNEL = ChannelType(WebhookSettings, Webhook)
