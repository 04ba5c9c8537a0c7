"""Posts a change to a Feishu robot, and reads the verdict from the answer's `code`."""

from datetime import timedelta

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.feishu.message import body
from services.notifier.channels.feishu.settings import FeishuSettings
from services.notifier.channels.feishu.signature import signature
from services.notifier.channels.robots import JSON, Codes, verdict
from services.notifier.core.message import Message
from services.notifier.core.verdict import Retry, Verdict

# Refused by not being named: 19021 a wrong signature or a clock an hour off, 19022 an address, 19024 a missing keyword,
# 9499 a malformed request.
CODES = Codes(
    "Feishu",
    "code",
    later={11232: timedelta(minutes=1)},  # more than 100 a minute or 5 a second, or Feishu itself is busy
    gone=frozenset({19001}),  # no such webhook
)


class Feishu:
    """One robot."""

    def __init__(self, settings: FeishuSettings) -> None:
        self._settings = settings
        self._poster = settings.poster()

    async def send(self, message: Message) -> Verdict:
        content = body(message, self._settings, self._signed(message))
        answer = await self._poster.post(self._settings.url.get_secret_value(), content, JSON)
        return answer if isinstance(answer, Retry) else verdict(answer, message.sent_at, CODES)

    def preview(self, message: Message) -> str:
        return body(message, self._settings, {}).decode()

    async def close(self) -> None:
        await self._poster.close()

    def _signed(self, message: Message) -> dict[str, str]:
        if self._settings.secret is None:
            return {}
        timestamp = int(message.sent_at.timestamp())
        return {
            "timestamp": str(timestamp),
            "sign": signature(self._settings.secret.get_secret_value(), timestamp),
        }


CHANNEL = ChannelType(FeishuSettings, Feishu)
