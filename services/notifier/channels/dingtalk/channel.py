"""Posts a change to a DingTalk robot, and reads the verdict from the answer's `errcode`."""

from datetime import timedelta

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.dingtalk.message import body
from services.notifier.channels.dingtalk.settings import DingTalkSettings
from services.notifier.channels.dingtalk.signature import signed
from services.notifier.channels.robots import JSON, Codes, verdict
from services.notifier.core.message import Message
from services.notifier.core.verdict import Retry, Verdict

_MUTED = timedelta(minutes=10)
"""Past 20 messages in a minute a robot is not heard for this long; what is sent meanwhile is lost."""
# Refused by not being named: 310000, a missing keyword, a wrong signature or an address.
CODES = Codes(
    "DingTalk",
    "errcode",
    later={130101: _MUTED, 410100: _MUTED, -1: None},  # -1: busy
    gone=frozenset({300001, 400013, 400101, 400102, 400106}),  # no such token, group or robot, or it is switched off
)


class DingTalk:
    """One robot."""

    def __init__(self, settings: DingTalkSettings) -> None:
        self._settings = settings
        self._poster = settings.poster()

    async def send(self, message: Message) -> Verdict:
        answer = await self._poster.post(self._url(message), body(message, self._settings), JSON)
        return answer if isinstance(answer, Retry) else verdict(answer, message.sent_at, CODES)

    def preview(self, message: Message) -> str:
        return body(message, self._settings).decode()

    async def close(self) -> None:
        await self._poster.close()

    def _url(self, message: Message) -> str:
        url = self._settings.url.get_secret_value()
        if self._settings.secret is None:
            return url
        return signed(url, self._settings.secret.get_secret_value(), int(message.sent_at.timestamp() * 1000))


CHANNEL = ChannelType(DingTalkSettings, DingTalk)
