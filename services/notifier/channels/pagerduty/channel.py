"""Posts changes to PagerDuty's Events API v2."""

from datetime import datetime

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.pagerduty.message import event
from services.notifier.channels.pagerduty.settings import PagerDutySettings
from services.notifier.channels.parts import Parts
from services.notifier.channels.robots import JSON
from services.notifier.channels.telling import alone
from services.notifier.core.message import Message, Purpose
from services.notifier.core.verdict import Delivered, Retry, Verdict
from services.notifier.outbound.answers import said, unless_taken, unreadable
from services.notifier.outbound.post import HttpAnswer


class PagerDuty:
    """One service. Of several changes each is an event, so that each alert is resolved when its warning is over."""

    def __init__(self, settings: PagerDutySettings) -> None:
        self._settings = settings
        self._poster = settings.poster()
        self._events = Parts()

    async def send(self, message: Message) -> Verdict:
        messages = {str(each.change.change_id): each for each in _events(message)}

        async def post(part: str) -> Verdict:
            content = event(messages[part], self._settings, self._settings.routing_key.get_secret_value())
            answer = await self._poster.post(self._settings.url, content, JSON)
            return answer if isinstance(answer, Retry) else verdict(answer, message.sent_at)

        if len(messages) == 1:
            return await post(next(iter(messages)))
        return await self._events.send(message.id, list(messages), post)

    def preview(self, message: Message) -> str:
        return "\n".join(event(each, self._settings, "…").decode() for each in _events(message))

    async def close(self) -> None:
        await self._poster.close()


def _events(message: Message) -> list[Message]:
    """A flood stays one event: it is summed up so that nobody is paged for each of it."""
    if message.purpose is Purpose.STORM or message.total > len(message.changes):
        return [message]
    return [alone(message, each) for each in message.changes]


def verdict(given: HttpAnswer, now: datetime) -> Verdict:
    """What PagerDuty's answer means: a yes is 202 and the status `success`."""
    if (unsettled := unless_taken(given, now)) is not None:
        return unsettled
    if given.status != 202 or said(given).get("status") != "success":
        return unreadable(given, "HTTP 202 and a JSON object whose status is success")
    return Delivered(given.answer)


CHANNEL = ChannelType(PagerDutySettings, PagerDuty)
