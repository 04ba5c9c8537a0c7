"""Posts a change to Slack, and reads the verdict from the answer's body."""

import re
from datetime import datetime

from services.notifier.channels.channel import ChannelType
from services.notifier.channels.slack.message import body
from services.notifier.channels.slack.settings import SlackSettings
from services.notifier.core.message import Message
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict, shown
from services.notifier.outbound.answers import said, unless_taken, unreadable
from services.notifier.outbound.post import HttpAnswer, retry_after

GONE = frozenset({"no_service", "no_service_id", "no_team", "team_disabled", "channel_is_archived"})
"""Words that say that the webhook, its workspace or its channel is no more."""
LATER = frozenset({
    "rate_limited", "ratelimited", "rollup_error", "internal_error", "fatal_error", "service_unavailable",
    "request_timeout",
})  # fmt: skip
_WORD = re.compile(r"[a-z][a-z0-9_]{1,60}")


class Slack:
    """One incoming webhook."""

    def __init__(self, settings: SlackSettings) -> None:
        self._settings = settings
        self._poster = settings.poster()

    async def send(self, message: Message) -> Verdict:
        url, content = self._settings.url.get_secret_value(), body(message, self._settings.languages)
        answer = await self._poster.post(url, content, {"Content-Type": "application/json; charset=utf-8"})
        return answer if isinstance(answer, Retry) else verdict(answer, message.sent_at)

    def preview(self, message: Message) -> str:
        return body(message, self._settings.languages).decode()

    async def close(self) -> None:
        await self._poster.close()


def verdict(given: HttpAnswer, now: datetime) -> Verdict:
    """What Slack's answer means: a yes is the word `ok`, and any other word a no, whatever the status."""
    word = _word(given)
    if word in GONE:
        return Refused(f"Slack: {word}", given.answer, gone=True)
    if word in LATER:
        return Retry(f"Slack: {word}", retry_after(given.headers, now), given.answer)
    if (unsettled := unless_taken(given, now)) is not None:
        return unsettled
    if word == "ok":
        return Delivered(given.answer)
    return Refused(f"Slack: {word}", given.answer) if word else unreadable(given, "the word ok")


def _word(given: HttpAnswer) -> str | None:
    """The word that an answer consists of, as text or as an object that gives it as its error."""
    told = said(given)
    if told.get("ok") is True:
        return "ok"
    written = str(told.get("error", "")) if told else shown(given.body).strip()
    return written if _WORD.fullmatch(written) else None


CHANNEL = ChannelType(SlackSettings, Slack)
