"""Sends text messages through a gateway, one request a number."""

from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from services.notifier.channels.borrowers import for_borrower
from services.notifier.channels.channel import ChannelType
from services.notifier.channels.parts import Parts
from services.notifier.channels.phones import NOBODY
from services.notifier.channels.sms.body import KINDS, encoded, filled
from services.notifier.channels.sms.rule import AnswerRule, value_at, written
from services.notifier.channels.sms.segments import within_segments
from services.notifier.channels.sms.settings import SmsSettings
from services.notifier.channels.telling import Telling, answer_for_it
from services.notifier.channels.wording import Wording
from services.notifier.core.message import Message
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict, redacted
from services.notifier.outbound.answers import unless_taken, unreadable
from services.notifier.outbound.post import HttpAnswer, retry_after

_wording = Wording(Path(__file__).parent)
_telling = Telling(_wording)


class Sms:
    """One gateway."""

    def __init__(self, settings: SmsSettings) -> None:
        self._settings = settings
        self._poster = settings.poster()
        self._numbers = Parts()
        self._headers = {
            **({} if settings.method == "GET" else {"Content-Type": KINDS[settings.kind]}),
            **{
                name: each.get_secret_value() if isinstance(each, SecretStr) else each
                for name, each in settings.headers.items()
            },
        }

    async def send(self, message: Message) -> Verdict:
        numbers, settings = self._settings.numbers(message), self._settings
        if not numbers:
            return Refused(NOBODY)

        async def post(name: str) -> Verdict:
            content, url = self._body(message, numbers[name]), settings.url
            if settings.method == "GET":
                url, content = f"{url}{'&' if '?' in url else '?'}{content.decode()}", b""
            answer = await self._poster.post(url, content, self._headers, method=settings.method)
            found = answer if isinstance(answer, Retry) else verdict(answer, message.sent_at, settings.answer)
            return redacted(found, numbers[name].removeprefix("+"))

        return await self._numbers.send(message.id, list(numbers), post)

    def preview(self, message: Message) -> str:
        numbers = self._settings.numbers(message)
        return "\n".join(self._body(message, each, shown=True).decode() for each in numbers.values()) or NOBODY

    async def close(self) -> None:
        await self._poster.close()

    def _body(self, message: Message, phone: str, *, shown: bool = False) -> bytes:
        settings = self._settings
        words = {"phone": phone, "text": text(message, settings), "id": str(message.id), **settings.words(shown=shown)}
        return encoded(filled(settings.body, words), settings.kind)


def text(message: Message, settings: SmsSettings) -> str:
    """What the telephone shows, within the segments that are paid for."""
    if settings.borrower is not None and message.recipient is not None:
        told = for_borrower(_wording, settings.borrower, message, message.recipient.language)
        return within_segments(told, settings.max_segments)
    link = message.acknowledge_url
    tail = f"\n{answer_for_it(settings.language)}: {link}" if link is not None else ""
    return within_segments(_telling.brief(message, settings.language), settings.max_segments, tail)


def verdict(given: HttpAnswer, now: datetime, rule: AnswerRule | None) -> Verdict:
    """What the answer means: first what its status says, and where that is a yes, what its body does."""
    word = value_at(rule.path, given.body) if rule is not None else None
    if rule is not None and word in [written(each) for each in rule.later]:
        return Retry(f"the gateway says {rule.path} {word}", retry_after(given.headers, now), given.answer)
    if (unsettled := unless_taken(given, now)) is not None:
        return unsettled
    if rule is None or word in [written(each) for each in rule.delivered]:
        return Delivered(given.answer)
    if word is None:
        return unreadable(given, f"a JSON value at {rule.path}")
    return Refused(f"the gateway says {rule.path} {word}", given.answer)


CHANNEL = ChannelType(SmsSettings, Sms)
