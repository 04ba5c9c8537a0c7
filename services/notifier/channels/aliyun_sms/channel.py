"""Sends text messages by SendSms, and reads the verdict from the answer's `Code`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlsplit
from uuid import uuid5

import msgspec

from services.notifier.channels.aliyun_sms.message import values
from services.notifier.channels.aliyun_sms.settings import AliyunSmsSettings
from services.notifier.channels.aliyun_sms.signature import query, signed
from services.notifier.channels.channel import ChannelType
from services.notifier.channels.parts import Parts
from services.notifier.channels.phones import NOBODY
from services.notifier.core.message import Message
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict, redacted
from services.notifier.outbound.answers import said, unless_taken, unreadable
from services.notifier.outbound.post import HttpAnswer, retry_after

ACTION, VERSION = "SendSms", "2017-05-25"
LIMIT = "isv.BUSINESS_LIMIT_CONTROL"
"""Too many to this number: the message names the span in Chinese. A notice may come 50 times a day."""
_SPANS = {"分钟": timedelta(minutes=1), "小时": timedelta(hours=1), "天": timedelta(hours=1)}
LATER: Mapping[str, timedelta | None] = MappingProxyType({
    LIMIT: timedelta(hours=1),
    "isv.DAY_LIMIT_CONTROL": timedelta(hours=1),
    "isv.MONTH_LIMIT_CONTROL": timedelta(hours=1),
    "isv.AMOUNT_NOT_ENOUGH": timedelta(minutes=30),  # until somebody pays
    "isv.OUT_OF_SERVICE": timedelta(minutes=30),
    "ServiceUnavailable": None,
    "InternalError": None,
    "SignatureNonceUsed": None,
})  # fmt: skip
"""Nothing against the message: how long to wait, None where our own schedule does. Their own trouble begins `isp.`,
too many requests `Throttling`; all else is a no for good."""


class AliyunSms:
    """One signature and template."""

    def __init__(self, settings: AliyunSmsSettings) -> None:
        self._settings = settings
        self._poster = settings.poster()
        self._numbers = Parts()

    async def send(self, message: Message) -> Verdict:
        numbers = self._settings.numbers(message)
        if not numbers:
            return Refused(NOBODY)

        async def post(name: str) -> Verdict:
            content = values(message, self._settings, numbers[name])
            url = f"{self._settings.url}?{query(content)}"
            answer = await self._poster.post(url, b"", self._headers(message, name, content))
            found = answer if isinstance(answer, Retry) else verdict(answer, message.sent_at)
            return redacted(found, numbers[name].removeprefix("+"))

        return await self._numbers.send(message.id, list(numbers), post)

    def preview(self, message: Message) -> str:
        numbers = self._settings.numbers(message)
        shown = [values(message, self._settings, each) for each in numbers.values()]
        return "\n".join(msgspec.json.encode(each).decode() for each in shown) or NOBODY

    async def close(self) -> None:
        await self._poster.close()

    def _headers(self, message: Message, name: str, content: Mapping[str, str]) -> dict[str, str]:
        parts = urlsplit(self._settings.url)
        return signed(
            ACTION,
            VERSION,
            content,
            host=parts.netloc,
            path=parts.path or "/",
            key_id=self._settings.access_key_id.get_secret_value(),
            secret=self._settings.access_key_secret.get_secret_value(),
            nonce=uuid5(message.id, f"{name} {message.attempt} {message.sent_at.isoformat()}").hex,
            at=message.sent_at,
        )


def verdict(given: HttpAnswer, now: datetime) -> Verdict:
    """What the answer means. Its code counts more than the status, which is 200 for most refusals."""
    told = said(given)
    code = told.get("Code")
    if not isinstance(code, str):
        return unless_taken(given, now) or unreadable(given, "a JSON object with a text called Code")
    if code == "OK":
        return unless_taken(given, now) or Delivered(given.answer)
    why = f"Alibaba Cloud: {code}"
    if code in LATER or code.startswith(("isp.", "Throttling")):
        return Retry(why, retry_after(given.headers, now) or _wait(code, str(told.get("Message", ""))), given.answer)
    return Refused(why, given.answer)


def _wait(code: str, words: str) -> timedelta | None:
    if code == LIMIT:
        return next((wait for span, wait in _SPANS.items() if span in words), LATER[LIMIT])
    return timedelta(minutes=1) if code.startswith("Throttling") else LATER.get(code)


CHANNEL = ChannelType(AliyunSmsSettings, AliyunSms)
