"""Posts a change to every replica of an Alertmanager."""

import base64
from datetime import datetime
from urllib.parse import urlsplit

from services.notifier.channels.alertmanager.message import body
from services.notifier.channels.alertmanager.settings import AlertmanagerSettings
from services.notifier.channels.channel import ChannelType
from services.notifier.channels.parts import Parts
from services.notifier.core.message import Message
from services.notifier.core.verdict import Delivered, Retry, Verdict
from services.notifier.outbound.answers import unless_taken, unreadable
from services.notifier.outbound.post import HttpAnswer

PATH = "/api/v2/alerts"


class Alertmanager:
    """The replicas of one Alertmanager. They tell each other what they have sent, never which alerts there are."""

    def __init__(self, settings: AlertmanagerSettings) -> None:
        self._settings = settings
        self._urls = {urlsplit(url).netloc + urlsplit(url).path: url.rstrip("/") + PATH for url in settings.urls}
        self._headers = {"Content-Type": "application/json", **_authorization(settings)}
        self._poster = settings.poster()
        self._replicas = Parts()

    async def send(self, message: Message) -> Verdict:
        content = body(message, self._settings)

        async def post(replica: str) -> Verdict:
            answer = await self._poster.post(self._urls[replica], content, self._headers)
            return answer if isinstance(answer, Retry) else verdict(answer, message.sent_at)

        return await self._replicas.send(message.id, list(self._urls), post)

    def preview(self, message: Message) -> str:
        return body(message, self._settings).decode()

    async def close(self) -> None:
        await self._poster.close()


def verdict(given: HttpAnswer, now: datetime) -> Verdict:
    """What one replica's answer means: it says yes with an empty body."""
    if (unsettled := unless_taken(given, now)) is not None:
        return unsettled
    if given.status != 200 or given.body.strip():
        return unreadable(given, "HTTP 200 and an empty body, as Alertmanager answers")
    return Delivered(given.answer)


def _authorization(settings: AlertmanagerSettings) -> dict[str, str]:
    if settings.token is not None:
        return {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
    if settings.username is not None and settings.password is not None:
        pair = f"{settings.username}:{settings.password.get_secret_value()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}


CHANNEL = ChannelType(AlertmanagerSettings, Alertmanager)
