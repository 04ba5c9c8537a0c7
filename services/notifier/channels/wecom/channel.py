"""Posts a change to a WeCom robot, and reads the verdict from the answer's `errcode`."""

from datetime import timedelta

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.robots import JSON, Codes, verdict
from services.notifier.channels.wecom.message import body
from services.notifier.channels.wecom.settings import WeComSettings
from services.notifier.core.message import Message
from services.notifier.core.verdict import Retry, Verdict

CODES = Codes(
    "WeCom",
    "errcode",
    later={45009: timedelta(minutes=1), 45033: None, -1: None},  # over 20 a minute, too many at once, busy
    gone=frozenset({93000}),  # no such key
)


class WeCom:
    """One robot."""

    def __init__(self, settings: WeComSettings) -> None:
        self._settings = settings
        self._poster = settings.poster()

    async def send(self, message: Message) -> Verdict:
        url = self._settings.url.get_secret_value()
        answer = await self._poster.post(url, body(message, self._settings), JSON)
        return answer if isinstance(answer, Retry) else verdict(answer, message.sent_at, CODES)

    def preview(self, message: Message) -> str:
        return body(message, self._settings).decode()

    async def close(self) -> None:
        await self._poster.close()


CHANNEL = ChannelType(WeComSettings, WeCom)
